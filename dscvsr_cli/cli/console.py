"""The only module that prints: text, tables, JSON, errors and progress bars."""

import base64
import contextlib
import dataclasses
import io
import json
import logging
import math
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from types import MappingProxyType
from typing import IO, Any, Literal, cast

import typer
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

from dscvsr_cli.cli.output_stream import OutputStream, printable
from dscvsr_cli.cli.progress_line import LineColumn, LineContent
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


_PACKAGE_LOGGER = "dscvsr_cli"


_BEYOND_JSON = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON leaves as it is, and terminals obey or cannot show."""


def _console(name: Literal["stdout", "stderr"]) -> Console:
    # rich asks for no more than OutputStream has, although it declares a whole file.
    return Console(file=cast("IO[str]", OutputStream(name)), highlight=False)


class Terminal:
    """Where a command writes: results to stdout, everything about the run to stderr.

    rich keeps colours out of pipes and honours NO_COLOR.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        stdout_is_taken: bool = False,
        json: bool = False,
        files: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Open both streams.

        Args:
            quiet: Show only errors and asked-for JSON.
            stdout_is_taken: Write results to stderr too, for stdout carries a video.
            json: Write JSON lines to stdout instead of everything but errors.
            files: Where values of options come from that the command line does not give.
        """
        self.files = files
        self.quiet = quiet
        self.json = json
        self._bar: Progress | None = None
        self._warned: set[str] = set()
        # Several jobs may run at the same time.
        self._one_line = threading.Lock()
        self._out = _console("stderr" if stdout_is_taken else "stdout")
        self._err = _console("stderr")

    def print(self, text: str = "") -> None:
        """Write one line of a result to stdout: brackets are no markup, long lines stay whole.

        A line break in the text is shown as one, so that no name of a file passes for a result.
        """
        if not self.quiet and not self.json:
            self._results.print(Text(printable(text)), soft_wrap=True)

    def print_lines(self, text: str) -> None:
        """Write a result of several lines to stdout, such as a file's content."""
        for line in text.split("\n"):
            self.print(line)

    def note(self, text: str) -> None:
        """Write one line about the run to stderr."""
        if not self.quiet and not self.json:
            self._err.print(Text(printable(text)), soft_wrap=True)

    def begin_job(self) -> None:
        """Forget what the job before was warned of."""
        self._warned.clear()

    def warn_once(self, text: str) -> None:
        """Write a warning, unless the job has been warned so already.

        An output is opened twice, once before the work, and many encoders make its segments: each
        of them logs what it meets.
        """
        if text not in self._warned:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Write a warning to stderr, or as a JSON line."""
        self._warned.add(text)
        if self.json:
            self.emit("event", kind="warning", message=text)
        elif not self.quiet:
            self._say("warning", "yellow", text)

    def error(self, error: DscvsrError) -> None:
        """Write an error and its next step to stderr, also if ``quiet``, and as a JSON line."""
        if self.json:
            self.emit(
                "error",
                kind=type(error).__name__,
                exit_code=error.exit_code,
                message=error.message,
                hint=error.hint,
            )
        self._say("error", "bold red", error.headline)
        for line in error.details:
            self._err.print(Text(f"  {printable(line)}"), soft_wrap=True)
        if error.hint:
            self._say("hint", "bold", error.hint)

    def results_lost(self, error: OSError) -> None:
        """Write to stderr, also if ``quiet``, what keeps stdout from being written."""
        reason = error.strerror or str(error)
        self._say("error", "bold red", f"standard output cannot be written: {reason}")
        self._say("hint", "bold", "what is printed is lost; the work itself goes on")

    def print_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows as aligned columns to stdout."""
        shown = [[printable(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        for row in shown:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.print("  ".join(cells).rstrip())

    def print_json(self, report: object) -> None:
        """Write a report as JSON to stdout, even if ``quiet``: it was asked for."""
        self.print_json_text(json.dumps(jsonable(report), allow_nan=False, ensure_ascii=False))

    def emit(self, kind_of_line: str, /, **values: object) -> None:
        """Write one JSON object as one line to stdout; ``quiet`` leaves out progress and events."""
        if self.quiet and kind_of_line in ("progress", "event"):
            return
        line = json.dumps({"type": kind_of_line, **jsonable(values)}, allow_nan=False)
        # In ASCII, which no name of a file and no encoding of stdout can break.
        with self._one_line:
            self._out.file.write(line + "\n")
            self._out.file.flush()

    def print_json_text(self, text: str) -> None:
        """Write JSON that is already text to stdout, even if ``quiet``."""
        laid_out = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        # JSON's own escapes: what reads it gets the text as it was.
        shown = _BEYOND_JSON.sub(lambda sign: f"\\u{ord(sign[0]):04x}", laid_out)
        self._out.print(JSONHighlighter()(shown), soft_wrap=True)

    def _say(self, what: str, style: str, text: str) -> None:
        self._err.print(Text.assemble((f"{what}: ", style), printable(text)), soft_wrap=True)

    @property
    def is_live(self) -> bool:
        """Whether stderr is a terminal, where lines can be rewritten."""
        return self._err.is_terminal and not self.quiet and not self.json

    def bar(self, column: ProgressColumn) -> Progress:
        """Return a bar on stderr that is not started yet; in a pipe, or ``quiet``, it is silent.

        While it runs, everything that this terminal prints appears above it, and nothing of it
        stays when it stops.
        """
        self._bar = Progress(column, console=self._err, disable=not self.is_live, transient=True)
        return self._bar

    @contextmanager
    def frame_progress(
        self, description: str, *, total: int | None = None
    ) -> Iterator["FrameProgress"]:
        """Show a bar on stderr while frames are done; in a pipe, or ``quiet``, nothing.

        Args:
            description: What is being done, one or two words.
            total: Frames in all, if known.
        """
        with self.bar(LineColumn(_frames_shown)) as progress:
            yield FrameProgress(progress, description, total)

    @property
    def _results(self) -> Console:
        """The console for results: the bar's own while a bar is on the same screen."""
        bar_is_there = self._bar is not None and self._bar.live.is_started
        return self._err if bar_is_there and self._out.is_terminal else self._out


class FrameProgress:
    """A running bar; call it with the frames done so far, and the total once that is known."""

    def __init__(self, progress: Progress, description: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total)

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show that ``done`` frames are finished; a ``total`` given once is kept."""
        self._progress.update(self._task, completed=done, total=total)


def _frames_shown(task: Task) -> LineContent:
    """Return what a line says about a task that counts frames, all of the same work."""
    known = task.total is not None
    return LineContent(
        description=task.description,
        done=int(task.completed),
        total=int(task.total) if task.total is not None else None,
        share=task.completed / task.total if task.total else None,
        rate=task.finished_speed or task.speed,
        left=None if task.finished or not known else task.time_remaining,
        elapsed=task.elapsed or 0.0,
    )


class _TerminalHandler(logging.Handler):
    """Shows the library's warnings, each once for a job, without tearing a bar apart."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.WARNING)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        self._terminal.warn_once(record.getMessage())


def open_terminal(
    *,
    quiet: bool = False,
    stdout_is_taken: bool = False,
    json: bool = False,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Terminal:
    """Return a terminal that also shows what the library logs as warnings."""
    terminal = Terminal(quiet=quiet, stdout_is_taken=stdout_is_taken, json=json, files=files)
    logger = logging.getLogger(_PACKAGE_LOGGER)
    for handler in list(logger.handlers):
        if isinstance(handler, _TerminalHandler):
            logger.removeHandler(handler)
    logger.addHandler(_TerminalHandler(terminal))
    return terminal


def jsonable(value: object) -> Any:
    """Return ``value`` in the types JSON knows.

    Dataclasses become objects, enums their values, bytes base64, numbers that are not finite null,
    and anything else (paths, fractions, devices) its text.
    """
    result: Any = str(value)
    match value:
        case Enum():
            result = jsonable(value.value)
        case None | bool() | int() | str():
            result = value
        case float():
            result = value if math.isfinite(value) else None
        case bytes():
            result = base64.b64encode(value).decode("ascii")
        case Mapping():
            result = {str(key): jsonable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            result = [jsonable(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = (field.name for field in dataclasses.fields(value))
            result = {name: jsonable(getattr(value, name)) for name in names}
    return result
