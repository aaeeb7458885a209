"""Survey: one pass over the packets of a file whose header cannot say what comes later.

Transport and program streams, FLV and Ogg may restart their clock or begin a track at any moment.
Nothing is decoded, so the pass takes as long as reading the file from the disk.
"""

import math
import re
from array import array
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.clock_jumps import NO_TIME, PacketTimes, find_jumps
from dscvsr_cli.video.info import PLAYLIST_FORMATS, ClockJumps, StreamInfo, StreamKind
from dscvsr_cli.video.read.libav_log import described_format
from dscvsr_cli.video.read.open_input import is_unreadable, open_input
from dscvsr_cli.video.read.packets import packets_of

_MAY_JUMP: Final = 0x0200
"""libav's AVFMT_TS_DISCONT."""

_COLUMNS: Final = 5

_STREAM_LINE: Final = re.compile(
    r"Stream #0:(?P<index>\d+)(?:\[\w+\])?(?:\((?P<language>\w+)\))?: "
    r"(?P<kind>\w+): (?P<codec>\w+)(?P<rest>.*)"
)
_START: Final = re.compile(r"start (-?[\d.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one pass over a file has found."""

    jumps: ClockJumps = field(default_factory=ClockJumps)
    """Where its clock steps back."""

    late_streams: tuple[StreamInfo, ...] = ()
    """Tracks that begin after the part of the file that is read when it is opened."""

    seconds: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    """When the first and the last packet of a track are shown, by its index; a track that never
    comes is absent."""

    end_seconds: Fraction | None = None
    """When the last frame or audio packet ends, with times carried on; None if unknown."""

    def begins_elsewhere(self, stream: Stream, picture: int) -> float | None:
        """Return when a track begins that comes late, or runs on another clock than the video.

        Args:
            stream: The track.
            picture: Index of the video.
        """
        own, video = self.seconds.get(stream.index), self.seconds.get(picture)
        if own is None or is_unreadable(stream):
            return own and own[0]
        is_played = stream.type in ("audio", "video")
        if video is None or self.jumps.seconds or not is_played:
            return None
        return own[0] if own[0] > video[1] or own[1] < video[0] else None


def survey(path: Path, *, allow_playlist: bool = False) -> Survey:
    """Read every packet of a file of a kind that may jump; other files are not read.

    Args:
        path: The file.
        allow_playlist: Whether it may be a list of other files, which are not surveyed.

    Raises:
        InputVideoError: The file cannot be opened.
    """
    with open_input(path, allow_playlist=allow_playlist) as container:
        if not _may_jump(container):
            return Survey()
        streams = list(container.streams)
        common = math.lcm(*(_rate(stream) for stream in streams))
        # Bare numbers: a long recording has millions of packets.
        rows = {stream.index: array("q") for stream in streams}
        # What can be read of a damaged file is what will be decoded.
        with suppress(av.FFmpegError, OSError):
            for packet in packets_of(container, streams):
                if packet.size or packet.dts is not None:
                    rows[packet.stream_index].extend(_row(packet))
        times = {
            stream.index: _table(stream, rows.pop(stream.index), common)
            for stream in streams
            if rows[stream.index]
        }
        jumps = find_jumps(times)
        return Survey(
            jumps=jumps,
            late_streams=_late_streams(container),
            seconds={index: _first_and_last(one) for index, one in times.items()},
            end_seconds=_end(times, jumps),
        )


def _first_and_last(times: PacketTimes) -> tuple[float, float]:
    first, last = int(times.shown.min()), int(times.shown.max())
    return first / times.ticks_per_second, last / times.ticks_per_second


def _may_jump(container: InputContainer) -> bool:
    names = container.format.name.split(",")
    if not PLAYLIST_FORMATS.isdisjoint(names):
        # A live one has no end.
        return False
    return bool(container.format.flags & _MAY_JUMP) or "flv" in names


def _rate(stream: Stream) -> int:
    return (stream.time_base or Fraction(1)).denominator


def _row(packet: "Packet[Any]") -> tuple[int, int, int, int, bool]:
    shown = packet.pts if packet.pts is not None else packet.dts
    decoded = packet.dts if packet.dts is not None else packet.pts
    return (
        NO_TIME if shown is None else shown,
        NO_TIME if decoded is None else decoded,
        packet.duration or 0,
        NO_TIME if packet.pos is None or packet.pos < 0 else packet.pos,
        packet.is_keyframe,
    )


def _table(stream: Stream, rows: "array[int]", common: int) -> PacketTimes:
    columns = np.array(rows, dtype=np.int64).reshape(-1, _COLUMNS)
    unit = stream.time_base or Fraction(1)
    factor = unit.numerator * common // unit.denominator
    shown, decoded, positions = (_filled(columns[:, number]) for number in (0, 1, 3))
    return PacketTimes(
        kind=stream.type,
        ticks_per_second=common,
        shown=shown * factor,
        decoded=decoded * factor,
        durations=columns[:, 2] * factor,
        positions=np.maximum.accumulate(positions),
        keyframes=columns[:, 4].astype(np.bool_),
    )


def _filled(values: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give a packet that lacks a value that of the packet before it, or else the first there is."""
    known = values != NO_TIME
    if not known.any():
        return np.zeros_like(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return values[np.where(last < 0, int(np.argmax(known)), last)]


def _end(times: Mapping[int, PacketTimes], jumps: ClockJumps) -> Fraction | None:
    last: dict[int, Fraction] = {}
    for change in jumps.changes:
        if change.until is None:
            last[change.stream] = change.seconds
    ends = [
        Fraction(int((one.shown + one.durations)[_part_start(jumps, index) :].max()))
        / one.ticks_per_second
        + last.get(index, Fraction(0))
        for index, one in times.items()
        if one.kind in ("video", "audio") and _part_start(jumps, index) < len(one.shown)
    ]
    return max(ends, default=None)


def _part_start(jumps: ClockJumps, index: int) -> int:
    starts = [one.packet for one in jumps.changes if one.stream == index and one.until is None]
    return max(starts, default=0)


def _late_streams(container: InputContainer) -> tuple[StreamInfo, ...]:
    known = len(container.streams)
    found = []
    for line in described_format(container).splitlines():
        match = _STREAM_LINE.search(line)
        if match is None or int(match["index"]) < known:
            continue
        kind = match["kind"].lower()
        start = _START.search(match["rest"])
        kinds = ("video", "audio", "subtitle", "data", "attachment")
        found.append(
            StreamInfo(
                index=int(match["index"]),
                kind=cast("StreamKind", kind if kind in kinds else "unknown"),
                codec="" if match["codec"] in ("none", "unknown") else match["codec"],
                language=match["language"],
                begins_seconds=None if start is None else float(start[1]),
            )
        )
    return tuple(sorted(found, key=lambda stream: stream.index))
