"""Timeline: output times start at zero or later and rise, and can be taken up again."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.span import Span
from dscvsr_cli.video.timestamps import Timeline, span_shift
from tests.clips import render_kind

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
    assert span_shift(source, Span()) == 0
    shift = span_shift(source, Span(Fraction(1, 10)))
    assert shift == -1280
    assert 0 <= Timeline(name=Path("clip"), shift=shift).place(1281) <= 1
