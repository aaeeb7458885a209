"""Finished outputs: a record beside them of the input and the settings that each was made from.

The record is one hidden file per folder. It decides whether an existing output is what a job would
make, which its name and time alone do not say. Files and folders of pictures are both recorded,
whether or not a run that makes them could be resumed.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from dscvsr_cli.durable import sync_file
from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.json_record import Record, read_record
from dscvsr_cli.own_outputs import (
    RECORD_NAME,
    REPLACES,
    RecordedPart,
    entry_of,
    file_identity,
    path_of_source,
)
from dscvsr_cli.pipelines.resume.manifest import INPUT_FACTS, has_grown, identify_input
from dscvsr_cli.pipelines.resume.setting_words import describe_difference
from dscvsr_cli.pipelines.upscale.fingerprint import describe_job
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.prepare import without_unfit
from dscvsr_cli.pipelines.upscale.record_file import held_record, write_record
from dscvsr_cli.video.read.image_sequence import natural_order, pictures_in
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.write.picture_names import pictures_of
from dscvsr_cli.video.write.target_file import Naming
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.locate import locate_weights

_ANY_MACHINE = frozenset({"weights", "device", "dtype", "runtime"})
"""Fields of a job that leave the output what it is: a video that was finished on another device is
finished. The weights count by their digest."""

_CHANGES_WITH_COPYING = "the input's time of change"


def recording(job: UpscaleJob, target: Path, reading: ReadOptions) -> Naming:
    """Return a block that records what an output was made from, while the output takes its name.

    The record comes first, so that nobody ever finds the output without it. A run that is killed
    between the two leaves a record of an output that is not there, and still that of the output
    before it. A folder that cannot be written to stays without a record.

    Args:
        job: As the person asked for it, without the defaults that were left aside.
        target: The file, the folder of pictures, or their pattern.
        reading: How the input is read: a preview has found its part of it.
    """

    @contextmanager
    def naming(whole: Path) -> Iterator[None]:
        with ExitStack() as stack:
            # An output that cannot be recorded is finished anyway.
            with suppress(OSError, DscvsrError):
                stack.enter_context(_recorded(job, _named(target), whole, reading))
            yield

    return naming


class TakenName:
    """Tells whether an output has taken its name, even if Ctrl-C comes at that very moment.

    Args:
        target: The file, the folder of pictures, or their pattern.
        naming: Gives the block inside which the output takes its name.
    """

    def __init__(self, target: Path, naming: Naming) -> None:
        self._target = target
        self._naming = naming
        self._whole: str | None = None
        """What the output is under any name; None until it is whole."""

    @contextmanager
    def naming(self, whole: Path) -> Iterator[None]:
        """Return the block inside which the output takes its name; a ``Naming``."""
        with suppress(OSError):
            self._whole = _identity_to_be(_named(self._target), whole)
        with self._naming(whole):
            yield

    @property
    def is_taken(self) -> bool:
        """Whether what is there under the name is the output, and whole."""
        target = _named(self._target)
        try:
            return self._whole is not None and output_identity(target) == self._whole
        except OSError:
            return False


@contextmanager
def _recorded(job: UpscaleJob, target: Path, whole: Path, reading: ReadOptions) -> Iterator[None]:
    """Hold and write the record of a folder while a whole output takes its name there.

    Raises:
        OSError: The record cannot be written.
        DscvsrError: What the output was made from cannot be said.
    """
    entry = {
        "output": _identity_to_be(target, whole),
        "source": path_of_source(job.source, target.parent),
        **RecordedPart(
            start=reading.span.start, end=reading.span.end, video_stream=reading.video_stream
        ).entry(),
        "made_from": _made_from(job),
    }
    for file in pictures_in(whole) or (whole,):
        # Flushing may take long, so it is done before others have to wait for the record.
        sync_file(file)
    # The folder of a pattern may be the one that takes its name.
    is_there_already = target.parent.is_dir()
    path = (target.parent if is_there_already else whole) / RECORD_NAME
    with held_record(path) if is_there_already else nullcontext():
        before = read_record(path)
        older = entry_of(before, target.name, output_identity(target)) if is_there(target) else None
        kept = {} if older is None else {REPLACES: {**older, REPLACES: None}}
        write_record(path, _with_entry(before, target, entry | kept))
        try:
            yield
        except BaseException:
            with suppress(OSError):
                # Ctrl-C may come when the name is taken already.
                if not is_there(target) or output_identity(target) != entry["output"]:
                    write_record(path, before)
            raise
        if older is not None:
            with suppress(OSError):
                write_record(path, _with_entry(before, target, entry))


def is_outgrown(job: UpscaleJob, target: Path) -> bool:
    """Return whether ``target`` shows what the job would make, of a source that has grown since.

    Raises:
        OSError: The source cannot be read.
        WeightsError: The weights of the job cannot be found.
    """
    target = _named(target)
    entry = entry_of(
        read_record(target.with_name(RECORD_NAME)), target.name, output_identity(target)
    )
    before = None if entry is None else entry.get("made_from")
    if entry is None or not isinstance(before, dict):
        return False
    if entry.get("source") != path_of_source(job.source, target.parent):
        return False
    now = {name: one for name, one in before.items() if name in INPUT_FACTS}
    now |= {name: one for name, one in _made_from(job).items() if name not in INPUT_FACTS}
    return has_grown(job.source, before) and not list(_differences(before, now))


def held_outputs(target: Path) -> AbstractContextManager[None]:
    """Let no output take its name beside ``target`` inside the block, or wait until it has it.

    Raises:
        OSError: Nothing can be written there.
    """
    return held_record(_named(target).with_name(RECORD_NAME))


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
    record = read_record(target.with_name(RECORD_NAME))
    try:
        entry = entry_of(record, target.name, output_identity(target))
        if entry is None:
            return None
        now = _made_from(job)
    except OSError:
        return None
    before = entry.get("made_from")
    if not isinstance(before, dict):
        return None
    # An older record lacks the options that came later; they had their defaults then.
    defaults = describe_job(UpscaleJob(source=job.source), leave_out=_ANY_MACHINE)
    differences = list(_differences(defaults | before, now))
    if differences and job.defaults:
        # A default that does not fit this output had no part in it; to find out takes a while.
        with suppress(OSError, DscvsrError):
            now = _made_from(without_unfit(job))
            differences = list(_differences(defaults | before, now))
    return differences


def is_there(target: Path) -> bool:
    """Return whether there is an output of this name: a file, or pictures."""
    return target.is_file() or bool(pictures_of(target))


def _named(target: Path) -> Path:
    """Return a target under the name that its folder knows it by, which "." is not."""
    return target.resolve() if target.is_dir() else target


def output_identity(target: Path) -> str:
    """Return what shows that an output is still the one that was made.

    Raises:
        OSError: There is none.
    """
    pictures = pictures_of(target)
    return _identity_of(pictures) if pictures else file_identity(target)


def _identity_to_be(target: Path, whole: Path) -> str:
    """Return the identity that an output will have under its name.

    Args:
        target: Its name; of pictures, others may be there, which stay.
        whole: The finished file, or the folder with the pictures that are to go there.

    Raises:
        OSError: It is gone.
    """
    made = pictures_in(whole)
    if not made:
        return file_identity(whole)
    there = {one.name: one for one in (*pictures_of(target), *made)}
    return _identity_of(sorted(there.values(), key=natural_order))


def _identity_of(pictures: Sequence[Path]) -> str:
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
