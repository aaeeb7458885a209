"""Show how far a job is: a bar on a terminal, plain lines elsewhere, JSON lines for programs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from rich.progress import Progress, Task

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.progress_line import (
    LineColumn,
    LineContent,
    format_left,
    format_rate,
    format_tasks,
)
from dscvsr_cli.wording import counted

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.upscale.progress import JobProgress

_PLAIN_SECONDS = 10.0
"""Time between plain lines; it grows with the job, so that a day does not fill a log."""
_PLAIN_SHARE = 0.1
"""Share of the job that is worth a line of its own."""
_PLAIN_GROWTH = 50
"""A job of this many intervals starts to wait longer between lines."""
_SHORTEST_PAUSE = 1.0

_JSON_SECONDS = 1.0


class JobBar:
    """Follows one job; call it with each ``JobProgress``."""

    def __init__(self, terminal: Terminal, description: str) -> None:
        self._terminal = terminal
        self._description = description
        self._latest: tuple[JobProgress, float] | None = None
        self._bar: Progress | None = None
        self._started = time.monotonic()
        self._plain = _PlainLines(terminal, description)

    def __call__(self, progress: "JobProgress") -> None:
        """Show how far the job is."""
        self._latest = (progress, time.monotonic())
        if self._bar is None and not self._terminal.json:
            self._plain(progress)

    @contextmanager
    def running(self) -> Iterator["JobBar"]:
        """Show the bar inside the block; nothing of it stays afterwards."""
        if not self._terminal.is_live:
            yield self
            return
        with self._terminal.bar(LineColumn(self._shown)) as self._bar:
            self._bar.add_task(self._description, total=None)
            yield self

    def _shown(self, _: Task) -> LineContent:
        now = time.monotonic()
        if self._latest is None:
            return LineContent(description=self._description, elapsed=now - self._started)
        progress, at = self._latest
        shown = shown_progress(progress, self._description)
        # The clock runs on between two steps of a slow network.
        left = None if shown.left is None else max(0.0, shown.left - (now - at))
        return LineContent(
            description=shown.description,
            done=shown.done,
            total=shown.total,
            share=shown.share,
            rate=shown.rate,
            left=left,
            elapsed=now - self._started,
            tasks=shown.tasks,
        )


class SharedBar:
    """One bar for several jobs that run at the same time.

    Args:
        terminal: Where it is shown.
        jobs: How many there are in all.
    """

    def __init__(self, terminal: Terminal, jobs: int) -> None:
        self._bar = JobBar(terminal, f"upscaling {jobs} files")
        self._jobs = jobs
        self._latest: dict[int, JobProgress] = {}
        self._running: set[int] = set()
        self._lock = Lock()
        self._started = time.monotonic()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Show the bar inside the block; nothing of it stays afterwards."""
        with self._bar.running():
            yield

    @contextmanager
    def part(self, place: int) -> Iterator[Callable[["JobProgress"], None]]:
        """Return a listener for the progress of one job, for any thread."""

        def report(progress: "JobProgress") -> None:
            with self._lock:
                self._latest[place] = progress
                self._bar(self._joined(type(progress)))

        self._running.add(place)
        try:
            yield report
        finally:
            self._running.discard(place)

    def _joined(self, kind: "type[JobProgress]") -> "JobProgress":
        now = self._running & self._latest.keys()
        rates = [self._latest[place].frames_per_second for place in now]
        totals = [progress.frames_total for progress in self._latest.values()]
        known = [total for total in totals if total is not None]
        # What has not started is not known either.
        total = sum(known) if len(known) == self._jobs else None
        rate = sum(rate for rate in rates if rate is not None) or None
        done = sum(
            (progress.share or 0.0) * (progress.frames_total or 0)
            for progress in self._latest.values()
        )
        return kind(
            frames_done=sum(progress.frames_done for progress in self._latest.values()),
            frames_total=total,
            share=None if not total else done / total,
            frames_per_second=rate,
            seconds_left=None if total is None or rate is None else max(0.0, total - done) / rate,
            seconds=time.monotonic() - self._started,
        )


def shown_progress(progress: "JobProgress", description: str) -> LineContent:
    """Return what a line says about the progress of a job."""
    return LineContent(
        description=description,
        done=progress.frames_done,
        total=progress.frames_total,
        share=progress.share,
        rate=progress.frames_per_second,
        left=progress.seconds_left,
        elapsed=progress.seconds,
        tasks=progress.tasks_running,
    )


class _PlainLines:
    """Writes a line now and then, where no terminal can show a bar."""

    def __init__(self, terminal: Terminal, description: str) -> None:
        self._terminal = terminal
        self._description = description
        self._said_at = 0.0
        self._said_share = 0.0

    def __call__(self, progress: "JobProgress") -> None:
        since = progress.seconds - self._said_at
        share = progress.share or 0.0
        pause = max(_PLAIN_SECONDS, progress.seconds / _PLAIN_GROWTH)
        more = share - self._said_share >= _PLAIN_SHARE and since >= _SHORTEST_PAUSE
        if since < pause and not more:
            return
        self._said_at, self._said_share = progress.seconds, share
        shown = shown_progress(progress, self._description)
        frames = counted(shown.done if shown.total is None else shown.total, "frame")
        count = frames if shown.total is None else f"{shown.done} of {frames}"
        parts = [f"{self._description}: {count}"]
        if shown.share is not None:
            parts.append(f"{min(shown.share, 1.0):.0%}")
        parts += filter(None, [format_rate(shown.rate), format_tasks(shown), format_left(shown)])
        self._terminal.note(", ".join(parts))


class JsonProgress:
    """Writes progress as JSON lines, at most one a second."""

    def __init__(self, emit: Callable[["JobProgress"], None]) -> None:
        self._emit = emit
        self._said_at = -_JSON_SECONDS

    def __call__(self, progress: "JobProgress") -> None:
        """Write a line, if the last one is a second old."""
        if progress.seconds - self._said_at >= _JSON_SECONDS:
            self._said_at = progress.seconds
            self._emit(progress)
