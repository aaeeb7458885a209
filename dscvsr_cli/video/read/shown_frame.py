"""Which frame is shown at a time: found from the times of packets, without decoding any."""

import math
from contextlib import suppress
from fractions import Fraction

import av

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.main_stream import main_video_stream
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.packets import packets_of
from dscvsr_cli.video.read.seek import has_index
from dscvsr_cli.video.span import TimeSpan


def span_with_a_frame(info: VideoInfo, span: TimeSpan) -> TimeSpan:
    """Return a span that begins with the frame shown at its start, if no frame begins in it.

    A span in which a frame begins is returned as it is, and so is one that no frame is shown in.

    Args:
        info: The probed file or image sequence; a pipe cannot be looked at.
        span: With an end.

    Raises:
        InputVideoError: The file cannot be read any more.
    """
    times = _frame_times(info, span)
    if any(map(span.holds, times)):
        return span
    shown = max((time for time in times if time <= span.start), default=None)
    return span if shown is None else TimeSpan(max(shown, Fraction(0)), span.end)


def _frame_times(info: VideoInfo, span: TimeSpan) -> list[Fraction]:
    """Return when frames begin, in seconds as players count: in the span, and some before it."""
    if info.kind == "sequence":
        last = max(0, (info.frame_count or 1) - 1)
        return [min(math.floor(span.start / info.time_base), last) * info.time_base]
    if has_index(info):
        times = _packet_times(info, span, is_sought=True)
        if any(time <= span.start for time in times):
            return times
    return _packet_times(info, span, is_sought=False)


def _packet_times(info: VideoInfo, span: TimeSpan, *, is_sought: bool) -> list[Fraction]:
    times: list[Fraction] = []
    with open_input(info.path, allow_playlist=info.is_playlist) as container:
        stream = main_video_stream(container, info.path, info.stream_index)
        unit = stream.time_base or Fraction(1)
        # The reader will meet the same damage, and report it.
        with suppress(av.FFmpegError):
            if is_sought:
                container.seek(int((span.start + info.start_seconds) / unit), stream=stream)
            for packet in packets_of(container, [stream], info.jumps):
                shown = packet.pts if packet.pts is not None else packet.dts
                if shown is not None:
                    times.append(shown * unit - info.start_seconds)
                if packet.dts is not None and span.is_past(packet.dts * unit - info.start_seconds):
                    break
    return times
