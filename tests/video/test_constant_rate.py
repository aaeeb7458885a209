"""A constant rate is found through rounded times, and frames are counted on it."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.constant_rate import find_constant_rate
from dscvsr_cli.video.timestamps import OutputTiming

RATES = st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(60000, 1001)])
UNITS = st.sampled_from([Fraction(1, 1000), Fraction(1, 12800), Fraction(1, 90000)])


@given(rate=RATES, unit=UNITS, count=st.integers(10, 300), start=st.integers(0, 10**6))
@settings(deadline=None)
def test_a_constant_rate_is_found_through_rounded_times(
    rate: Fraction, unit: Fraction, count: int, start: int
) -> None:
    times = [start + round(index / rate / unit) for index in range(count)]
    found = find_constant_rate(times, unit, likely=rate)
    assert found == rate


@given(rate=RATES, unit=UNITS, count=st.integers(12, 100), data=st.data())
@settings(deadline=None)
def test_one_picture_that_stands_longer_is_no_constant_rate(
    rate: Fraction, unit: Fraction, count: int, data: st.DataObject
) -> None:
    late = data.draw(st.integers(1, count - 1))
    times = [round((index + (index >= late)) / rate / unit) for index in range(count)]
    assert find_constant_rate(times, unit, likely=rate) is None


@given(rate=RATES, unit=UNITS, count=st.integers(1, 300))
@settings(deadline=None, max_examples=30)
def test_pictures_of_a_constant_rate_are_counted_without_a_gap(
    rate: Fraction, unit: Fraction, count: int
) -> None:
    timing = OutputTiming(input_time_base=unit, time_base=1 / rate, rate=rate)
    counted = [timing.ticks(round(n / rate / unit)) for n in range(count)]
    assert counted == list(range(count))
