"""Timestamps, the whole story: read from the input, brought to the output's clock, made to rise.

``FrameClock`` gives every decoded frame its pts, ``OutputTiming`` converts it to the output's
clock, and ``Timeline`` places it there. ``decode_times`` finds when joined packets are to be
decoded, and ``last_decoding`` how long the last one takes.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Self

import av

from dscvsr_cli.video.info import USUAL_RATE, VideoInfo
from dscvsr_cli.video.span import TimeSpan

_log: Final = logging.getLogger(__name__)

_LEAST_JUMP_SECONDS: Final = Fraction(1, 4)
"""A smaller step back is moved by one tick, and is not a clock that has restarted."""


def reorder_depth(shown: Sequence[int]) -> int:
    """Return by how many places a frame is decoded later than it would be shown, at most.

    Args:
        shown: Presentation times in decoding order.
    """
    order = sorted(range(len(shown)), key=lambda index: shown[index])
    return max((index - rank for rank, index in enumerate(order)), default=0)


def decode_times(shown: Sequence[int]) -> list[int]:
    """Return a decoding time for every frame: rising, and never after it is shown.

    Each frame is decoded when the one ``depth`` places before it is shown; the first ones lead in
    by as much as the frame ``depth`` places after the first follows it. An encoder that reorders
    by that depth gives the same times.

    Args:
        shown: Presentation times, all different, in decoding order.
    """
    depth = reorder_depth(shown)
    rising = sorted(shown)
    if depth == 0:
        return rising
    lead = rising[depth] - rising[0]
    return [time - lead for time in rising[:depth]] + rising[:-depth]


def last_decoding(
    times: Sequence[int], shown: Sequence[int], durations: Sequence[int]
) -> tuple[int, int]:
    """Return when the last packet is to be decoded, and for how long.

    Some containers take the time from the first decoding to the end of the last one for the length
    of the video. If frames are reordered and last unequally long, that would be another one.

    Args:
        times: Decoding times of all packets, as ``decode_times`` gives them; at least one.
        shown: Their presentation times, in the same order.
        durations: For how long each is shown, or 0 if unknown.
    """
    last = max(range(len(shown)), key=shown.__getitem__)
    if not durations[last]:
        return times[-1], durations[-1]
    end = times[0] + shown[last] + durations[last] - min(shown)
    at = max(times[-1], min(shown[-1], end - durations[-1]))
    return at, max(1, end - at)


class FrameClock:
    """Gives timestamps in the stream's unit, in the order of the frames."""

    def __init__(self, info: VideoInfo) -> None:
        rate = info.frame_rate or USUAL_RATE
        self._usual_duration = max(1, round(1 / (rate * info.time_base)))
        self._info = info
        self._next: int | None = None
        self._last: int | None = None
        self._carried = 0

    def stamp(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return the timestamp of the next frame, and its duration or 0 if unknown."""
        duration = frame.duration or 0
        if duration == 1 and self._usual_duration > 1:
            # FLV and some Matroska files claim one tick of their millisecond clock per frame.
            duration = 0
        pts = frame.pts
        if pts is None and frame.dts is not None and (self._last is None or frame.dts > self._last):
            pts = frame.dts
        if pts is None:
            pts = self._next if self._next is not None else 0
        elif self._info.kind == "pipe":
            # Of a file all packets have been looked at before; a pipe shows its jumps only now.
            pts = self._carry_on(pts)
        self._last = pts
        self._next = pts + (duration or self._usual_duration)
        return pts, duration

    def _carry_on(self, pts: int) -> int:
        """Return the time at which a frame of a pipe follows the one before it."""
        pts += self._carried
        if self._last is None or self._next is None:
            return pts
        if (self._last - pts) * self._info.time_base <= _LEAST_JUMP_SECONDS:
            return pts
        _log.warning(
            "%s: timestamps step back at %.3f s; moved on from there",
            self._info.path,
            float(self._next * self._info.time_base - self._info.start_seconds),
        )
        self._carried += self._next - pts
        return self._next


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTiming:
    """The clock that an output's frames are counted on, beside the input's.

    ``Frame.pts`` is on the input's clock all the way from reader to writer; ``ticks`` brings it to
    the output's when the frame is encoded, and nowhere else.
    """

    input_time_base: Fraction
    """Seconds per unit of ``Frame.pts``."""

    time_base: Fraction
    """Seconds per tick of the output."""

    rate: Fraction | None
    """Frames per second, as far as known: a hint for encoders, exact if it is constant."""

    @classmethod
    def like(cls, source: VideoInfo) -> Self:
        """Return the timing of an output that keeps every time exactly as it is."""
        return cls(
            input_time_base=source.time_base, time_base=source.time_base, rate=source.frame_rate
        )

    @classmethod
    def constant(cls, source: VideoInfo, rate: Fraction) -> Self:
        """Return the timing of an output that counts frames, ``rate`` of them per second."""
        return cls(input_time_base=source.time_base, time_base=1 / rate, rate=rate)

    @classmethod
    def rounded(cls, source: VideoInfo, clock: Fraction) -> Self:
        """Return the timing of an output whose own clock has ``clock`` ticks per second."""
        return cls(input_time_base=source.time_base, time_base=1 / clock, rate=source.frame_rate)

    def ticks(self, units: int) -> int:
        """Return a time or a duration on the input's clock as the nearest one on the output's."""
        return round(units * self.input_time_base / self.time_base)


def span_shift(source: VideoInfo, span: TimeSpan, time_base: Fraction) -> int:
    """Return by how many units of ``time_base`` a span moves so that it starts at zero."""
    if span.start == 0:
        return 0
    return -math.floor((source.start_seconds + span.start) / time_base)


@dataclass(slots=True, kw_only=True)
class Timeline:
    """The times given to an output's frames so far; saved, and continued by a later run.

    A frame that starts before time zero, which players do not show, is moved to start there, and
    everything after it by as much. A time that is not after its predecessor (encoders refuse
    it) is moved to one tick after it. No frame is dropped.
    """

    name: Path
    """Whose frames these are, for the log."""

    shift: int = 0
    """Ticks by which every frame moves; what is copied beside them moves by the same time."""

    last: int | None = None
    """Time of the last frame placed, or None before the first."""

    moved: int = 0
    """Frames that had to be moved individually."""

    def place(self, pts: int) -> int:
        """Return the time of the next frame in the output, in the unit of ``pts``."""
        if self.last is None and pts + self.shift < 0:
            self.shift = -pts
            _log.warning("%s: starts before time zero; moved to start there", self.name)
        placed = pts + self.shift
        if self.last is not None and placed <= self.last:
            if self.moved == 0:
                _log.warning("%s: timestamps repeat or step back", self.name)
            self.moved += 1
            placed = self.last + 1
        self.last = placed
        return placed
