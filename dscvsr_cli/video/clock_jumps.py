"""Clock jumps: where the timestamps of a file step back, and by how much later times move on.

A recording that was cut or joined, or whose clock restarted, counts the same times twice. Its parts
are played one after another: from a jump on, all tracks move later together, by as much as it takes
for none of them to overlap what it played before. So audio stays with its frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from av.packet import Packet

from dscvsr_cli.video.info import ClockChange, ClockJumps, StreamKind

Ints = npt.NDArray[np.int64]

NO_TIME: Final = -(2**62)
"""Stands for a timestamp or a file position that a packet does not have."""

_TIMED: Final = ("video", "audio")
"""Streams whose packets follow each other without long pauses, so that a step back means a jump."""

_LEAST_STEP_SECONDS: Final = 0.010
"""A smaller step back is a matter of rounding."""
_SPIKE_SECONDS: Final = 0.5
_SPIKE_PACKETS: Final = 16
"""A clock that leaps for no more packets than these, and returns, has not jumped: they are damaged.
"""
_SAME_JUMP_SECONDS: Final = (0.7, 3.0)
"""Tracks are interleaved with delays: for at least, and after a long jump at most, this much
time after another track jumped, a track's own step back belongs to the same jump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketTimes:
    """The packets of one stream in file order, counted in ticks of a clock common to the file."""

    kind: StreamKind
    ticks_per_second: int
    shown: Ints
    """Presentation times."""
    decoded: Ints
    """Decoding times, or presentation times if there are none."""
    durations: Ints
    positions: Ints
    """Byte positions in the file, rising; packets that share a block share its position."""
    keyframes: npt.NDArray[np.bool_]


class _Step(NamedTuple):
    """A stream's first packet after its times have stepped back."""

    position: int
    stream: int
    packet: int
    size: int
    """Ticks back."""


@dataclass(slots=True)
class _Jump:
    """One jump of the file's clock: the first packet after it, by stream."""

    first: _Step
    packets: dict[int, int] = field(default_factory=dict)


def find_jumps(streams: Mapping[int, PacketTimes]) -> ClockJumps:
    """Return where the clock of a file steps back, from the packets of all its streams."""
    steps: list[_Step] = []
    changes: list[ClockChange] = []
    for index, times in streams.items():
        if times.kind in _TIMED and len(times.decoded) > 1:
            spikes, found = _steps_back(times)
            steps += [
                _Step(int(times.positions[at]), index, at, int(size)) for at, size in found.items()
            ]
            changes += _spike_changes(index, times, spikes)
    if not steps:
        return ClockJumps(changes=tuple(changes))
    jumps = _group(sorted(steps), streams)
    for jump, previous in zip(jumps, [None, *jumps[:-1]], strict=True):
        _place_others(jump, previous, streams)
    offsets = _offsets(jumps, streams)
    rate = next(iter(streams.values())).ticks_per_second
    for jump, offset in zip(jumps, offsets, strict=True):
        changes += [
            ClockChange(stream=stream, packet=packet, seconds=Fraction(offset, rate))
            for stream, packet in jump.packets.items()
        ]
    return ClockJumps(changes=_merged(changes), seconds=_places(jumps, offsets, streams))


def _steps_back(times: PacketTimes) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """Return runs of damaged times, and the packets before which the clock steps back for good."""
    rate = times.ticks_per_second
    least = _LEAST_STEP_SECONDS * rate
    if times.kind == "video":
        # Frames may be listed a little out of order without any jump.
        least = max(least, float(np.median(np.abs(np.diff(times.decoded)))))
    moves = np.diff(times.decoded)
    far = _SPIKE_SECONDS * rate
    breaks = [int(at) + 1 for at in np.flatnonzero((moves < -least) | (moves > far))]
    spikes: list[tuple[int, int]] = []
    steps: dict[int, int] = {}
    number = 0
    while number < len(breaks):
        at = breaks[number]
        until = breaks[number + 1] if number + 1 < len(breaks) else None
        before = int(times.decoded[at - 1])
        leap = abs(int(times.decoded[at]) - before)
        if until is not None and until - at <= _SPIKE_PACKETS and leap > far:
            after = int(times.decoded[until])
            if -least <= after - before <= far:
                spikes.append((at, until))
                number += 2
                continue
        if times.decoded[at] < before:
            steps[at] = before - int(times.decoded[at])
        number += 1
    return spikes, steps


def _spike_changes(
    index: int, times: PacketTimes, spikes: Sequence[tuple[int, int]]
) -> list[ClockChange]:
    changes = []
    for first, end in spikes:
        room = int(times.decoded[end]) - int(times.decoded[first - 1])
        wanted = int(times.decoded[first - 1]) + max(1, room // (end - first + 1))
        offset = wanted - int(times.decoded[first])
        seconds = Fraction(offset, times.ticks_per_second)
        changes.append(ClockChange(stream=index, packet=first, seconds=seconds, until=end))
    return changes


def _group(steps: Sequence[_Step], streams: Mapping[int, PacketTimes]) -> list[_Jump]:
    """Return the jumps: steps of different streams that are near each other are one."""
    jumps: list[_Jump] = []
    for step in steps:
        jump = jumps[-1] if jumps else None
        if jump is None or step.stream in jump.packets or not _same_jump(jump.first, step, streams):
            jump = _Jump(step)
            jumps.append(jump)
        jump.packets[step.stream] = step.packet
    return jumps


def _same_jump(first: _Step, step: _Step, streams: Mapping[int, PacketTimes]) -> bool:
    times = streams[step.stream]
    rate = times.ticks_per_second
    near = min(max(first.size, _SAME_JUMP_SECONDS[0] * rate), _SAME_JUMP_SECONDS[1] * rate)
    start = int(np.searchsorted(times.positions, first.position))
    played = int(times.decoded[step.packet - 1] - times.decoded[min(start, step.packet - 1)])
    return played <= near


def _place_others(jump: _Jump, previous: _Jump | None, streams: Mapping[int, PacketTimes]) -> None:
    """Find the first packet after a jump in streams whose own times do not step back."""
    first = streams[jump.first.stream]
    last_before = int(first.positions[jump.first.packet - 1])
    for index, times in streams.items():
        if index in jump.packets:
            continue
        at = int(np.searchsorted(times.positions, jump.first.position))
        if times.kind == "video":
            # A new part begins with a keyframe, which may come before the other track's packet.
            since = int(np.searchsorted(times.positions, last_before, side="right"))
            keyframes = np.flatnonzero(times.keyframes[since:at])
            at = since + int(keyframes[0]) if len(keyframes) else at
        earliest = previous.packets.get(index, 0) if previous is not None else 0
        jump.packets[index] = max(at, earliest)


def _offsets(jumps: Sequence[_Jump], streams: Mapping[int, PacketTimes]) -> list[int]:
    """Return by how many ticks everything after each jump moves later."""
    offsets: list[int] = []
    offset = 0
    ends: dict[int, int] = {}
    starts = dict.fromkeys(streams, 0)
    for number, jump in enumerate(jumps):
        needed = offset
        following = jumps[number + 1] if number + 1 < len(jumps) else None
        for index, times in streams.items():
            at = jump.packets[index]
            if times.kind not in _TIMED:
                continue
            if at > starts[index]:
                ends[index] = offset + _end(times, starts[index], at)
            stop = following.packets[index] if following is not None else len(times.shown)
            if stop > at and index in ends:
                needed = max(needed, ends[index] - int(times.shown[at:stop].min()))
            starts[index] = at
        offset = needed
        offsets.append(offset)
    return offsets


def _end(times: PacketTimes, first: int, until: int) -> int:
    durations = times.durations[first:until]
    usual = int(np.median(np.diff(times.decoded[first:until]))) if until - first > 1 else 0
    known = np.where(durations > 0, durations, max(usual, 0))
    return int((times.shown[first:until] + known).max())


def _merged(changes: Sequence[ClockChange]) -> tuple[ClockChange, ...]:
    """Return the changes in order; damaged times inside a part move with the part as well."""
    lasting = sorted(
        (one for one in changes if one.until is None), key=lambda one: (one.stream, one.packet)
    )
    moved = []
    for spike in (one for one in changes if one.until is not None):
        offset = Fraction(0)
        for one in lasting:
            if one.stream == spike.stream and one.packet <= spike.packet:
                offset = one.seconds
        moved.append(
            ClockChange(
                stream=spike.stream,
                packet=spike.packet,
                seconds=spike.seconds + offset,
                until=spike.until,
            )
        )
    return (*lasting, *moved)


def _places(
    jumps: Sequence[_Jump], offsets: Sequence[int], streams: Mapping[int, PacketTimes]
) -> tuple[Fraction, ...]:
    return tuple(
        Fraction(
            int(streams[jump.first.stream].shown[jump.first.packet]) + offset,
            streams[jump.first.stream].ticks_per_second,
        )
        for jump, offset in zip(jumps, offsets, strict=True)
    )


class PacketClock:
    """Carries the times of packets on across the jumps of a file's clock, as they are read.

    Args:
        jumps: The jumps of the file.
        skipped: How many packets of each stream were not passed to ``carry_on``.
    """

    def __init__(self, jumps: ClockJumps, *, skipped: Mapping[int, int] | None = None) -> None:
        self._counted = dict(skipped or {})
        self._changes: dict[int, list[ClockChange]] = {}
        for change in jumps.changes:
            self._changes.setdefault(change.stream, []).append(change)

    def carry_on(self, packet: "Packet[Any]") -> None:
        """Move the next packet of its stream to where it is played."""
        changes = self._changes.get(packet.stream_index)
        if changes is None or (not packet.size and packet.dts is None):
            return
        number = self._counted.get(packet.stream_index, 0)
        self._counted[packet.stream_index] = number + 1
        seconds = Fraction(0)
        for change in changes:
            if change.packet <= number and (change.until is None or number < change.until):
                seconds = change.seconds
        move_packet(packet, seconds)


def move_packet(packet: "Packet[Any]", seconds: Fraction) -> None:
    """Move a packet later by some seconds, rounded to the clock of its stream."""
    ticks = round(seconds / packet.time_base) if seconds else 0
    if ticks and packet.pts is not None:
        packet.pts += ticks
    if ticks and packet.dts is not None:
        packet.dts += ticks
