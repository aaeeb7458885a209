"""Output times start at zero or later and rise; decoding times rise and are never late."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.timestamps import (
    Timeline,
    decode_times,
    last_decoding,
    reorder_depth,
    span_shift,
)
from tests.clips import picture, render_kind

TIMES = st.lists(st.integers(-5000, 50000), min_size=1, max_size=30)


@given(times=TIMES)
@settings(deadline=None)
def test_any_times_come_out_rising_from_zero_or_later(times: list[int]) -> None:
    timeline = Timeline(name=Path("clip"))
    placed = [timeline.place(pts) for pts in times]
    assert placed[0] == max(0, times[0])
    assert all(before < after for before, after in pairwise(placed))


@given(times=TIMES, stop=st.integers(0, 30))
@settings(deadline=None)
def test_a_timeline_taken_up_again_goes_on_as_if_nothing_had_happened(
    times: list[int], stop: int
) -> None:
    whole, first = Timeline(name=Path("clip")), Timeline(name=Path("clip"))
    placed = [first.place(pts) for pts in times[:stop]]
    second = Timeline(name=Path("clip"), shift=first.shift, last=first.last, moved=first.moved)
    placed += [second.place(pts) for pts in times[stop:]]
    assert placed == [whole.place(pts) for pts in times]
    assert (second.shift, second.moved) == (whole.shift, whole.moved)


def test_a_span_starts_at_zero_to_the_unit(tmp_path: Path) -> None:
    source: VideoInfo = probe(render_kind("constant", tmp_path))
    assert span_shift(source, TimeSpan(), source.time_base) == 0
    shift = span_shift(source, TimeSpan(Fraction(1, 10)), source.time_base)
    assert shift == -1280
    assert 0 <= Timeline(name=Path("clip"), shift=shift).place(1281) <= 1


@st.composite
def reordered(draw: st.DrawFn) -> list[int]:
    """Rising times, shuffled within small groups as B-frames are."""
    steps = draw(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
    times = [sum(steps[: index + 1]) for index in range(len(steps))]
    size = draw(st.integers(1, 5))
    groups = [times[i : i + size] for i in range(0, len(times), size)]
    return [time for group in groups for time in draw(st.permutations(group))]


@given(shown=reordered())
@settings(deadline=None)
def test_times_rise_and_no_picture_is_decoded_after_it_is_shown(shown: list[int]) -> None:
    times = decode_times(shown)
    assert len(times) == len(shown)
    assert all(before < after for before, after in pairwise(times))
    assert all(decoded <= at for decoded, at in zip(times, shown, strict=True))


@given(shown=reordered())
@settings(deadline=None)
def test_the_depth_is_the_least_that_keeps_pictures_in_time(shown: list[int]) -> None:
    depth, rising = reorder_depth(shown), sorted(shown)
    late = [
        index
        for index in range(depth, len(shown))
        if depth and rising[index - depth + 1] > shown[index]
    ]
    assert depth == 0 or late, "one place less would have done"


def test_pictures_in_order_are_decoded_when_they_are_shown() -> None:
    assert decode_times([0, 40, 81, 120]) == [0, 40, 81, 120]
    assert decode_times([]) == []


@given(shown=reordered(), last=st.integers(1, 10_000))
@settings(deadline=None)
def test_decoding_takes_as_long_as_what_is_shown(shown: list[int], last: int) -> None:
    rising = sorted(shown)
    gaps = dict(zip(rising, [b - a for a, b in pairwise(rising)] + [last], strict=True))
    times = decode_times(shown)

    at, duration = last_decoding(times, shown, [gaps[time] for time in shown])

    assert times[-1] <= at <= shown[-1]
    length = rising[-1] + last - rising[0]
    # A lead that is longer than all that follows leaves no time for the last packet.
    assert duration == max(1, length - (at - times[0]))
    assert duration > 1 or at - times[0] >= length - 1


def test_a_regular_video_ends_its_decoding_regularly() -> None:
    shown = [0, 120, 40, 80, 200, 160]
    assert last_decoding(decode_times(shown), shown, [40] * 6) == (decode_times(shown)[-1], 40)


def test_they_are_the_times_that_an_encoder_gives() -> None:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 12800), Fraction(25)
    context.options = {
        "bf": "2",
        "b_strategy": "0",
        "preset": "ultrafast",
        "x264-params": "b-pyramid=0",
    }
    packets = []
    for index in range(20):
        frame = av.VideoFrame.from_ndarray(picture(index, 48, 64), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = 512 * index, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    shown = [packet.pts or 0 for packet in packets]
    assert shown != sorted(shown)
    assert decode_times(shown) == [packet.dts for packet in packets]
