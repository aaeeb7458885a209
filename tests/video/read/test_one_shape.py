"""Frames that change their shape midway are fitted into the first one's; none is stretched."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.video.read.one_shape import Shape, fitted_size
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import Clip
from tests.transport import joined

X264 = (("crf", "10"), ("preset", "ultrafast"), ("bf", "2"), ("b_strategy", "0"))
FIRST = Clip(suffix=".ts", pts=tuple(range(0, 12 * 512, 512)), options=X264)


def later(**changes: object) -> Clip:
    return replace(FIRST, pts=tuple(12800 + pts for pts in FIRST.pts), **changes)  # type: ignore[arg-type]


def test_a_shape_is_fitted_without_stretching() -> None:
    square = Shape(96, 72, Fraction(1))

    assert fitted_size(Shape(96, 72, Fraction(4, 3)), square) == (96, 54)
    assert fitted_size(Shape(48, 36, Fraction(1)), square) == (96, 72)
    assert fitted_size(Shape(72, 96, Fraction(1)), square) == (54, 72)
    assert fitted_size(Shape(128, 72, Fraction(3, 4)), square) == (96, 72)


@pytest.mark.parametrize(
    ("second", "rows"),
    [
        (later(sample_aspect_ratio=Fraction(4, 3)), 36),
        (later(width=96, height=48), 32),
        (later(width=128, height=96), 48),
    ],
    ids=["wider pixels", "a wider frame", "a larger frame"],
)
def test_frames_of_another_shape_get_borders_and_one_warning(
    second: Clip, rows: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = joined([replace(FIRST, sample_aspect_ratio=Fraction(1)), second], tmp_path)

    with VideoReader(path) as reader:
        frames = list(reader)

    assert len(frames) == 24
    assert {tuple(frame.pixels.shape) for frame in frames} == {(3, 48, 64)}
    for number, frame in enumerate(frames):
        lit = (frame.pixels.amax(dim=(0, 2)) > 0.1).sum()
        assert abs(int(lit) - (48 if number < 12 else rows)) <= 1, number
    assert caplog.text.count("change their shape at 0.9") == 1


def test_a_span_behind_the_change_is_fitted_too(tmp_path: Path) -> None:
    second = later(sample_aspect_ratio=Fraction(4, 3))
    path = joined([replace(FIRST, sample_aspect_ratio=Fraction(1)), second], tmp_path)

    with VideoReader(path, ReadOptions(span=TimeSpan(Fraction(11, 10)))) as reader:
        frames = list(reader)

    assert frames
    for frame in frames:
        assert abs(int((frame.pixels.amax(dim=(0, 2)) > 0.1).sum()) - 36) <= 1
