"""The line of progress at every width, and what is written where there is no terminal."""

import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.progress import Progress

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.progress_bar import JobBar
from dscvsr_cli.cli.progress_line import LineContent, progress_line
from dscvsr_cli.pipelines.upscale.progress import JobProgress

LONG = LineContent(
    description="upscaling 12/250",
    done=123456,
    total=172800,
    share=0.714,
    rate=0.46,
    left=107321.0,
    elapsed=99999.0,
)
SHORT = LineContent(description="upscaling", done=12, total=72, share=0.17, rate=2.1, left=31.0)


@pytest.mark.parametrize("width", [50, 80, 110, 120, 200])
@pytest.mark.parametrize("shown", [LONG, SHORT])
def test_the_time_left_is_there_at_every_width(shown: LineContent, width: int) -> None:
    line = progress_line(shown, width).plain
    assert len(line) <= width
    assert line.endswith("29:48:41 left" if shown is LONG else "0:31 left")


@pytest.mark.parametrize("width", [50, 80, 120])
def test_a_bar_is_there_at_every_usual_width(width: int) -> None:
    assert "━" in progress_line(SHORT, width).plain
    assert "#" in progress_line(SHORT, width, ascii_only=True).plain


def test_a_wide_terminal_shows_everything() -> None:
    line = progress_line(LONG, 120).plain
    for part in ("upscaling 12/250", "71%", "123456/172800 frames", "0.46 frames/s", "left"):
        assert part in line


def test_a_slow_network_is_reported_in_seconds_per_frame() -> None:
    assert (
        "25 s/frame" in progress_line(LineContent(done=1, total=9, share=0.1, rate=0.04), 100).plain
    )


@settings(deadline=None)
@given(
    st.builds(
        LineContent,
        description=st.text("abc ", max_size=30),
        done=st.integers(0, 10**7),
        total=st.none() | st.integers(1, 10**7),
        share=st.none() | st.floats(0, 1.2),
        rate=st.none() | st.floats(0, 1e4),
        left=st.none() | st.floats(0, 1e7),
        elapsed=st.floats(0, 1e7),
        details=st.just(()) | st.just(("step 120", "total 0.01234", "rate 1.0e-03")),
    ),
    st.integers(16, 240),
)
def test_no_line_is_wider_than_the_terminal(shown: LineContent, width: int) -> None:
    assert len(progress_line(shown, width).plain) <= width


def job_progress(seconds: float, share: float) -> JobProgress:
    return JobProgress(
        frames_done=int(share * 100),
        frames_total=100,
        share=share,
        frames_per_second=2.5,
        seconds_left=(1 - share) * 100,
        seconds=seconds,
    )


def lines_of(times: list[tuple[float, float]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    with JobBar(Terminal(), "upscaling").running() as bar:
        for seconds, share in times:
            bar(job_progress(seconds, share))
    return capsys.readouterr().err.splitlines()


def test_without_a_terminal_a_line_comes_every_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = lines_of([(second / 2, second / 2 / 1000) for second in range(101)], capsys)
    assert len(lines) == 5
    assert lines[0] == "upscaling: 1 of 100 frames, 1%, 2.50 frames/s, 1:39 left"


def test_without_a_terminal_a_line_comes_for_every_tenth_of_a_short_job(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = lines_of([(tick / 5, tick / 100) for tick in range(101)], capsys)
    assert 9 <= len(lines) <= 10


def test_a_very_short_job_writes_no_flood_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(lines_of([(tick / 50, tick / 100) for tick in range(101)], capsys)) <= 2


def test_a_long_job_writes_fewer_lines(capsys: pytest.CaptureFixture[str]) -> None:
    day = 24 * 3600
    lines = lines_of([(second, second / day) for second in range(0, day, 2)], capsys)
    assert len(lines) < 600


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [50, 80, 120])
def test_lines_stand_above_the_bar_and_nothing_of_it_stays(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(width))
    # One screen, as a terminal is for both streams.
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", screen)
    terminal = Terminal()
    with JobBar(terminal, "upscaling").running() as bar:
        bar(job_progress(3.0, 0.5))
        assert isinstance(terminal._bar, Progress)
        terminal._bar.refresh()
        assert "0:50 left" in screen.getvalue() or "0:49 left" in screen.getvalue()
        terminal.print("the plan")
        terminal.warn("careful")
    terminal.print("the report")
    left = rendered(screen.getvalue(), width)
    assert [line for line in left if line] == ["the plan", "warning: careful", "the report"]


def rendered(written: str, width: int) -> list[str]:
    """What a terminal shows at the end: only the codes that rich writes around a bar."""
    rows, row, column = [""], 0, 0
    position = 0
    while position < len(written):
        if written.startswith("\x1b[", position):
            end = position + 2
            while not written[end].isalpha():
                end += 1
            arguments, code = written[position + 2 : end], written[end]
            if code == "K":
                rows[row] = "" if arguments == "2" else rows[row][:column]
            elif code == "A":
                row = max(0, row - int(arguments or 1))
            position = end + 1
            continue
        character = written[position]
        position += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row, column = row + 1, 0
            rows += [""] * (row + 1 - len(rows))
        else:
            rows[row] = rows[row][:column].ljust(column) + character + rows[row][column + 1 :]
            column += 1
            assert column <= width
    return [line.rstrip() for line in rows]
