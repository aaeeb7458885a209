"""CutShort: how many packets of copied streams are missing because the source ends too early."""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.read.stated_length import entries_cut_off, tagged_seconds
from dscvsr_cli.video.span import TimeSpan

_UNSURE: Final = Fraction(9, 4)
"""Packets by which a length in tags may be too large: it counts milliseconds, and the samples that
only warm up a decoder."""


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

    def note(self, packet: "Packet[Any]") -> None:
        """Take note of the next packet that was read."""
        if packet.pts is not None:
            lasts = (packet.duration or 0) * packet.time_base
            self._reached[packet.stream_index] = packet.pts * packet.time_base + lasts, lasts

    def missing(self, streams: Iterable[Stream], *, size_bytes: int | None, broke_off: bool) -> int:
        """Return how many packets of the source's streams are missing.

        Args:
            streams: Those that are copied.
            size_bytes: The source's size, or None where it is a list of files.
            broke_off: Whether reading ended with an error, or the file before its content. Where
                nothing tells how much is left, that counts as one packet; otherwise only an index
                can tell it.
        """
        copied = list(streams)
        listed = sum(self._listed(one, size_bytes) for one in copied) if size_bytes else 0
        if not broke_off or (copied and all(map(self._is_past, copied))):
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
        unit = stream.time_base or Fraction(1)
        length = stream.duration * unit if stream.duration else _tagged_length(stream, lasts)
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
