"""How many frames a container lists that have not come, once everything in it has been read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dscvsr_cli.video.read.avi_frames import empty_slots, frames_in_index

_UNKNOWN: Final = 1 << 30
"""A number of frames from here on means "unknown": FFmpeg writes it into an AVI file that it sends
through a pipe, and sets all bits in IVF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadToEnd:
    """What has been read of a video stream when its container has ended."""

    container: InputContainer
    stream: VideoStream
    path: Path
    last: "Packet[Any]"
    """The packet read last."""

    packets: int | None
    """How many there were since the beginning of the file; None if reading began elsewhere."""

    end: int
    """When the frame ends that is shown last, in ticks of the stream."""

    usual: int
    """Least ticks from one packet to the next, at least 1."""


def frames_not_read(read: ReadToEnd) -> int:
    """Return how many frames are listed beyond those that were read; 0 if nothing is listed."""
    names = read.container.format.name.split(",")
    count = next((_COUNTS[name](read) for name in names if name in _COUNTS), 0)
    return max(0, count)


def _of_slots(read: ReadToEnd) -> int:
    place = read.last.pos if read.path.is_file() else None
    listed = None if place is None else frames_in_index(read.path, place)
    if listed is not None and read.packets is not None:
        return listed - read.packets
    stated = read.stream.frames
    if not 0 < stated < _UNKNOWN or read.last.dts is None or listed is not None:
        return 0
    # A slot without data shows the frame before for longer. libav leaves out such packets.
    empty = 0 if place is None else empty_slots(read.path, place)
    return round((stated - read.last.dts - empty) / read.usual) - 1


def _of_index(read: ReadToEnd) -> int:
    last = read.last.dts
    if last is None:
        return 0
    # The index, and not the number of samples in the header: an edit list may leave some out. For
    # each part of an edit list the index lists all samples, and marks those that are not shown.
    return sum(
        1 for entry in read.stream.index_entries if entry.timestamp > last and not entry.is_discard
    )


def _of_header(read: ReadToEnd) -> int:
    stated = read.stream.frames
    if not 0 < stated < _UNKNOWN or read.packets is None:
        return 0
    left = stated - read.packets
    if read.end > stated + read.usual:
        return left
    # The same field of the header holds the length in ticks in files of other programs.
    return min(left, -((read.end - stated) // read.usual))


def _of_edit_units(read: ReadToEnd) -> int:
    duration, rate, unit = read.stream.duration, read.stream.average_rate, read.stream.time_base
    if not duration or read.packets is None or not rate or not unit or rate * unit != 1:
        return 0
    return duration - read.packets


_COUNTS: Final[Mapping[str, Callable[[ReadToEnd], int]]] = MappingProxyType(
    {"avi": _of_slots, "mp4": _of_index, "ivf": _of_header, "mxf": _of_edit_units}
)
