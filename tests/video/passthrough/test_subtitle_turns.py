"""Texts in turn: at every moment exactly those that are shown, and no two stretches at once."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.passthrough.subtitle_turns import in_turn

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), max_size=12)


@given(spans=SPANS)
@settings(deadline=None)
def test_every_text_is_shown_for_its_time_and_no_longer(spans: list[tuple[int, int]]) -> None:
    texts = [
        (number, Fraction(start), Fraction(start + length))
        for number, (start, length) in enumerate(sorted(spans))
    ]
    shown = list(in_turn(texts))
    assert all(one.start < one.end for one in shown)
    assert all(before.end <= after.start for before, after in pairwise(shown))
    for time in range(60):
        moment = time + Fraction(1, 2)
        there = [one.items for one in shown if one.start < moment < one.end]
        expected = tuple(number for number, start, end in texts if start < moment < end)
        assert there == ([expected] if expected else [])
