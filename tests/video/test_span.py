"""Spans of time: what belongs to them, and which are refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.span import WHOLE, TimeSpan


@pytest.mark.parametrize(
    ("start", "end"), [(Fraction(-1), None), (Fraction(5), Fraction(5)), (Fraction(5), Fraction(1))]
)
def test_a_span_of_no_time_is_refused(start: Fraction, end: Fraction | None) -> None:
    with pytest.raises(UsageError) as caught:
        TimeSpan(start, end)
    assert "--start" in caught.value.hint


seconds = st.fractions(min_value=0, max_value=100, max_denominator=90000)


@given(seconds, seconds, st.fractions(min_value=-10, max_value=200, max_denominator=90000))
def test_every_moment_is_before_in_or_past_a_span(
    start: Fraction, length: Fraction, moment: Fraction
) -> None:
    span = TimeSpan(start, start + length + Fraction(1, 90000))
    assert [span.is_before(moment), span.holds(moment), span.is_past(moment)].count(True) == 1
    assert WHOLE.holds(moment)
    assert not span.is_whole
