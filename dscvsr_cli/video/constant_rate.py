"""Constant frame rate: whether a video has one, and its pictures counted instead of timed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.open_input import open_input

_COMMON_RATES: Final = tuple(
    Fraction(rate) / divisor
    for divisor in (1, Fraction(1001, 1000))
    for rate in (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)
)


def require_steady(source: VideoInfo, suffix: str, *, from_zero: bool = False) -> Fraction:
    """Return the constant rate of a video, for a container that knows nothing else.

    Args:
        source: The probed input; all its packets are read, but none is decoded.
        suffix: Of the output, for the message.
        from_zero: Whether the first picture must be shown at time zero.

    Raises:
        UsageError: Its pictures do not all last equally long, or begin late.
    """
    if source.kind == "sequence" and source.frame_rate:
        return source.frame_rate
    if source.kind == "pipe":
        # Nothing can be read ahead; formats for pipes say what rate they have.
        rate = source.frame_rate
    else:
        times = packet_times(source.path, source.stream_index)
        rate = steady_rate(times, source.time_base, likely=source.frame_rate)
        if rate is not None and from_zero and times:
            _check_start(source, suffix, times[0] * source.time_base, rate)
    if rate is None:
        raise UsageError(
            f"{suffix} can only hold a constant frame rate, and that of {source.path} varies",
            hint="write to .mkv, .mp4 or .webm, which keep every time as it is",
        )
    return rate


def _check_start(source: VideoInfo, suffix: str, start: Fraction, rate: Fraction) -> None:
    if round(start * rate) > 0:
        raise UsageError(
            f"{suffix} shows the first picture at once, and {source.path} begins "
            f"{float(start):.3g} s after time zero, which would tear sound and picture apart",
            hint="write to .mkv, .mp4 or .webm, which keep every time as it is",
        )


def packet_times(path: Path, index: int) -> list[int]:
    """Return the presentation times of one stream in order, in its own unit; none is decoded.

    Raises:
        InputVideoError: The file cannot be opened.
    """
    with open_input(path) as container:
        packets = container.demux(container.streams[index])
        times: list[int] = []
        # What can be read of a damaged file decides, as it does when the file is decoded.
        with suppress(av.FFmpegError):
            for packet in packets:
                if packet.size:
                    at = packet.pts if packet.pts is not None else packet.dts
                    if at is None:
                        # Raw streams have no times at all; they are played at one rate.
                        return []
                    times.append(at)
    return sorted(times)


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
