"""Constant frame rate: find the one that explains the times of a video's frames, if any does."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

_COMMON_RATES: Final = tuple(
    Fraction(rate) / divisor
    for divisor in (1, Fraction(1001, 1000))
    for rate in (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)
)


def find_constant_rate(
    times: Sequence[int], time_base: Fraction, *, likely: Fraction | None = None
) -> Fraction | None:
    """Return the frames per second that explain all times to within a tick, or None.

    Args:
        times: Rising times in ticks.
        time_base: Seconds per tick.
        likely: What the file says of its rate; tried first.
    """
    if len(times) < 2:
        return likely or Fraction(25)
    measured = (len(times) - 1) / ((times[-1] - times[0] or 1) * time_base)
    nearest = min(_COMMON_RATES, key=lambda rate: abs(rate - measured))
    for rate in (likely, nearest, measured):
        if rate is not None and _explains(rate, times, time_base):
            return rate
    return None


def _explains(rate: Fraction, times: Sequence[int], time_base: Fraction) -> bool:
    step = 1 / (rate * time_base)
    return all(abs(time - times[0] - index * step) <= 1 for index, time in enumerate(times))
