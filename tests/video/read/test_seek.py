"""Seeking: a span holds exactly the frames that begin in it, whatever the file's index."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import Clip, render, render_kind

PTS = tuple(range(0, 60 * 512, 512))
GROUPS = (("crf", "20"), ("preset", "ultrafast"), ("g", "12"), ("bf", "3"), ("b_strategy", "0"))
MILLISECONDS = tuple(range(0, 60 * 40, 40))

FILES = {
    "mp4": Clip(pts=PTS, options=GROUPS),
    "mp4 with open groups": Clip(
        pts=PTS, options=(*GROUPS, ("x264-params", "open-gop=1:keyint=12"))
    ),
    "mkv": Clip(suffix=".mkv", time_base=Fraction(1, 1000), pts=MILLISECONDS, options=GROUPS),
    "ts": Clip(suffix=".ts", pts=PTS, options=GROUPS, sound_seconds=1.0),
    "raw stream": Clip(suffix=".h264", pts=PTS, options=GROUPS),
    "avi": Clip(suffix=".avi", encoder="mpeg4", pts=PTS, options=(("g", "12"), ("bf", "2"))),
    "mpeg": Clip(
        suffix=".mpg",
        encoder="mpeg2video",
        time_base=Fraction(1, 25),
        pts=tuple(range(60)),
        options=(("g", "12"), ("bf", "2")),
    ),
    "late start": Clip(pts=tuple(12801 + pts for pts in PTS), options=GROUPS, sound_seconds=0.2),
    "variable rate": Clip(pts=tuple(index * index * 40 for index in range(60)), options=GROUPS),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_span_is_the_same_pictures_as_in_the_whole(kind: str, tmp_path: Path) -> None:
    path = render(FILES[kind], tmp_path)
    with VideoReader(path) as reader:
        whole = list(reader)
    info = reader.info
    seconds = [frame.pts * info.time_base - info.start_seconds for frame in whole]
    for first, last in ((25, 31), (36, 37), (0, 5), (55, None)):
        span = TimeSpan(max(seconds[first], Fraction(0)), None if last is None else seconds[last])
        with VideoReader(path, ReadOptions(span=span)) as reader:
            part = list(reader)
        assert [frame.pts for frame in part] == [frame.pts for frame in whole[first:last]]
        for one, other in zip(part, whole[first:last], strict=True):
            assert torch.equal(one.pixels, other.pixels)
        assert reader.damaged_frames == 0


def test_a_span_between_two_pictures_begins_with_the_next(tmp_path: Path) -> None:
    path = render(Clip(pts=(0, 12800, 25600, 38400)), tmp_path)
    span = TimeSpan(Fraction(1, 1000), Fraction(5, 2))
    with VideoReader(path, ReadOptions(span=span)) as reader:
        assert [frame.pts for frame in reader] == [12800, 25600]


def test_seconds_count_from_where_players_show_zero(tmp_path: Path) -> None:
    # The picture of this clip starts a second after its sound, on the clock of the file.
    path = render_kind("late start", tmp_path)
    with VideoReader(path) as reader:
        assert reader.info.start_seconds == 0
    with VideoReader(path, ReadOptions(span=TimeSpan(Fraction(1)))) as reader:
        assert next(iter(reader)).pts == 12801
    silent = render(Clip(suffix=".ts", pts=tuple(range(12800, 16896, 512))), tmp_path)
    with VideoReader(silent, ReadOptions(span=TimeSpan(Fraction(0), Fraction(1, 25)))) as reader:
        assert reader.info.start_seconds >= 1
        assert len(list(reader)) == 1


def test_a_span_behind_the_end_is_refused_with_the_length(tmp_path: Path) -> None:
    path = render_kind("constant", tmp_path)
    options = ReadOptions(span=TimeSpan(Fraction(60)))
    with (
        VideoReader(path, options) as reader,
        pytest.raises(InputVideoError, match=r"0\.32 s long"),
    ):
        list(reader)


def test_damage_outside_of_the_span_does_not_count(tmp_path: Path) -> None:
    clip = Clip(suffix=".mkv", encoder="mpeg4", pts=PTS, options=(("g", "10"), ("b", "2000000")))
    path = render(clip, tmp_path)
    content = bytearray(path.read_bytes())
    for index in range(int(len(content) * 0.7), int(len(content) * 0.8)):
        content[index] ^= 0xA5
    path.write_bytes(bytes(content))
    options = ReadOptions(span=TimeSpan(Fraction(0), Fraction(1)), strict=True)
    with VideoReader(path, options) as reader:
        assert len(list(reader)) == 25
