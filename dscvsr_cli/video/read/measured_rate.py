"""The frame rate of an input, measured: whether all its frames last equally long."""

from contextlib import suppress
from fractions import Fraction

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.constant_rate import find_constant_rate
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.decoder import has_slots
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.packets import packets_of


def require_constant_rate(source: VideoInfo, suffix: str, *, from_zero: bool = False) -> Fraction:
    """Return the constant rate of a video, for a container that can hold nothing else.

    Args:
        source: The probed input; all its packets are read, but none is decoded.
        suffix: Suffix of the output, for the message.
        from_zero: Whether the first frame must be shown at time zero.

    Raises:
        UsageError: Its frames do not all last equally long, or begin late.
    """
    if source.kind == "sequence" and source.frame_rate:
        return source.frame_rate
    if source.kind == "pipe":
        # Nothing can be read ahead; formats for pipes say what rate they have.
        rate = source.frame_rate
    else:
        times = packet_times(source)
        rate = find_constant_rate(times, source.time_base, likely=source.frame_rate)
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
            f"{suffix} shows the first frame at once, and {source.path} begins "
            f"{float(start):.3g} s after time zero, which would put audio out of sync",
            hint="write to .mkv, .mp4 or .webm, which keep every time as it is",
        )


def packet_times(source: VideoInfo) -> list[int]:
    """Return the presentation times of the video in order, in its own unit; none is decoded.

    Raises:
        InputVideoError: The file cannot be opened.
    """
    with open_input(source.path, allow_playlist=source.is_playlist) as container:
        stream = container.streams[source.stream_index]
        slots = has_slots(stream)
        packets = packets_of(container, [stream], source.jumps)
        times: list[int] = []
        # What can be read of a damaged file decides, as it does when the file is decoded.
        with suppress(av.FFmpegError):
            for packet in packets:
                if packet.size:
                    at = packet.pts if packet.pts is not None and not slots else packet.dts
                    if at is None:
                        # Raw streams have no times at all; they are played at one rate.
                        return []
                    times.append(at)
    return sorted(times)
