"""Many files: run their jobs one after another, and say what came of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dscvsr_cli.errors import DscvsrError, UsageError
from dscvsr_cli.out_of_memory import is_out_of_memory, too_little_memory
from dscvsr_cli.pipelines.resume.work_folder import work_path
from dscvsr_cli.pipelines.upscale.failure_log import log_failure
from dscvsr_cli.pipelines.upscale.finished import (
    differences_to_finished,
    held_outputs,
    is_there,
)
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.video.read.open_input import source_kind


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
    options: tuple[str, ...] = ()
    """The options whose values were refused, if they are known."""
    error_kind: str = ""
    """Name of the error's class; empty if nothing failed."""
    exit_code: int = 0
    """What the error alone would exit with."""
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
        options=error.options,
        error_kind=type(error).__name__,
        exit_code=error.exit_code,
        may_pass=error.may_pass,
    )
