"""Decoding times: rising, never late, and those an encoder would have given."""

from fractions import Fraction
from itertools import pairwise

import av
from av.video.codeccontext import VideoCodecContext
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.timestamps import decode_times, reorder_depth
from tests.clips import picture


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
