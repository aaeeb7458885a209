"""One line of progress, fitted to the width of the terminal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from dscvsr_cli.cli.output_stream import printable
from dscvsr_cli.cli.units import format_duration

_WIDEST_BAR = 30
_NARROWEST_BAR = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LineContent:
    """What a line of progress can say; what is None is left out."""

    description: str = ""
    done: int = 0
    total: int | None = None
    share: float | None = None
    """Share of the work that is done, in [0, 1]."""
    rate: float | None = None
    """Frames per second."""
    left: float | None = None
    """Seconds left."""
    elapsed: float = 0.0
    """Seconds since the start."""
    tasks: int | None = None
    """Tasks that are being worked on, if there can be several."""
    details: tuple[str, ...] = ()
    """What to say instead of frames and their rate, the most important first."""


def progress_line(shown: LineContent, width: int, *, ascii_only: bool = False) -> Text:
    """Return one line of at most ``width`` columns; the time left is the last thing to go.

    Args:
        shown: What there is to say.
        width: Columns of the terminal.
        ascii_only: Draw the bar with characters that every terminal has.
    """
    for parts, with_bar in _layouts(shown):
        texts = [printable(part) for part in parts if part]
        taken = sum(len(text) for text in texts) + 2 * (len(texts) - 1)
        room = width - taken - 2
        if with_bar and shown.share is not None and room >= _NARROWEST_BAR:
            bar = _bar(shown.share, min(_WIDEST_BAR, room), ascii_only=ascii_only)
            is_described = bool(parts[0]) and parts[0] == shown.description
            before, after = (texts[:1], texts[1:]) if is_described else ([], texts)
            return Text("  ").join([*map(Text, before), bar, *map(Text, after)])
        if taken <= width and not (with_bar and shown.share is not None):
            return Text("  ".join(texts))
    return Text(format_left(shown)[:width])


def _layouts(shown: LineContent) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield what could be on the line, the richest first, each with whether a bar goes along."""
    percent = "" if shown.share is None else f"{min(shown.share, 1.0):4.0%}"
    count = f"{shown.done}" + ("" if shown.total is None else f"/{shown.total}")
    rate, short_rate = format_rate(shown.rate), format_rate(shown.rate, "f/s", "s/f")
    left = format_left(shown)
    if shown.details:
        for kept in range(len(shown.details), 0, -1):
            yield (shown.description, percent, *shown.details[:kept], left), True
        yield (percent, shown.details[0], left), False
        yield (percent, left), False
        return
    if shown.tasks is not None:
        yield (shown.description, percent, f"{count} frames", rate, format_tasks(shown), left), True
    yield (shown.description, percent, f"{count} frames", rate, left), True
    yield (shown.description, percent, count, short_rate, left), True
    yield (percent, count, short_rate, left), True
    yield (percent, count, short_rate, left), False
    yield (percent, count, left), False
    yield (percent, left), False


def format_rate(rate: float | None, unit: str = "frames/s", inverse: str = "s/frame") -> str:
    """Write frames per second, or seconds per frame if that reads better."""
    if not rate:
        return ""
    if rate < 0.1:
        return f"{1 / rate:.0f} {inverse}"
    decimals = 2 if rate < 10 else 1 if rate < 100 else 0
    return f"{rate:.{decimals}f} {unit}"


def format_tasks(shown: LineContent) -> str:
    """Write how many tasks are being worked on; nothing if there is only ever one."""
    return "" if shown.tasks is None else f"{shown.tasks} task{'' if shown.tasks == 1 else 's'}"


def format_left(shown: LineContent) -> str:
    """Write the time left; the time passed if it is unknown."""
    if shown.left is None:
        return f"{format_duration(shown.elapsed)} elapsed"
    return f"{format_duration(shown.left)} left"


def _bar(share: float, width: int, *, ascii_only: bool) -> Text:
    full, empty = ("#", "-") if ascii_only else ("━", "─")
    done = round(min(share, 1.0) * width)
    return Text.assemble((full * done, "green"), (empty * (width - done), "dim"))


class LineColumn(ProgressColumn):
    """A column that fills the terminal with one ``progress_line``.

    Args:
        describe: Turns a task into what is shown.
    """

    def __init__(self, describe: Callable[[Task], LineContent]) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._describe = describe

    def render(self, task: Task) -> "_Line":
        """Return the line of a task, still to be fitted to the terminal."""
        return _Line(self._describe(task))


@dataclass(frozen=True, slots=True)
class _Line:
    shown: LineContent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = progress_line(self.shown, console.width - 1, ascii_only=options.ascii_only)
        line.no_wrap, line.overflow = True, "crop"
        yield line
