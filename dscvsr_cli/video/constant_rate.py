"""Constant frame rate: whether a video has one, and its pictures counted instead of timed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import VideoInfo

_COMMON_RATES: Final = tuple(
    Fraction(rate) / divisor
    for divisor in (1, Fraction(1001, 1000))
    for rate in (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)
)


def steady_rate(
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


def on_steady_clock(source: VideoInfo, rate: Fraction) -> VideoInfo:
    """Return a source whose unit of time is one picture."""
    return replace(source, time_base=1 / rate, frame_rate=rate)


def on_coarse_clock(source: VideoInfo, rate: Fraction) -> VideoInfo:
    """Return a source whose unit of time is a tick of the container's own clock."""
    return replace(source, time_base=1 / rate)


def count_frames(
    frames: Iterable[Frame], *, time_base: Fraction, rate: Fraction
) -> Iterator[Frame]:
    """Give every frame its place on a clock that ticks once per picture.

    Args:
        frames: Timed in units of ``time_base``.
        time_base: Seconds per unit.
        rate: Ticks per second; pictures per second where the rate is constant.
    """
    for frame in frames:
        yield replace(
            frame,
            pts=round(frame.pts * time_base * rate),
            duration=round(frame.duration * time_base * rate),
        )
