"""How many frames a part of a video holds, as far as the video says."""

import math

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.span import TimeSpan


def expected_frames(source: VideoInfo, span: TimeSpan) -> int | None:
    """Return about how many frames a span of a video holds, or None if that is unknown."""
    total = source.frame_count
    if total is None and source.duration_seconds and source.frame_rate:
        total = math.ceil(source.duration_seconds * source.frame_rate)
    if span.is_whole or not source.frame_rate:
        return total
    # Before the first frame, if audio begins earlier, a span holds none.
    start = max(span.start, source.begins_seconds)
    before = math.floor((start - source.begins_seconds) * source.frame_rate)
    in_span = None
    if span.end is not None:
        in_span = max(1, math.ceil((span.end - start) * source.frame_rate))
    # A count in a header is not exact; if there is no frame at all, reading says so.
    left = None if total is None else max(1, total - before)
    return min((count for count in (left, in_span) if count is not None), default=None)
