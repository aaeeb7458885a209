"""Many files: turn a list of files and folders into jobs, and run them one after another."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from dscvsr_cli.errors import DscvsrError, InputVideoError, UsageError
from dscvsr_cli.pipelines.upscale.failure_log import log_failure
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.target import default_target, writable_name
from dscvsr_cli.video.read.image_sequence import is_sequence, is_video_name
from dscvsr_cli.video.write.target_file import resolve_destination


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """Result of one file."""

    source: Path
    target: Path
    outcome: Literal["done", "skipped", "failed"]
    message: str = ""
    """Why it was skipped or failed."""
    hint: str = ""
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
    place in the folder tree; without one, every output is beside its input. Earlier outputs that
    are beside their inputs are not taken for inputs.

    Args:
        inputs: Files, folders of videos, and image sequences.
        output: A folder, created if it is missing; None writes beside the inputs.
        job: All other settings; its source and target are ignored.

    Raises:
        UsageError: The output is no folder, or two videos would get the same name.
        InputVideoError: A folder holds no video.
    """
    if output is not None and (
        resolve_destination(output).is_pipe or (output.exists() and not output.is_dir())
    ):
        raise UsageError(
            f"{output} is no folder, and there are several inputs", hint="give a folder with -o"
        )
    found = [pair for path in inputs for pair in _videos(path, output)]
    jobs = [_job_for(source, relative, output, job) for source, relative in found]
    made = {one.target for one in jobs}
    if output is None:
        jobs = [one for one in jobs if one.source not in made]
    names = Counter(one.target for one in jobs)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UsageError(
            f"several inputs would be written to {twice[0]}",
            hint="give them in separate runs, or the folder that holds both",
        )
    return jobs


def place_job(job: UpscaleJob, output: Path | None) -> UpscaleJob:
    """Give a single job its target; in a folder it gets its default name."""
    if output is not None and output.is_dir() and not is_sequence(job.source):
        return replace(job, target=output / default_target(job).name)
    return replace(job, target=output)


def run_batch(
    jobs: Sequence[UpscaleJob],
    run: Callable[[UpscaleJob], UpscaleReport],
    *,
    on_result: Callable[[FileResult], None] | None = None,
) -> BatchReport:
    """Run one job after another; one that fails does not stop the others.

    A job whose output exists and is not older than its input is skipped, unless ``overwrite`` is
    set.

    Args:
        jobs: Jobs, each with its target.
        run: Runs one job.
        on_result: Called with each result.
    """
    results = []
    for job in jobs:
        result = _run_one(job, run)
        results.append(result)
        if on_result is not None:
            on_result(result)
    return BatchReport(files=tuple(results))


def _run_one(job: UpscaleJob, run: Callable[[UpscaleJob], UpscaleReport]) -> FileResult:
    target = job.target or default_target(job)
    try:
        if not job.overwrite and is_done(job.source, target):
            return FileResult(
                source=job.source,
                target=target,
                outcome="skipped",
                message="already exists and is newer than its input",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        report = run(job)
    except DscvsrError as error:
        return FileResult(
            source=job.source,
            target=target,
            outcome="failed",
            message=error.message,
            hint=error.hint,
        )
    except Exception as error:  # noqa: BLE001  a bug must not stop the other files of a long batch
        log = log_failure(job.source, error)
        return FileResult(
            source=job.source,
            target=target,
            outcome="failed",
            message=f"{type(error).__name__}: {error}"
            + ("" if log is None else f" (its traceback is in {log})"),
            hint="this is a bug in dscvsr; please report it with the traceback and the file",
        )
    return FileResult(source=job.source, target=target, outcome="done", report=report)


def is_done(source: Path, target: Path) -> bool:
    """Return whether an output exists and is not older than its input.

    Outputs get their name when they are complete, so one that exists is complete.
    """
    try:
        return target.is_file() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False


def _videos(path: Path, output: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield every video of an input with its name below the output folder.

    An output folder inside the input holds what earlier runs made, and is skipped.
    """
    if not path.is_dir() or is_sequence(path):
        yield path, Path(path.name)
        return
    made = output.resolve() if output is not None and output.resolve() != path.resolve() else None
    entries = sorted(
        entry
        for entry in path.rglob("*")
        if _is_video(entry, path) and (made is None or made not in entry.resolve().parents)
    )
    if not entries:
        raise InputVideoError(
            f"{path} holds no video", hint="give a folder of videos, or of pictures"
        )
    for entry in entries:
        yield entry, entry.relative_to(path)


def _is_video(entry: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in entry.relative_to(root).parts)
    return not hidden and is_video_name(entry) and entry.is_file()


def _job_for(source: Path, relative: Path, output: Path | None, job: UpscaleJob) -> UpscaleJob:
    job = replace(job, source=source, target=None)
    if output is None:
        return replace(job, target=default_target(job))
    target = writable_name(output / relative)
    if target.exists() and target.samefile(source):
        # The output folder is the input's own: only another name will do.
        target = target.with_name(default_target(job).name)
    return replace(job, target=target)
