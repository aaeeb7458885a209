"""Packets of an open container, their times carried on across the jumps of the file's clock."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.clock_jumps import PacketClock
from dscvsr_cli.video.info import ClockJumps


def packets_of(
    container: InputContainer,
    streams: Iterable[Stream],
    jumps: ClockJumps | None = None,
    *,
    skipped: int = 0,
) -> "Iterator[Packet[Any]]":
    """Yield the packets of some streams in file order, and an empty one per stream at the end.

    Args:
        container: At its beginning, or where it has been seeked to if there are no jumps.
        streams: Whose packets to read.
        jumps: Where the clock steps back; None leaves all times as they are.
        skipped: How many packets to leave out; above 0 there is one stream only.

    Raises:
        av.FFmpegError: The file is damaged.
    """
    wanted = list(streams)
    clock = PacketClock(
        jumps or ClockJumps(), skipped={stream.index: skipped for stream in wanted[:1]}
    )
    # Where a stream has appeared midway, PyAV looks for it at the end in a list without it.
    with suppress(IndexError):
        for packet in islice(container.demux(wanted), skipped, None):
            clock.carry_on(packet)
            yield packet
