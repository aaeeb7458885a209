"""Run the jobs of ``dscvsr upscale --ray``, and show all of them in one line."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.progress_bar import JobBar
from dscvsr_cli.cli.upscale.follow import JsonLines, Lines
from dscvsr_cli.cli.upscale.run_jobs import SOME_FAILED
from dscvsr_cli.wording import counted

if TYPE_CHECKING:
    from dscvsr_cli.cli.upscale.follow import Follower
    from dscvsr_cli.pipelines.upscale.batch import FileResult
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan
    from dscvsr_cli.pipelines.upscale.progress import JobProgress, JobProgressListener


def run_cluster(
    jobs: "Sequence[UpscaleJob]", terminal: Terminal, *, address: str, several: bool
) -> None:
    """Run jobs on a Ray cluster and show the result of each.

    Raises:
        DscvsrError: What the only job failed with, or what keeps a cluster from starting.
        typer.Exit: Some of several failed, or an output lacks audio or subtitles.
        KeyboardInterrupt: Ctrl-C.
    """
    from dscvsr_cli.cluster.run import run_on_cluster
    from dscvsr_cli.pipelines.upscale.batch import BatchReport
    from dscvsr_cli.pipelines.upscale.job import Interrupted

    with ExitStack() as stack:
        show = _Show(jobs, terminal, stack)
        try:
            results = run_on_cluster(jobs, address=address, follower=show)
        except KeyboardInterrupt as interruption:
            stack.close()
            if isinstance(interruption, Interrupted):
                show.whole.interrupted(interruption.frames_kept, interruption.finished)
            else:
                show.whole.interrupted(0)
            raise
    report = BatchReport(files=tuple(results))
    if several:
        show.whole.summary(report)
    if report.count("failed"):
        raise typer.Exit(SOME_FAILED)
    if code := max((one.report.exit_code for one in results if one.report), default=0):
        raise typer.Exit(code)


class _Show:
    """Gives every film a follower of its own, and all of them one bar."""

    def __init__(self, jobs: "Sequence[UpscaleJob]", terminal: Terminal, stack: ExitStack) -> None:
        count = len(jobs)
        self._jobs = jobs
        self._terminal = terminal
        self._followers: list[Follower] = [
            JsonLines(terminal, count, started=number) if terminal.json else Lines(terminal, count)
            for number in range(count)
        ]
        self.whole: Follower = self._followers[0]
        self._listeners: dict[int, JobProgressListener] = {}
        self._stack = stack
        self._bar: JobBar | None = None

    def workers(self, count: int, described: str) -> None:
        """Say how many workers there are."""
        self._terminal.note(f"{counted(count, 'worker')}, such as {described}")

    def begin(self, film: int) -> None:
        """Take note of a film."""
        self._followers[film].begin(self._jobs[film])

    def plan(self, film: int, plan: "UpscalePlan") -> None:
        """Say what will happen to a film, and show how far all are from now on."""
        self._followers[film].plan(plan)
        if self._terminal.json:
            progress = self._followers[film].progress()
            self._listeners[film] = self._stack.enter_context(progress)
        elif self._bar is None:
            bar = JobBar(self._terminal, "upscaling")
            self._bar = self._stack.enter_context(bar.running())

    def progress(self, whole: "JobProgress", films: "dict[int, JobProgress]") -> None:
        """Show how far the films are."""
        if self._bar is not None:
            self._bar(whole)
        for film, progress in films.items():
            if film in self._listeners:
                self._listeners[film](progress)

    def end(self, film: int, result: "FileResult") -> None:
        """Show the result of a film."""
        self._listeners.pop(film, None)
        self._followers[film].end(result)
