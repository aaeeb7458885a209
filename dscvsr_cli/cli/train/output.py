"""What `dscvsr train` shows while it runs: a live line on a terminal, plain lines elsewhere."""

import math
import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import Progress, Task, TaskID

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.progress_line import LineColumn, LineContent
from dscvsr_cli.cli.units import format_duration
from dscvsr_cli.wording import counted, format_bytes

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.train.data import TrainingData
    from dscvsr_cli.pipelines.train.run import TrainReport
    from dscvsr_cli.pipelines.train.training_dry_run import TrainingPlan
    from dscvsr_cli.training.loop import Trainer
    from dscvsr_cli.training.step_report import StepReport
    from dscvsr_cli.training.validation import Score

PLAIN_SECONDS = 10.0
PLAIN_SHARE = 0.1
"""Seconds, or share of the run, after which a plain line is written; long runs wait longer."""
PLAIN_GROWTH = 50
PLAIN_READING_LINES = 10
PLAIN_EVERY_FOUND = 1000
AVERAGED_STEPS = 50
"""Steps over which losses and speed are averaged."""

SHARE_DONE = 1000
"""What the bar counts to."""


class TrainDisplay:
    """Follows a run; use it as a context manager."""

    def __init__(self, terminal: Terminal) -> None:
        """Show on ``terminal``."""
        self._terminal = terminal
        self._live = terminal.is_live
        self._progress: Progress = terminal.bar(LineColumn(self._shown))
        self._task: TaskID | None = None
        self._steps: deque[StepReport] = deque(maxlen=AVERAGED_STEPS)
        self._details: tuple[str, ...] = ()
        self._left: float | None = None
        self._left_at = 0.0
        self._first: StepReport | None = None
        self._said: StepReport | None = None

    def __enter__(self) -> Self:
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def found(self, count: int) -> None:
        """Show how many clips and photographs were found so far."""
        if self._live:
            self._bar("looking", None, 0, (f"{count} found",), None)
        elif count % PLAIN_EVERY_FOUND == 0:
            self._terminal.note(f"found {count}")

    def reading(self, done: int, total: int) -> None:
        """Show how much is read."""
        if self._live:
            self._bar("reading", total, done, (f"{done} of {total}",), None)
        elif done * PLAIN_READING_LINES // total > (done - 1) * PLAIN_READING_LINES // total:
            self._terminal.note(f"read {done} of {total}")

    def start(self, trainer: "Trainer", data: "TrainingData") -> None:
        """Show the footage, the device and the dtype of the run that is about to start."""
        for note in data.notes:
            self._terminal.note(note)
        held_out = f", {data.held_out} held out" if data.held_out else ""
        self._terminal.note(
            f"learning from {data.footage} ({format_bytes(data.footage.held_bytes)} in memory"
            f"{held_out}) on {trainer.device} in {trainer.config.dtype}"
        )
        if data.validator is None and trainer.config.validations:
            self._terminal.note("no clips are held out for validation; name some with --val PATH")

    def step(self, step: "StepReport") -> None:
        """Show losses, rate and speed."""
        self._steps.append(step)
        speed, left = self._speed_and_time(step)
        if self._live:
            details = (
                f"step {step.iteration}",
                self._losses(),
                f"rate {step.learning_rate:.1e}",
                *([speed] if speed else []),
            )
            self._bar("training", SHARE_DONE, step.progress * SHARE_DONE, details, left)
        elif self._plain_line_is_due(step):
            parts = [
                f"step {step.iteration}",
                self._losses(),
                f"rate {step.learning_rate:.2e}",
                f"{step.progress:.1%}",
                *([speed] if speed else []),
                *([] if left is None else [f"{format_duration(left)} left"]),
            ]
            self._terminal.note("  ".join(parts))

    def validation(self, progress: float, scores: "tuple[Score, ...]") -> None:
        """Show the scores on held-out clips."""
        self._terminal.note(f"{progress:.0%}: held-out clips: {', '.join(map(str, scores))}")

    def _losses(self) -> str:
        """Return the mean of each part of the loss over the last steps."""
        last = self._steps[-1].losses
        means = []
        for name in last:
            known = [
                step.losses[name]
                for step in self._steps
                if name in step.losses and math.isfinite(step.losses[name])
            ]
            means.append(f"{name} {sum(known) / len(known):.5f}" if known else f"{name} -")
        return means[0] if len(means) == 2 else "  ".join(means)

    def _plain_line_is_due(self, step: "StepReport") -> bool:
        first = self._first = self._first or step
        if self._said is None:
            due = True
        else:
            since = step.seconds - self._said.seconds
            pause = max(PLAIN_SECONDS, (step.seconds - first.seconds) / PLAIN_GROWTH)
            due = since >= pause or step.progress - self._said.progress >= PLAIN_SHARE
        if due:
            self._said = step
        return due

    def _speed_and_time(self, step: "StepReport") -> tuple[str, float | None]:
        """Return the speed in words, and the seconds left; empty and None before they are known."""
        first = self._steps[0]
        seconds = step.seconds - first.seconds
        if seconds <= 0:
            return "", None
        speed = (step.clips_seen - first.clips_seen) / seconds
        gone = step.progress - first.progress
        left = seconds * (1 - step.progress) / gone if gone > 0 else None
        return f"{speed:.2f} clips/s", left

    def _bar(
        self,
        description: str,
        total: float | None,
        done: float,
        details: tuple[str, ...],
        left: float | None,
    ) -> None:
        if self._task is None:
            self._task = self._progress.add_task(description, total=total)
        self._left, self._left_at, self._details = left, time.monotonic(), details
        self._progress.update(self._task, description=description, total=total, completed=done)

    def _shown(self, task: Task) -> LineContent:
        passed = time.monotonic() - self._left_at
        return LineContent(
            description=task.description,
            share=task.completed / task.total if task.total else None,
            left=None if self._left is None else max(0.0, self._left - passed),
            elapsed=task.elapsed or 0.0,
            details=self._details,
        )


def show_report(terminal: Terminal, report: "TrainReport", *, json: bool) -> None:
    """Write what a run made, to stdout."""
    if json:
        terminal.print_json(report)
        return
    terminal.print(
        f"{report.weights}: {report.parameters:,} parameters, "
        f"{format_bytes(report.weights.stat().st_size)}, {counted(report.iterations, 'step')}, "
        f"{counted(report.clips_seen, 'clip')}, {format_duration(report.minutes * 60)}"
    )
    if report.scores:
        terminal.print(f"held-out clips: {', '.join(map(str, report.scores))}")
    if report.curves:
        terminal.print(f"{report.log}, {report.curves}")


def show_estimate(terminal: Terminal, plan: "TrainingPlan", *, json: bool) -> None:
    """Write what a run would take, to stdout."""
    if json:
        terminal.print_json(plan)
        return
    operations = ", ".join(
        f"{count:,.0f} at {scale}" for scale, count in plan.multiply_adds_per_pixel.items()
    )
    peak = "unknown" if plan.peak_bytes is None else f"{format_bytes(plan.peak_bytes)} at most"
    held_out = f", {counted(plan.held_out, 'clip')} held out" if plan.held_out else ""
    terminal.print_rows(
        [
            ("footage", f"{plan.footage}{held_out}"),
            ("network", f"{plan.parameters:,} parameters"),
            ("multiply-adds", f"{operations}, per input pixel"),
            ("memory", f"{peak}, {format_bytes(plan.footage_bytes)} of it for footage"),
            (
                "speed",
                f"{plan.samples_per_second:.2f} clips/s on {plan.device} in {plan.dtype}, "
                f"{plan.sampling_share:.0%} of the time spent on making clips",
            ),
            ("run", f"{plan.iterations:,} steps, {format_duration(plan.minutes * 60)}"),
        ]
    )
    for note in plan.notes:
        terminal.print(note)
