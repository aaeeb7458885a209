"""Many files: turn a list of files and folders into jobs, and run them one after another."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.errors import DscvsrError, InputVideoError, UsageError
from dscvsr_cli.geometry import check_one_target
from dscvsr_cli.out_of_memory import is_out_of_memory, too_little_memory
from dscvsr_cli.pipelines.resume.work_folder import work_path
from dscvsr_cli.pipelines.upscale.failure_log import log_failure
from dscvsr_cli.pipelines.upscale.find_videos import find_videos_and_pictures
from dscvsr_cli.pipelines.upscale.finished import (
    differences_to_finished,
    held_outputs,
    is_there,
)
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.output_name import (
    check_output_of_many,
    default_target,
    job_for,
    name_in_folder,
)
from dscvsr_cli.video.read.image_sequence import (
    is_picture_name,
    is_picture_pattern,
    is_sequence,
)
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.locate import locate_weights
from dscvsr_cli.wording import counted

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """Result of one file."""

    source: Path
    target: Path
    outcome: Literal["done", "planned", "skipped", "failed"]
    """``planned`` after a dry run."""
    message: str = ""
    """Why it was skipped or failed."""
    hint: str = ""
    error_kind: str = ""
    """Name of the error's class; empty where nothing failed."""
    exit_code: int = 0
    """What the error would exit with by itself."""
    may_pass: bool = False
    """Whether what failed may succeed later, though nothing is changed."""
    report: UpscaleReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """Results of all files."""

    files: tuple[FileResult, ...]

    def count(self, outcome: str) -> int:
        """Return the number of files with an outcome."""
        return sum(result.outcome == outcome for result in self.files)


def plan_batch(inputs: Sequence[Path], output: Path | None, job: UpscaleJob) -> list[UpscaleJob]:
    """Return one job for every video in files and folders, in the order given.

    Folders are searched recursively. With an ``output`` folder, files keep their names and their
    place in the folder tree, unless that is the input itself; without one, every output is beside
    its input. What earlier runs made of videos in a folder is not found there, but may be named.

    Args:
        inputs: Files, folders of videos, and image sequences.
        output: A folder, created if it is missing; None writes beside the inputs.
        job: All other settings; its source and target are ignored.

    Raises:
        UsageError: The output is no folder or is named like a file, an output is given as an input,
            two videos would get the same name, an input is a pipe, or all are pictures, which could
            be one video or many.
        InputVideoError: A folder holds no video.
    """
    _refuse_pictures(inputs)
    found = [pair for path in inputs for pair in _videos(path, output)]
    check_output_of_many(inputs, output)
    jobs = [job_for(source, relative, output, job) for source, relative in found]
    if output is None:
        made, named = {one.target for one in jobs}, set(inputs)
        jobs = [one for one in jobs if one.source in named or one.source not in made]
    _spare_inputs(jobs)
    names = Counter(one.target for one in jobs)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UsageError(
            f"several inputs would be written to {twice[0]}",
            hint="give them in separate runs, or the folder that holds both",
        )
    return jobs


def refuse_for_all(job: UpscaleJob, *, runs_here: bool = True) -> None:
    """Refuse what would be wrong with every file, before the first one is touched.

    Args:
        job: The settings of all files.
        runs_here: Whether the network runs on this machine, whose device and weights count then.

    Raises:
        UsageError: No size, or two kinds of size.
        WeightsError: The weights cannot be found.
        DeviceError: The device is missing.
    """
    check_one_target(scale=job.scale, width=job.width, height=job.height)
    if runs_here:
        locate_weights(job.weights, kind=device_kind(choose_device(job.device).type))


def finished_earlier(job: UpscaleJob) -> FileResult | None:
    """Return the result of a job whose output is there already, or None if it is to be run.

    An output counts as finished when it was made from this input with these settings, and an
    earlier run left nothing beside it.

    Raises:
        UsageError: A file has the output's name, and is another one or of unknown origin. Pictures
            that are in the way are left to ``check_place``.
        WeightsError: The weights of the job cannot be found.
    """
    target = job.target or default_target(job)
    if job.overwrite or not is_there(target) or source_kind(job.source) == "pipe":
        return None
    if work_path(target).exists() or (target.exists() and target.samefile(job.source)):
        return None
    different = differences_to_finished(job, target)
    if different != [] and not target.is_file():
        # Other pictures may be in a folder; only those of the same names are in the way.
        return None
    if different is None:
        raise UsageError(
            f"{target} already exists, and nothing says that it was made from this input",
            hint="add --overwrite to replace it, or write elsewhere with -o",
        )
    if different:
        raise UsageError(
            f"{target} already exists and was made from another input or with other settings: "
            f"{'; '.join(different)}",
            hint="add --overwrite to replace it, or write elsewhere with -o",
        )
    return FileResult(
        source=job.source, target=target, outcome="skipped", message="already finished"
    )


def run_batch(
    jobs: Sequence[UpscaleJob],
    run: Callable[[UpscaleJob], UpscaleReport | None],
    *,
    on_job: Callable[[UpscaleJob], None] | None = None,
    on_result: Callable[[FileResult], None] | None = None,
) -> BatchReport:
    """Run one job after another; one that fails does not stop the others.

    ``batch_at_once`` runs several at the same time.

    A job whose output exists and was made from the same input with the same settings is skipped,
    unless ``overwrite`` is set.

    Args:
        jobs: Jobs, each with its target.
        run: Runs one job; a dry run returns None.
        on_job: Called with each job before anything else happens to it.
        on_result: Called with each result.
    """
    results = []
    for job in jobs:
        if on_job is not None:
            on_job(job)
        result = run_one(job, run)
        results.append(result)
        if on_result is not None:
            on_result(result)
    return BatchReport(files=tuple(results))


def run_one(job: UpscaleJob, run: Callable[[UpscaleJob], UpscaleReport | None]) -> FileResult:
    """Run one job of several, unless it is finished; whatever goes wrong is its result."""
    target = job.target or default_target(job)
    try:
        finished = finished_earlier(job)
        if finished is not None:
            return finished
        report = run(job)
    except DscvsrError as error:
        return _finished_meanwhile(job, target) or _failed(job, target, error)
    except Exception as error:  # noqa: BLE001  a bug must not stop the other files of a long batch
        if is_out_of_memory(error):
            return _failed(job, target, too_little_memory())
        log = log_failure(job.source, error)
        return FileResult(
            source=job.source,
            target=target,
            outcome="failed",
            message=f"{type(error).__name__}: {error}"
            + ("" if log is None else f" (its traceback is in {log})"),
            hint="this is a bug in dscvsr; please report it with the traceback and the file",
            error_kind=type(error).__name__,
            exit_code=1,
        )
    outcome: Literal["done", "planned"] = "planned" if report is None else "done"
    return FileResult(source=job.source, target=target, outcome=outcome, report=report)


def _finished_meanwhile(job: UpscaleJob, target: Path) -> FileResult | None:
    """Return the result of a job that another run has finished while this one began it."""
    try:
        if not is_there(target):
            return None
        # Of several pictures the first have their names before the last.
        with held_outputs(target):
            return finished_earlier(job)
    except (OSError, DscvsrError):
        return None


def _failed(job: UpscaleJob, target: Path, error: DscvsrError) -> FileResult:
    return FileResult(
        source=job.source,
        target=target,
        outcome="failed",
        message=error.message,
        hint=error.hint,
        error_kind=type(error).__name__,
        exit_code=error.exit_code,
        may_pass=error.may_pass,
    )


def _refuse_pictures(inputs: Sequence[Path]) -> None:
    """Refuse several pictures, which a shell makes of ``frames/*.png``.

    Raises:
        UsageError: All inputs are pictures.
    """
    if len(inputs) < 2 or not all(map(_is_picture, inputs)):
        return
    folders = {path.parent for path in inputs}
    for_one = "put the frames of one video into a folder and give that"
    if len(folders) == 1:
        folder = folders.pop()
        for_one = f"for the frames of one video give their folder: dscvsr upscale {folder} ..."
    raise UsageError(
        f"{len(inputs)} pictures, {inputs[0]} and others, could be one video or many",
        hint=f"{for_one}; for pictures of their own call dscvsr once for each",
    )


def _spare_inputs(jobs: Sequence[UpscaleJob]) -> None:
    """Refuse to replace an input of one job by the output of another.

    Raises:
        UsageError: That is what would happen.
    """
    sources = {job.source.resolve(): job.source for job in jobs}
    for job in jobs:
        other = None if job.target is None else sources.get(job.target.resolve())
        if other is not None and job.overwrite:
            raise UsageError(
                f"{other} is an input, and {job.source} would be written over it",
                hint="write elsewhere with -o, or leave out --overwrite",
            )


def _is_picture(path: Path) -> bool:
    return is_picture_name(path) and not is_picture_pattern(path)


def _videos(path: Path, output: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield every video of an input with its name below the output folder."""
    try:
        if not path.is_dir() or is_sequence(path):
            yield path, name_in_folder(path)
            return
        entries, pictures = find_videos_and_pictures(path, output)
    except OSError as error:
        raise InputVideoError(
            f"{path} cannot be searched: {error.strerror or error}",
            hint="check that it is there, and its permissions",
        ) from error
    if not entries:
        raise InputVideoError(
            f"{path} holds no video",
            hint="give a folder of videos, or of pictures; name what dscvsr itself made there",
        )
    if pictures:
        _log.warning(
            "%s: %s beside the videos (%s ...) will not be enlarged; give a picture by its own "
            "name, or, for the frames of one video, a folder of nothing but pictures",
            path,
            counted(len(pictures), "picture"),
            pictures[0].relative_to(path),
        )
    for entry in entries:
        yield entry, entry.relative_to(path)
