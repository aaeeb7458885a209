"""Finished outputs: a record beside them of the input and the settings that each was made from.

The record is one hidden file per folder. It decides whether a file that is there already is the one
that a job would make: a name and a time alone do not say that.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.pipelines.resume.manifest import identify_input
from dscvsr_cli.pipelines.resume.work_folder import file_identity
from dscvsr_cli.pipelines.upscale.fingerprint import describe_job
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.record_file import Record, change_record, read_record
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.locate import locate_weights

RECORD_NAME = ".dscvsr.json"

_ANY_MACHINE = frozenset({"weights", "device", "dtype", "runtime"})
"""Fields of a job that leave the output what it is: a video that was finished on another device is
finished. The weights count by their digest."""

_CHANGES_WITH_COPYING = "the input's time of change"


def remember_finished(job: UpscaleJob, target: Path) -> None:
    """Note what a finished output was made from; a folder that refuses the note stays without.

    Args:
        job: As the person asked for it.
        target: The finished file.
    """
    path = target.with_name(RECORD_NAME)
    with contextlib.suppress(OSError):
        entry = {"output": file_identity(target), "made_from": _made_from(job)}
        change_record(path, lambda record: _with_entry(record, target, entry))


def _with_entry(record: Record, target: Path, entry: object) -> Record:
    others = {
        name: value
        for name, value in record.items()
        if name != target.name and target.with_name(name).exists()
    }
    return {**others, target.name: entry}


def differences_to_finished(job: UpscaleJob, target: Path) -> list[str] | None:
    """Return in words how the job differs from the one that made ``target``, or an empty list.

    None means that nothing is known about the file: it has changed, or is not one of ours.

    Raises:
        WeightsError: The weights of the job cannot be found.
    """
    entry = read_record(target.with_name(RECORD_NAME)).get(target.name)
    try:
        if not isinstance(entry, dict) or entry.get("output") != file_identity(target):
            return None
        now = _made_from(job)
    except OSError:
        return None
    before = entry.get("made_from")
    return None if not isinstance(before, dict) else list(_differences(before, now))


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield f"{name} was {before.get(name)} and is {now.get(name)}"


def _made_from(job: UpscaleJob) -> dict[str, str]:
    described = identify_input(job.source, start_number=job.reading.start_number)
    described.pop(_CHANGES_WITH_COPYING, None)
    kind = device_kind(choose_device(job.device).type)
    described["the weights"] = file_sha256(locate_weights(job.weights, kind=kind).path)
    return described | describe_job(job, leave_out=_ANY_MACHINE)
