"""The only module that prints: text, tables, JSON, errors and progress bars."""

import contextlib
import dataclasses
import io
import json
import logging
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from dscvsr_cli.errors import DscvsrError


@contextlib.contextmanager
def until_pipe_closes() -> Iterator[None]:
    """Exit quietly when the reader of a pipe closes it, as head does.

    Raises:
        typer.Exit: The block found the pipe closed.
    """
    try:
        yield
    except BrokenPipeError as error:
        # Otherwise Python complains while it ends that what it still holds cannot be written.
        with contextlib.suppress(OSError, ValueError):
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, sys.stdout.fileno())
            os.close(sink)
        raise typer.Exit(0) from error


def accept_any_text() -> None:
    """Let stdout and stderr take what they cannot encode, such as file names that are not UTF-8.

    It is written with backslashes, as Python does on stderr; in JSON these are valid escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_PACKAGE_LOGGER = "dscvsr_cli"


class Terminal:
    """Where a command writes: results to stdout, everything about the run to stderr.

    rich keeps colours out of pipes and honours NO_COLOR.
    """

    def __init__(self, *, quiet: bool = False, stdout_is_taken: bool = False) -> None:
        """Open both streams.

        Args:
            quiet: Show only errors and asked-for JSON.
            stdout_is_taken: Write results to stderr too, for stdout carries a video.
        """
        self.quiet = quiet
        self._out = Console(stderr=stdout_is_taken, highlight=False)
        self._err = Console(stderr=True, highlight=False)

    def print(self, text: str = "") -> None:
        """Write a result to stdout, as it is: brackets are no markup, long lines stay whole."""
        if not self.quiet:
            self._out.print(Text(text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Write something about the run to stderr."""
        if not self.quiet:
            self._err.print(Text(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Write a warning to stderr."""
        if not self.quiet:
            self._err.print(Text.assemble(("warning: ", "yellow"), text), soft_wrap=True)

    def error(self, error: DscvsrError) -> None:
        """Write an error and its next step to stderr, also where ``quiet``."""
        self._err.print(Text.assemble(("error: ", "bold red"), error.message), soft_wrap=True)
        if error.hint:
            self._err.print(Text.assemble(("hint: ", "bold"), error.hint), soft_wrap=True)

    def print_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows as aligned columns to stdout."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.print("  ".join(cells).rstrip())

    def print_json(self, report: object) -> None:
        """Write a report as JSON to stdout, even if ``quiet``: it was asked for."""
        self._out.print_json(json.dumps(jsonable(report), allow_nan=False, ensure_ascii=False))

    def print_json_text(self, text: str) -> None:
        """Write JSON that is already text to stdout, even if ``quiet``."""
        self._out.print_json(text)

    @property
    def is_live(self) -> bool:
        """Whether stderr is a terminal, where lines can be rewritten."""
        return self._err.is_terminal and not self.quiet

    def progress(self, *columns: str | ProgressColumn) -> Progress:
        """Return a bar on stderr that is not started yet; in a pipe, or ``quiet``, it is silent."""
        return Progress(*columns, console=self._err, disable=not self.is_live)

    @contextmanager
    def frame_progress(
        self, description: str, *, total: int | None = None
    ) -> Iterator["FrameProgress"]:
        """Show a bar on stderr while frames are done; in a pipe, or ``quiet``, nothing.

        Args:
            description: What is being done, one or two words.
            total: Frames in all, where known.
        """
        progress = self.progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            _FramesColumn(),
            _SpeedColumn(),
            _TimeColumn(),
        )
        with progress:
            yield FrameProgress(progress, description, total)


class FrameProgress:
    """A running bar; call it with the frames done so far, and the total once that is known."""

    def __init__(self, progress: Progress, description: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total)

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show that ``done`` frames are finished; a ``total`` given once is kept."""
        self._progress.update(self._task, completed=done, total=total)


class _FramesColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Write frames done, of how many."""
        of = "" if task.total is None else f"/{int(task.total)}"
        return Text(f"{int(task.completed)}{of} frames")


class _SpeedColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Write frames per second, once there is something to measure."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} frames/s", style="cyan")


class _TimeColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Write the time left; the time passed where the total is unknown or reached."""
        if task.total is None or task.finished:
            return Text(f"{format_duration(task.elapsed or 0.0)} elapsed")
        left = task.time_remaining
        return Text("" if left is None else f"{format_duration(left)} left")


class _TerminalHandler(logging.Handler):
    """Shows the library's warnings without tearing a bar apart."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.WARNING)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        self._terminal.warn(record.getMessage())


def open_terminal(*, quiet: bool = False, stdout_is_taken: bool = False) -> Terminal:
    """Return a terminal that also shows what the library logs as warnings."""
    terminal = Terminal(quiet=quiet, stdout_is_taken=stdout_is_taken)
    logger = logging.getLogger(_PACKAGE_LOGGER)
    for handler in list(logger.handlers):
        if isinstance(handler, _TerminalHandler):
            logger.removeHandler(handler)
    logger.addHandler(_TerminalHandler(terminal))
    return terminal


def format_bytes(size_bytes: int) -> str:
    """Write a number of bytes in decimal units with three digits: ``1.23 MB``."""
    value = float(size_bytes)
    for unit in _BYTE_UNITS:
        # 999.5 would be written as 1000 with three digits: the next unit reads better.
        if abs(value) < 999.5 or unit == _BYTE_UNITS[-1]:
            break
        value /= 1000
    if unit == "B":
        return f"{size_bytes} B"
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{decimals}f} {unit}"


def format_duration(seconds: float) -> str:
    """Write a time span: ``4.2 s`` below ten seconds, else ``0:42``, else ``1:02:03``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, whole_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole_seconds:02}" if hours else f"{minutes}:{whole_seconds:02}"


def jsonable(value: object) -> Any:
    """Return ``value`` in the types JSON knows.

    Dataclasses become objects, enums their values, numbers that are not finite null, and anything
    else (paths, fractions, devices) its text.
    """
    result: Any = str(value)
    match value:
        case Enum():
            result = jsonable(value.value)
        case None | bool() | int() | str():
            result = value
        case float():
            result = value if math.isfinite(value) else None
        case Mapping():
            result = {str(key): jsonable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            result = [jsonable(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = (field.name for field in dataclasses.fields(value))
            result = {name: jsonable(getattr(value, name)) for name in names}
    return result
