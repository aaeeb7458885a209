"""What is printed, and where."""

import io
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.cli.console import Terminal, jsonable, open_terminal
from dscvsr_cli.cli.units import format_duration
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.geometry import Size
from dscvsr_cli.wording import format_bytes


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (1234567, "1.23 MB"),
        (9_999_999, "10.0 MB"),
        (12_345_678, "12.3 MB"),
        (999_600_000, "1.00 GB"),
        (123_400_000_000, "123 GB"),
    ],
)
def test_bytes_have_three_digits_and_a_unit(size_bytes: int, text: str) -> None:
    assert format_bytes(size_bytes) == text


@settings(deadline=None)
@given(st.integers(0, 10**16))
def test_bytes_read_back_within_half_a_percent(size_bytes: int) -> None:
    number, unit = format_bytes(size_bytes).split()
    power = ("B", "kB", "MB", "GB", "TB", "PB").index(unit)
    assert float(number) * 1000**power == pytest.approx(size_bytes, rel=0.0051)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (4.25, "4.2 s"),
        (9.96, "0:10"),
        (59.6, "1:00"),
        (3599.7, "1:00:00"),
        (3723, "1:02:03"),
    ],
)
def test_durations_are_seconds_then_clock_time(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Report:
    path: Path
    size: Size
    rate: Fraction
    colour: Colour
    scores: tuple[float, ...]
    extra: dict[str, None]


def test_a_report_becomes_json_whole(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(
        path=Path("clip [1].mp4"),
        size=Size(height=2, width=3),
        rate=Fraction(24000, 1001),
        colour=Colour.RED,
        scores=(1.5, float("inf"), float("nan")),
        extra={"none": None},
    )
    Terminal(quiet=True).print_json([report])
    assert json.loads(capsys.readouterr().out) == [
        {
            "path": "clip [1].mp4",
            "size": {"height": 2, "width": 3},
            "rate": "24000/1001",
            "colour": "red",
            "scores": [1.5, None, None],
            "extra": {"none": None},
        }
    ]


def test_bytes_become_base64() -> None:
    assert jsonable({"profile": b"\x00ICC", "none": b""}) == {"profile": "AElDQw==", "none": ""}


def test_a_class_is_no_report() -> None:
    assert isinstance(jsonable(Report), str)


def test_results_go_to_stdout_and_everything_else_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    terminal.print("result [bold] " + "long " * 60)
    terminal.note("a note")
    terminal.warn("a warning")
    terminal.error(WeightsError("no [red]file", hint="look"))
    out, err = capsys.readouterr()
    assert out == "result [bold] " + "long " * 60 + "\n"
    assert err == "a note\nwarning: a warning\nerror: no [red]file\nhint: look\n"


def test_quiet_prints_errors_alone(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = open_terminal(quiet=True)
    terminal.print("result")
    terminal.note("note")
    logging.getLogger("dscvsr_cli.somewhere").warning("logged")
    with terminal.frame_progress("upscaling", total=3) as progress:
        progress(3)
    terminal.error(WeightsError("bad"))
    assert capsys.readouterr() == ("", "error: bad\n")


def test_warnings_of_the_library_appear_once(capsys: pytest.CaptureFixture[str]) -> None:
    open_terminal()
    open_terminal()
    logger = logging.getLogger("dscvsr_cli.engine.stream")
    logger.warning("less memory, %d tiles", 4)
    logger.info("not for people")
    assert capsys.readouterr().err == "warning: less memory, 4 tiles\n"


def test_a_warning_is_shown_once_for_each_job(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = open_terminal()
    logger = logging.getLogger("dscvsr_cli.video.write.encoder")
    for _ in range(2):
        terminal.begin_job()
        terminal.warn("planned")
        for text in ("logged", "planned", "logged"):
            logger.warning(text)
    assert capsys.readouterr().err == "warning: planned\nwarning: logged\n" * 2
    # What is shown on purpose is shown as often as that.
    terminal.warn("planned")
    assert capsys.readouterr().err == "warning: planned\n"


def test_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().print_rows([("a", "bb", "c"), ("ddd", "e", "")])
    Terminal().print_rows([])
    assert capsys.readouterr().out == "a    bb  c\nddd  e\n"


def test_a_bar_leaves_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal().frame_progress("upscaling", total=10) as progress:
        for done in range(11):
            progress(done)
    assert capsys.readouterr() == ("", "")


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def show_screen(monkeypatch: pytest.MonkeyPatch) -> Callable[[], _Screen]:
    """Turn stderr into a screen; called in the test, for pytest sets stderr anew before it."""

    def show() -> _Screen:
        for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "120")
        screen = _Screen()
        monkeypatch.setattr(sys, "stderr", screen)
        return screen

    return show


def test_a_bar_on_a_screen_counts_frames(show_screen: Callable[[], _Screen]) -> None:
    screen = show_screen()
    with Terminal().frame_progress("upscaling", total=7) as progress:
        progress(3)
        progress(7)
    assert "upscaling" in screen.getvalue()
    assert "7/7 frames" in screen.getvalue()
    assert "elapsed" in screen.getvalue()


def test_a_bar_without_a_total_shows_what_it_knows(show_screen: Callable[[], _Screen]) -> None:
    screen = show_screen()
    with Terminal().frame_progress("upscaling") as progress:
        progress(3)
    assert "3 frames" in screen.getvalue()
    assert "elapsed" in screen.getvalue()
    assert "left" not in screen.getvalue()


def test_a_total_that_comes_late_is_kept(show_screen: Callable[[], _Screen]) -> None:
    screen = show_screen()
    with Terminal().frame_progress("upscaling") as progress:
        progress(1, 5)
        progress(2)
    assert "2/5 frames" in screen.getvalue()


def test_no_color_is_honoured(
    show_screen: Callable[[], _Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = show_screen()
    Terminal().error(WeightsError("bad"))
    assert "\x1b[1;31m" in screen.getvalue()
    screen.truncate(0)
    monkeypatch.setenv("NO_COLOR", "1")
    Terminal().error(WeightsError("bad"))
    assert "31m" not in screen.getvalue()
