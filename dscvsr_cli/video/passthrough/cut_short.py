"""CutShort: how many packets of copied streams are missing because the source ends too early."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.read.ebml import is_cut_short
from dscvsr_cli.video.read.stated_length import entries_cut_off, tagged_seconds, track_length
from dscvsr_cli.video.read.walks.transport import is_cut_within_a_packet
from dscvsr_cli.video.read.walks.walk import walk_of
from dscvsr_cli.video.span import TimeSpan

_UNSURE: Final = Fraction(9, 4)
"""Packets by which a length in tags may be too large: it counts milliseconds, and the samples that
only warm up a decoder."""


_MEASURED: Final = frozenset({"mpegts", "mpeg", "ogg", "avi"})
"""FFmpeg's names of containers whose lengths are measured on what is there of them."""


_LARGEST_REST_BYTES: Final = 1 << 26
"""Video behind the last packet of other streams from which on these have ended by themselves."""


class CutShort:
    """Follows the packets that were read, and says what is missing after the last of them.

    Args:
        span: The part of the source that is copied.
        zero: The time on the source's clock that players show as 0:00.
    """

    def __init__(self, span: TimeSpan, zero: Fraction) -> None:
        self._span = span
        self._zero = zero
        self._reached: dict[int, tuple[Fraction, Fraction]] = {}
        """When the last packet of every stream ends, and how long it lasts."""
        self._last: Packet[Any] | None = None
        self._placed: Packet[Any] | None = None
        """The last packet whose place in the file is known."""

    def note(self, packet: "Packet[Any]") -> None:
        """Take note of the next packet that was read."""
        self._last = packet
        if packet.pos is not None:
            self._placed = packet
        if packet.pts is not None:
            lasts = (packet.duration or 0) * packet.time_base
            self._reached[packet.stream_index] = packet.pts * packet.time_base + lasts, lasts

    def ends_early(self, container: InputContainer, path: Path) -> bool:
        """Return whether a file that was read to its end is cut off behind the last packet.

        Args:
            container: The opened file.
            path: The file; a list of files is not looked into.
        """
        if not path.is_file():
            return False
        if "mpegts" in container.format.name.split(","):
            # Behind the last packet of one track, others may be damaged that are not copied.
            return is_cut_within_a_packet(path)
        return is_cut_short(path) or self._breaks_off(container, path)

    def _breaks_off(self, container: InputContainer, path: Path) -> bool:
        """Return whether what follows the last packet is less than a container's end."""
        placed, last = self._placed, self._last
        if placed is None or placed.pos is None or last is None:
            return False
        walk = walk_of(container, placed.stream, path)
        if walk is None:
            return last.is_corrupt
        is_near = path.stat().st_size - placed.pos <= _LARGEST_REST_BYTES
        return is_near and not walk(placed, None)

    def missing(
        self, streams: Iterable[Stream], *, size_bytes: int | None, broke_off: Callable[[], bool]
    ) -> int:
        """Return how many packets of the source's streams are missing.

        Args:
            streams: Those that are copied.
            size_bytes: The source's size, or None where it is a list of files.
            broke_off: Tells whether reading ended with an error, or the file before its content.
                Where nothing tells how much is left, that counts as one packet; otherwise only an
                index can tell it.
        """
        copied = list(streams)
        listed = sum(self._listed(one, size_bytes) for one in copied) if size_bytes else 0
        if (copied and all(map(self._is_past, copied))) or not broke_off():
            return listed
        stated = [self._stated(one) for one in copied]
        # A track that is there up to its stated end lacks nothing, whatever comes after it.
        least = 0 if copied and all(number == 0 for number in stated) else 1
        return max(least, listed, sum(number or 0 for number in stated))

    def _listed(self, stream: Stream, size_bytes: int) -> int:
        unit = stream.time_base or Fraction(1)
        return sum(
            self._span.holds(entry.timestamp * unit - self._zero)
            for entry in entries_cut_off(stream, size_bytes)
        )

    def _stated(self, stream: Stream) -> int | None:
        """Return how many packets fit between the last one and the end that the source states.

        None where it states none.
        """
        reached, lasts = self._reached.get(stream.index, (None, Fraction(0)))
        if reached is None or not lasts or stream.type != "audio":
            return None
        if _MEASURED.intersection(stream.container.format.name.split(",")):
            return None
        unit = stream.time_base or Fraction(1)
        length = track_length(stream) or _tagged_length(stream, lasts)
        if length is None:
            return None
        end = (stream.start_time or 0) * unit + length
        if self._span.end is not None:
            end = min(end, self._span.end + self._zero)
        return max(0, math.ceil((end - reached) / lasts))

    def _is_past(self, stream: Stream) -> bool:
        reached, _ = self._reached.get(stream.index, (None, None))
        return reached is not None and self._span.is_past(reached - self._zero)


def _tagged_length(stream: Stream, packet_seconds: Fraction) -> Fraction | None:
    seconds = tagged_seconds(stream)
    return None if seconds is None else Fraction(seconds) - _UNSURE * packet_seconds
