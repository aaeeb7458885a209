"""Parts of a file: chapters and subtitles are cut to the span, as the frames are."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from tests.clips import Clip, render
from tests.commands import upscale
from tests.helpers import decoded_seconds

FILM = Clip(
    suffix=".mkv",
    width=32,
    height=32,
    rate=10,
    time_base=Fraction(1, 1000),
    pts=tuple(range(0, 6000, 100)),
    text_ms=2000,
    chapters=("Eins ä", "二", "Три 🎬"),
    subtitles=("one", "two", "three"),
)


def chapters(path: Path) -> list[tuple[str, float, float]]:
    with av.open(str(path)) as container:
        return [
            (
                one["metadata"]["title"],
                float(one["start"] * (one["time_base"] or 0)),
                float(one["end"] * (one["time_base"] or 0)),
            )
            for one in container.chapters()
        ]


def subtitles(path: Path) -> list[tuple[bytes, float, float]]:
    """Return the text, the begin and the end of every subtitle that is not an empty pause."""
    with av.open(str(path)) as container:
        return [
            (
                bytes(packet),
                float((packet.pts or 0) * packet.time_base),
                float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base),
            )
            for packet in container.demux(container.streams.subtitles[0])
            if packet.size > 2
        ]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_chapters_are_cut_to_the_span(suffix: str, tmp_path: Path) -> None:
    source, target = render(FILM, tmp_path), tmp_path / f"out{suffix}"

    assert upscale(source, target, "--start", "3", "--end", "5") == 0

    assert len(decoded_seconds(target)) == 20
    assert chapters(target) == [("二", 0.0, 1.0), ("Три 🎬", 1.0, 2.0)]


def test_a_span_from_the_beginning_or_to_the_end_cuts_one_side(tmp_path: Path) -> None:
    source = render(FILM, tmp_path)

    assert upscale(source, tmp_path / "head.mkv", "--end", "1.5") == 0
    assert upscale(source, tmp_path / "tail.mkv", "--start", "5.5") == 0

    assert chapters(tmp_path / "head.mkv") == [("Eins ä", 0.0, 1.5)]
    assert chapters(tmp_path / "tail.mkv") == [("Три 🎬", 0.0, 0.5)]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_subtitle_that_is_showing_at_the_start_is_kept_shortened(
    suffix: str, tmp_path: Path
) -> None:
    # The lines are shown from 0 to 1.6 s, from 2 to 3.6 s and from 4 to 5.6 s.
    source, target = render(FILM, tmp_path), tmp_path / f"out{suffix}"

    assert upscale(source, target, "--start", "3", "--end", "5") == 0

    shown = subtitles(target)
    assert [text.lstrip(b"\0\x03\x05") for text, _, _ in shown] == [b"two", b"three"]
    assert [times for _, *times in shown] == [[0.0, 0.6], [1.0, 2.0]]


def test_a_subtitle_that_has_ended_before_the_start_is_left_out(tmp_path: Path) -> None:
    source, target = render(FILM, tmp_path), tmp_path / "out.mkv"

    assert upscale(source, target, "--start", "3.7", "--end", "5") == 0

    assert [text for text, _, _ in subtitles(target)] == [b"three"]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
@pytest.mark.parametrize("span", [("--start", "3", "--end", "5"), ("--end", "2.5")])
def test_a_part_is_verified_against_the_part_it_was_made_from(
    span: tuple[str, ...], suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = FILM if suffix != ".ts" else replace(FILM, chapters=(), subtitles=())
    source = render(replace(clip, sound_seconds=6.0, sound_encoder="ac3"), tmp_path)
    target = tmp_path / f"out{suffix}"
    assert upscale(source, target, *span, "--drop-unsupported") == 0
    capfd.readouterr()

    verify = ["verify", str(source), str(target)]
    assert main([*verify, *span]) == 0
    told = capfd.readouterr().out
    assert " 0 lost, " in told
    assert not [line for line in told.splitlines() if "frame" in line and "ok" not in line]
    assert "moved by" not in told

    assert main([*verify, "--start", "1", "--end", "2"]) == 1
