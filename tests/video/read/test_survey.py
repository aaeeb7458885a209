"""A pass over the packets finds what no header says: restarted clocks, tracks that come late."""

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.video.info import ClockJumps
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.read.survey import survey
from dscvsr_cli.video.span import TimeSpan
from tests.clips import Clip, render
from tests.transport import joined, late_track, other_pids_midway, without_pid

PTS = tuple(range(0, 25 * 512, 512))
GROUPS = (("crf", "20"), ("preset", "ultrafast"), ("g", "12"), ("bf", "2"), ("b_strategy", "0"))
PART = Clip(suffix=".ts", pts=PTS, options=GROUPS, sound_seconds=1.0, sound_encoder="ac3")
PARTS = {
    "transport stream": PART,
    "program stream": replace(
        PART,
        suffix=".mpg",
        encoder="mpeg2video",
        time_base=Fraction(1, 25),
        pts=tuple(range(25)),
        options=(("g", "12"), ("bf", "2")),
    ),
    "without audio": replace(PART, sound_seconds=0.0),
}


@pytest.mark.parametrize("kind", PARTS)
def test_joined_recordings_are_read_one_after_the_other(kind: str, tmp_path: Path) -> None:
    path = joined([PARTS[kind]] * 3, tmp_path)

    with VideoReader(path) as reader:
        frames = list(reader)
    info = reader.info

    seconds = [frame.pts * info.time_base for frame in frames]
    steps = [later - now for now, later in itertools.pairwise(seconds)]
    assert len(frames) == 75
    assert len(info.jumps.seconds) == 2
    assert all(0.039 < step < 0.041 for step in (*steps[:24], *steps[25:49], *steps[50:]))
    assert all(0.039 < step < 0.15 for step in (steps[24], steps[49]))
    assert info.duration_seconds == pytest.approx(float(seconds[-1] - seconds[0]) + 0.04, abs=0.15)


def test_a_span_counts_on_the_clock_as_it_is_carried_on(tmp_path: Path) -> None:
    path = joined([PART, PART], tmp_path)
    with VideoReader(path) as reader:
        whole = [frame.pts for frame in reader]
    info = reader.info
    start = whole[30] * info.time_base - info.start_seconds

    with VideoReader(path, ReadOptions(span=TimeSpan(start, start + 1))) as reader:
        assert [frame.pts for frame in reader] == whole[30:]


def test_a_clock_that_only_goes_forward_is_left_alone(tmp_path: Path) -> None:
    later = replace(PART, pts=tuple(pts + 2 * 12800 for pts in PTS), sound_start=2 * 48000)

    assert survey(joined([PART, later], tmp_path)).jumps == ClockJumps()
    assert survey(render(PART, tmp_path)).jumps == ClockJumps()


def test_a_track_that_appears_midway_is_found(tmp_path: Path) -> None:
    late = survey(late_track(tmp_path)).late_streams

    assert [(stream.kind, stream.codec) for stream in late] == [("audio", "ac3")]
    assert late[0].begins_seconds == pytest.approx(3.0, abs=0.05)


def test_a_track_that_is_announced_and_never_comes_is_unreadable(tmp_path: Path) -> None:
    path = without_pid(render(replace(PART, sound_tracks=2), tmp_path), 0x102)

    assert [stream.is_unreadable for stream in probe(path).other_streams] == [False, True]


def test_a_track_that_comes_after_the_file_has_been_looked_through_says_when(
    tmp_path: Path,
) -> None:
    info = probe(other_pids_midway(tmp_path))

    late = [stream for stream in info.other_streams if stream.is_unreadable]
    assert [(stream.kind, stream.codec) for stream in late] == [("video", "h264"), ("audio", "ac3")]
    for stream in late:
        assert stream.begins_seconds == pytest.approx(1.2, abs=0.03)


def test_a_track_that_begins_late_is_readable(tmp_path: Path) -> None:
    short = replace(PART, pts=tuple(range(0, 9 * 25 * 512, 5 * 512)), sound_seconds=9.0, rate=5)
    path = render(replace(short, sound_tracks=2), tmp_path)
    silent = without_pid(path, 0x102, until=0.9)

    assert [stream.is_unreadable for stream in probe(silent).other_streams] == [False, False]
