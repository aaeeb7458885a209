"""Follow the jobs of ``dscvsr upscale``: in lines for people, or in JSON lines for programs."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.progress_bar import JobBar, JsonProgress, SharedBar
from dscvsr_cli.cli.settings.apply import with_files
from dscvsr_cli.cli.upscale.output import (
    describe_dry_run,
    describe_openvino,
    describe_other_weights,
    describe_plan,
    describe_report,
    describe_uncompressed,
)
from dscvsr_cli.errors import INTERRUPTED
from dscvsr_cli.wording import counted

if TYPE_CHECKING:
    from dscvsr_cli.engine.scene_maker import StreamEvent
    from dscvsr_cli.pipelines.upscale.batch import BatchReport, FileResult
    from dscvsr_cli.pipelines.upscale.dry_run import DryRunReport
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan, UpscaleReport
    from dscvsr_cli.pipelines.upscale.progress import JobProgress, JobProgressListener


class Follower(Protocol):
    """Shows what happens to one job, or to several one after another."""

    def begin(self, job: "UpscaleJob") -> None:
        """Show that a job begins."""
        ...

    def plan(self, plan: "UpscalePlan") -> None:
        """Show what the job will do."""
        ...

    def progress(self) -> "AbstractContextManager[JobProgressListener]":
        """Return a block that gives a listener for the progress of the job."""
        ...

    def event(self, event: "StreamEvent") -> None:
        """Show a scene start, a smaller plan or an overflow."""
        ...

    def interrupted(self, frames_kept: int, finished: Path | None = None) -> None:
        """Show that Ctrl-C ended the job, and how many frames are kept, or what was finished."""
        ...

    def report(self, report: "UpscaleReport") -> None:
        """Show the report of a job that is done."""
        ...

    def dry_run(self, report: "DryRunReport") -> None:
        """Show what the job would do."""
        ...

    def end(self, result: "FileResult") -> None:
        """Show the result of one of several jobs."""
        ...

    def summary(self, report: "BatchReport") -> None:
        """Show how many jobs are done, skipped and failed."""
        ...


def _interruption(frames_kept: int, finished: Path | None) -> tuple[str, str]:
    if finished is not None:
        return f"interrupted; {finished} is finished", "nothing of it is left to do"
    if not frames_kept:
        return "interrupted; no frames are kept", "the same command starts over"
    return (
        # Not always the first ones: those of a cluster are made out of order.
        f"interrupted; {counted(frames_kept, 'frame')} kept",
        "the same command with --resume continues",
    )


class Lines:
    """Shows jobs to a person: a line for the plan, a progress bar, and a line for the result.

    Args:
        terminal: Where it is shown.
        jobs: How many there are in all; None if that is unknown.
        started: How many have started before the next.
        bar: Shows this job beside others that run at the same time; None gives it its own.
    """

    def __init__(
        self,
        terminal: Terminal,
        jobs: int | None,
        *,
        started: int = 0,
        bar: SharedBar | None = None,
    ) -> None:
        self._terminal = terminal
        self._jobs = jobs
        self._started = started
        self._bar = bar

    def begin(self, job: "UpscaleJob") -> None:
        """Count the job; its plan will say what it is."""
        del job
        self._started += 1
        self._terminal.begin_job()

    def plan(self, plan: "UpscalePlan") -> None:
        """Print the plan and what to know before work starts."""
        self._plan(plan, plan.warnings)

    def _plan(self, plan: "UpscalePlan", warnings: "Iterable[str]") -> None:
        self._terminal.print(describe_plan(plan))
        hints = describe_uncompressed(plan), describe_other_weights(plan), describe_openvino(plan)
        for hint in hints:
            if hint is not None:
                self._terminal.note(hint)
        for note in plan.left_aside:
            self._terminal.note(f"note: {note}")
        for warning in warnings:
            self._terminal.warn(warning)

    @contextmanager
    def progress(self) -> "Iterator[JobProgressListener]":
        """Show a bar, or plain lines."""
        if self._bar is not None:
            with self._bar.part(self._started) as part:
                yield part
            return
        which = f" {self._started}/{self._jobs}" if self._jobs and self._jobs > 1 else ""
        with JobBar(self._terminal, f"upscaling{which}").running() as bar:
            yield bar

    def event(self, event: "StreamEvent") -> None:
        """Do nothing: what people should know is logged as a warning."""

    def interrupted(self, frames_kept: int, finished: Path | None = None) -> None:
        """Say what is kept, and how to continue."""
        self._terminal.note(", and ".join(_interruption(frames_kept, finished)))

    def report(self, report: "UpscaleReport") -> None:
        """Print the report in one line."""
        self._terminal.print(describe_report(report))

    def dry_run(self, report: "DryRunReport") -> None:
        """Print what would be done, and what it would take."""
        listed = {*report.converted, *report.lost}
        self._plan(report.plan, (one for one in report.plan.warnings if one not in listed))
        self._terminal.print_rows(
            [("  " + name, value) for name, value in describe_dry_run(report)]
        )

    def end(self, result: "FileResult") -> None:
        """Print the result of one of several files in one line; its plan is printed already."""
        if result.report is not None:
            self.report(result.report)
        elif result.outcome == "failed":
            hint = f" (hint: {result.hint})" if result.hint else ""
            message = with_files(result.message, result.options, self._terminal.files)
            self._terminal.warn(f"{result.source}: {message}{hint}")
        elif result.outcome == "skipped":
            self._terminal.print(f"{result.target}: {result.message}")

    def summary(self, report: "BatchReport") -> None:
        """Print how many files are done, skipped and failed."""
        planned = report.count("planned")
        made = f"{planned} planned" if planned else f"{report.count('done')} done"
        self._terminal.print(
            f"{made}, {report.count('skipped')} skipped, {report.count('failed')} failed"
        )


class JsonLines:
    """Shows jobs to a program: one JSON object per line, as ``docs/json.md`` describes them.

    Args:
        terminal: Where it is shown.
        jobs: How many there are in all; None if that is unknown.
        started: How many have started before the next.
    """

    def __init__(self, terminal: Terminal, jobs: int | None, *, started: int = 0) -> None:
        self._terminal = terminal
        self._jobs = jobs
        self._started = started
        self._names: dict[str, object] = {}

    def begin(self, job: "UpscaleJob") -> None:
        """Keep the names that every line about this job carries."""
        self._started += 1
        self._terminal.begin_job()
        self._names = {"job": self._started, "jobs": self._jobs, "source": job.source}

    def plan(self, plan: "UpscalePlan") -> None:
        """Write the plan and its warnings."""
        self._names["target"] = plan.target
        self._emit("plan", frames=plan.frames, seconds=plan.seconds, plan=plan)
        for warning in plan.warnings:
            self._emit("event", kind="warning", message=warning)

    @contextmanager
    def progress(self) -> "Iterator[JobProgressListener]":
        """Write progress once a second."""

        def emit(progress: "JobProgress") -> None:
            self._emit(
                "progress",
                frames_done=progress.frames_done,
                frames_total=progress.frames_total,
                share=progress.share,
                frames_per_second=progress.frames_per_second,
                seconds_left=progress.seconds_left,
                seconds=progress.seconds,
                **({"tasks_running": running} if (running := progress.tasks_running) else {}),
            )

        yield JsonProgress(emit)

    def event(self, event: "StreamEvent") -> None:
        """Write the event; what is also logged as a warning is written once."""
        if event.kind == "scene":
            self._emit("event", kind=event.kind, frame=event.frame, message=event.message)

    def interrupted(self, frames_kept: int, finished: Path | None = None) -> None:
        """Write the interruption as an error."""
        message, hint = _interruption(frames_kept, finished)
        self._emit("error", kind="Interrupted", exit_code=INTERRUPTED, message=message, hint=hint)

    def report(self, report: "UpscaleReport") -> None:
        """Write the report of a job that is done."""
        self._names["target"] = report.target
        self._emit("report", outcome="done", message="", report=report)

    def dry_run(self, report: "DryRunReport") -> None:
        """Write what would be done, and what it would take."""
        self._names["target"] = report.plan.target
        self._emit("dry_run", report=report)

    def end(self, result: "FileResult") -> None:
        """Write the result of one of several jobs; its plan is written already."""
        self._names["target"] = result.target
        if result.report is not None:
            self.report(result.report)
        elif result.outcome == "failed":
            self._emit(
                "error",
                kind=result.error_kind,
                exit_code=result.exit_code,
                message=with_files(result.message, result.options, self._terminal.files),
                hint=result.hint,
            )
        elif result.outcome == "skipped":
            self._emit("report", outcome=result.outcome, message=result.message, report=None)

    def summary(self, report: "BatchReport") -> None:
        """Write how many jobs are done, skipped and failed."""
        counts = {name: report.count(name) for name in ("done", "skipped", "failed")}
        if planned := report.count("planned"):
            counts["planned"] = planned
        self._terminal.emit("summary", **counts)

    def _emit(self, kind_of_line: str, /, **values: object) -> None:
        self._terminal.emit(kind_of_line, **self._names, **values)
