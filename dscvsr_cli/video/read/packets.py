"""Packets of an open container, their times carried on across the jumps of the file's clock."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.clock_jumps import PacketClock
from dscvsr_cli.video.info import PLAYLIST_FORMATS, ClockJumps
from dscvsr_cli.video.read.medium import refuse_failing_medium

FILE_PREFIX: Final = "file:"
"""Put before a file's name for libav, so that no name is taken for an address."""


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
        InputVideoError: The medium fails, or the network on which it is.
    """
    wanted = list(streams)
    clock = PacketClock(
        jumps or ClockJumps(), skipped={stream.index: skipped for stream in wanted[:1]}
    )
    place = largest = 0
    try:
        # If a stream has appeared midway, PyAV looks for it at the end in a list without it.
        with suppress(IndexError):
            for number, packet in enumerate(container.demux(wanted)):
                place, largest = packet.pos or place, max(largest, packet.size)
                if number < skipped:
                    continue
                clock.carry_on(packet)
                yield packet
    except (av.FFmpegError, OSError) as error:
        name, path = _named(container)
        refuse_failing_medium(error, name, path, place=place, largest_packet=largest)
        raise


def _named(container: InputContainer) -> tuple[str, Path | None]:
    """Return how messages call an input, and the file if it holds all the packets."""
    name = container.name
    if not name.startswith(FILE_PREFIX):
        return "the pipe", None
    name = name.removeprefix(FILE_PREFIX)
    is_list = not PLAYLIST_FORMATS.isdisjoint(container.format.name.split(","))
    return name, None if is_list else Path(name)
