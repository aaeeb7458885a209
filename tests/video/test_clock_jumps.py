"""Where the clock of a file steps back all tracks move together, and nothing else moves."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.clock_jumps import PacketTimes, find_jumps
from dscvsr_cli.video.info import ClockJumps, StreamKind

FRAME, BLOCK = 40, 32
"""Milliseconds of a frame, and of a packet of audio."""


def packets(
    kind: StreamKind,
    times: Sequence[int],
    positions: Sequence[int],
    *,
    duration: int,
    keyframes: Sequence[int] = (0,),
) -> PacketTimes:
    stamps = np.array(times, dtype=np.int64)
    return PacketTimes(
        kind=kind,
        ticks_per_second=1000,
        shown=stamps,
        decoded=stamps,
        durations=np.full(len(times), duration, dtype=np.int64),
        positions=np.array(positions, dtype=np.int64),
        keyframes=np.isin(np.arange(len(times)), keyframes),
    )


def moved(jumps: ClockJumps, stream: int, times: Sequence[int]) -> list[Fraction]:
    seconds = []
    for number, time in enumerate(times):
        offset = Fraction(0)
        for change in jumps.changes:
            inside = change.until is None or number < change.until
            if change.stream == stream and change.packet <= number and inside:
                offset = change.seconds
        seconds.append(Fraction(time, 1000) + offset)
    return seconds


@given(lengths=st.lists(st.integers(2, 9), min_size=2, max_size=4), starts=st.data())
@settings(deadline=None)
def test_parts_follow_each_other_and_audio_stays_with_its_frames(
    lengths: list[int], starts: st.DataObject
) -> None:
    video: list[int] = []
    audio: list[int] = []
    places: tuple[list[int], list[int]] = ([], [])
    borders: list[tuple[int, int]] = []
    base, last = 0, 5000
    for seconds in lengths:
        start = starts.draw(st.integers(0, last - 1000))
        borders.append((len(video), len(audio)))
        last = start + 1000 * seconds
        frames, blocks = range(start, last, FRAME), range(start, last - BLOCK, BLOCK)
        video.extend(frames)
        audio.extend(blocks)
        for kept, own in zip(places, (frames, blocks), strict=True):
            kept.extend(base + time - start for time in own)
        base += 1000 * seconds

    jumps = find_jumps(
        {
            0: packets("video", video, places[0], duration=FRAME),
            1: packets("audio", audio, places[1], duration=BLOCK),
        }
    )

    shown, heard = moved(jumps, 0, video), moved(jumps, 1, audio)
    for times, duration in ((shown, FRAME), (heard, BLOCK)):
        steps = [later - now for now, later in itertools.pairwise(times)]
        assert min(steps) >= Fraction(duration, 1000)
    for first_frame, first_block in borders:
        assert shown[first_frame] - heard[first_block] == Fraction(
            video[first_frame] - audio[first_block], 1000
        )


def test_a_track_without_a_step_of_its_own_moves_from_the_keyframe_of_the_new_part() -> None:
    frames = list(range(0, 2000, FRAME))
    blocks = [*range(0, 1090, BLOCK), *range(1000, 2000, BLOCK)]
    old = len(range(0, 1090, BLOCK))
    # The audio of a part comes a little later in the file than its frames.
    places = [*(time + 50 for time in range(0, 1090, BLOCK))]
    places = [min(place, 990) for place in places]
    places += [time + 150 for time in range(1000, 2000, BLOCK)]

    jumps = find_jumps(
        {
            0: packets("video", frames, frames, duration=FRAME, keyframes=(0, 25)),
            1: packets("audio", blocks, places, duration=BLOCK),
        }
    )

    overlap = Fraction(blocks[old - 1] + BLOCK - 1000, 1000)
    first = {(change.stream, change.packet, change.seconds) for change in jumps.changes}
    assert first == {(0, 25, overlap), (1, old, overlap)}
    assert len(jumps.seconds) == 1


@pytest.mark.parametrize("leap", [-60_000, 3_600_000])
def test_a_few_damaged_times_are_no_jump(leap: int) -> None:
    times = list(range(100_000, 104_000, FRAME))
    damaged = [time + leap * (50 <= number < 53) for number, time in enumerate(times)]

    jumps = find_jumps({0: packets("video", damaged, times, duration=FRAME)})

    assert jumps.seconds == ()
    carried = moved(jumps, 0, damaged)
    assert all(now < later for now, later in itertools.pairwise(carried))
    assert carried[:50] == [Fraction(time, 1000) for time in times[:50]]
    assert carried[53:] == [Fraction(time, 1000) for time in times[53:]]


def test_a_pause_and_rounded_times_are_no_jump() -> None:
    times = [0, 40, 80, 79, 160, 10_000, 10_040]

    assert find_jumps({0: packets("audio", times, times, duration=FRAME)}) == ClockJumps()
