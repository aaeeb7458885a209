"""Finished outputs: a record beside them of the input and the settings that each was made from.

The record is one hidden file per folder. It decides whether what is there already is what a job
would make: a name and a time alone do not say that. Files and folders of pictures are recorded
alike; that a run cannot be resumed does not keep it from being finished.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.json_record import Record, read_record
from dscvsr_cli.own_outputs import RECORD_NAME, RecordedPart, file_identity, path_of_source
from dscvsr_cli.pipelines.resume.manifest import identify_input
from dscvsr_cli.pipelines.resume.setting_words import describe_difference
from dscvsr_cli.pipelines.upscale.fingerprint import describe_job
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.record_file import change_record
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.write.picture_names import pictures_of
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.locate import locate_weights

_ANY_MACHINE = frozenset({"weights", "device", "dtype", "runtime"})
"""Fields of a job that leave the output what it is: a video that was finished on another device is
finished. The weights count by their digest."""

_CHANGES_WITH_COPYING = "the input's time of change"


def remember_finished(job: UpscaleJob, target: Path, reading: ReadOptions) -> None:
    """Note what a finished output was made from; a folder that refuses the note stays without.

    Args:
        job: As the person asked for it.
        target: The finished file, the folder of pictures, or their pattern.
        reading: How the input was read: a preview has found its part of it.
    """
    target = _named(target)
    path = target.with_name(RECORD_NAME)
    with contextlib.suppress(OSError):
        entry = {
            "output": _identity(target),
            "source": path_of_source(job.source, target.parent),
            **RecordedPart(
                start=reading.span.start, end=reading.span.end, video_stream=reading.video_stream
            ).entry(),
            "made_from": _made_from(job),
        }
        change_record(path, lambda record: _with_entry(record, target, entry))


def _with_entry(record: Record, target: Path, entry: object) -> Record:
    others = {
        name: value
        for name, value in record.items()
        if name != target.name and is_there(target.with_name(name))
    }
    return {**others, target.name: entry}


def differences_to_finished(job: UpscaleJob, target: Path) -> list[str] | None:
    """Return in words how the job differs from the one that made ``target``, or an empty list.

    None means that nothing is known about the file: it has changed, or is not one of ours.

    Raises:
        WeightsError: The weights of the job cannot be found.
    """
    target = _named(target)
    entry = read_record(target.with_name(RECORD_NAME)).get(target.name)
    try:
        if not isinstance(entry, dict) or entry.get("output") != _identity(target):
            return None
        now = _made_from(job)
    except OSError:
        return None
    before = entry.get("made_from")
    if not isinstance(before, dict):
        return None
    # An older record lacks the options that came later; they had their defaults then.
    defaults = describe_job(UpscaleJob(source=job.source), leave_out=_ANY_MACHINE)
    return list(_differences(defaults | before, now))


def is_there(target: Path) -> bool:
    """Return whether there is an output of this name: a file, or pictures."""
    return target.is_file() or bool(pictures_of(target))


def _named(target: Path) -> Path:
    """Return a target under the name that its folder knows it by, which "." is not."""
    return target.resolve() if target.is_dir() else target


def _identity(target: Path) -> str:
    """Return what shows that an output is still the one that was made.

    Raises:
        OSError: There is none.
    """
    pictures = pictures_of(target)
    if not pictures:
        return file_identity(target)
    listing = hashlib.sha256()
    for picture in pictures:
        listing.update(f"{picture.name} {file_identity(picture)}\n".encode())
    return f"{len(pictures)} pictures {listing.hexdigest()}"


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield describe_difference(name, before.get(name), now.get(name))


def _made_from(job: UpscaleJob) -> dict[str, str]:
    described = identify_input(job.source, start_number=job.reading.start_number)
    described.pop(_CHANGES_WITH_COPYING, None)
    kind = device_kind(choose_device(job.device).type)
    described["the weights"] = file_sha256(locate_weights(job.weights, kind=kind).path)
    return described | describe_job(job, leave_out=_ANY_MACHINE)
