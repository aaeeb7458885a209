"""FrameClock: a timestamp and a duration for every decoded picture, also where it has none."""

import av

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.options import USUAL_RATE


class FrameClock:
    """Gives timestamps in the stream's unit, in the order of the pictures."""

    def __init__(self, info: VideoInfo) -> None:
        rate = info.frame_rate or USUAL_RATE
        self._usual_duration = max(1, round(1 / (rate * info.time_base)))
        self._next: int | None = None
        self._last: int | None = None

    def stamp(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return the timestamp of the next picture, and its duration or 0 where unknown."""
        # Older releases of PyAV do not show a frame's duration.
        duration = int(getattr(frame, "duration", 0) or 0)
        if duration == 1 and self._usual_duration > 1:
            # FLV and some Matroska files claim one tick of their millisecond clock per picture.
            duration = 0
        pts = frame.pts
        if pts is None and frame.dts is not None and (self._last is None or frame.dts > self._last):
            pts = frame.dts
        if pts is None:
            pts = self._next if self._next is not None else 0
        self._last = pts
        self._next = pts + (duration or self._usual_duration)
        return pts, duration
