"""A timecode goes on as a clock does, and leaves out the numbers that drop-frame ones drop."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.video.timecode import advance

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("before", "seconds", "rate", "after"),
    [
        ("01:00:00:00", 1, Fraction(25), "01:00:01:00"),
        ("01:00:00:20", Fraction(1, 2), Fraction(25), "01:00:01:08"),
        ("23:59:59:24", Fraction(1, 25), Fraction(25), "00:00:00:00"),
        ("00:00:59;29", Fraction(1001, 30000), NTSC, "00:01:00;02"),
        ("00:09:59;29", Fraction(1001, 30000), NTSC, "00:10:00;00"),
        ("00:00:59:29", Fraction(1001, 30000), NTSC, "00:01:00:00"),
        ("00:00:59;59", Fraction(1001, 60000), 2 * NTSC, "00:01:00;04"),
        ("00:00:00;00", Fraction(107892 * 1001, 30000), NTSC, "01:00:00;00"),
        ("23:59:59;29", Fraction(1001, 30000), NTSC, "00:00:00;00"),
        ("reel 7", 1, Fraction(25), "reel 7"),
        ("01:00:00:00", 1, None, "01:00:00:00"),
    ],
)
def test_it_goes_on(before: str, seconds: Fraction, rate: Fraction | None, after: str) -> None:
    assert advance(before, Fraction(seconds), rate) == after


@given(st.integers(0, 2 * 17982 * 6), st.integers(1, 17982))
def test_two_steps_are_one(first: int, second: int) -> None:
    def after(frames: int, timecode: str = "00:00:00;00") -> str:
        return advance(timecode, frames / NTSC, NTSC)

    assert after(second, after(first)) == after(first + second)
