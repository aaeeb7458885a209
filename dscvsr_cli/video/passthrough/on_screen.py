"""OnScreen: the packets of a stream of subtitle pictures that make up what is on the screen.

Such a packet often draws on earlier ones: Blu-ray sends a picture as several packets, its time in
the first one, and both Blu-ray and DVB may change a picture that they have sent before. So a part
that begins while a picture is shown needs everything since the screen was last drawn afresh.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from av.packet import Packet

_PGS: Final = "hdmv_pgs_subtitle"
_DVB: Final = "dvb_subtitle"
_DVD: Final = "dvd_subtitle"

PICTURES_UNTIL_REPLACED: Final = frozenset({_PGS, _DVB, _DVD})
"""Subtitles that may have no duration: each is shown until the next one, which may be empty."""

_COMPOSITION: Final = 0x16
_STATE: Final = 10
"""Place of the byte of a composition that says whether it draws on earlier ones."""
_IS_FRESH: Final = 0xC0

_SEGMENT_HEADER: Final = 3
"""One byte for the kind of a segment, and two for its length."""

_DVB_SYNC: Final = 0x0F
_DVB_PAGE: Final = 0x10
_DVB_HEADER: Final = 6
_DVB_IS_FRESH: Final = 0x0C

_DVD_TICK: Final = Fraction(1024, 90000)
_DVD_STOP: Final = 2
_DVD_ARGUMENTS: Final = {0: 0, 1: 0, 2: 0, 3: 2, 4: 2, 5: 6, 6: 4}
"""Bytes behind each command of a DVD's subtitle."""


def is_blu_ray(codec: str) -> bool:
    """Return whether subtitles in a codec are made of segments."""
    return codec == _PGS


def continues_picture(packet: "Packet[Any]", codec: str) -> bool:
    """Return whether a packet is a further part of the picture before it, whatever its time."""
    if codec != _PGS:
        return False
    # A transport stream cuts what is very long, even within a segment; then it has no time.
    return packet.pts is None or bytes(packet)[:1] != bytes([_COMPOSITION])


def segments(data: bytes) -> Iterator[bytes]:
    """Yield the segments of a picture of Blu-ray, and what is left behind the last whole one."""
    place = 0
    while place < len(data):
        end = place + _SEGMENT_HEADER + int.from_bytes(data[place + 1 : place + 3], "big")
        yield data[place:end]
        place = end


class OnScreen:
    """Collects what makes up the screen of one stream.

    Args:
        codec: One of ``PICTURES_UNTIL_REPLACED``.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._packets: list[Packet[Any]] = []
        self._until: Fraction | None = None

    def add(self, packet: "Packet[Any]", seconds: Fraction) -> None:
        """Take the next packet, which is shown at ``seconds``."""
        is_part = continues_picture(packet, self._codec)
        if not is_part:
            data = bytes(packet)
            if _draws_afresh(data, self._codec):
                self._packets.clear()
            length = _stated_seconds(data, self._codec)
            self._until = None if length is None else seconds + length
            if self._codec == _DVD and length is not None:
                # It counts from its own beginning, which is about to be moved.
                packet.duration = math.ceil(length / packet.time_base)
        self._packets.append(packet)

    def shown_at(self, seconds: Fraction) -> "Iterator[Packet[Any]]":
        """Yield the packets that draw what is still shown at a time."""
        if self._until is None or self._until > seconds:
            yield from self._packets


def _draws_afresh(data: bytes, codec: str) -> bool:
    if codec == _PGS:
        return len(data) > _STATE and bool(data[_STATE] & _IS_FRESH)
    if codec == _DVB:
        page = _dvb_page(data)
        return page is not None and bool(page[1] & _DVB_IS_FRESH)
    return True


def _stated_seconds(data: bytes, codec: str) -> Fraction | None:
    """Return how long a packet says that it is shown, or None where it does not say."""
    if codec == _DVB:
        page = _dvb_page(data)
        return Fraction(page[0]) if page else None
    return _dvd_seconds(data) if codec == _DVD else None


def _dvb_page(data: bytes) -> bytes | None:
    """Return the two bytes of a page that say how long it lasts and what it draws on."""
    place = 0
    while place + _DVB_HEADER <= len(data) and data[place] == _DVB_SYNC:
        length = int.from_bytes(data[place + 4 : place + _DVB_HEADER], "big")
        content = data[place + _DVB_HEADER : place + _DVB_HEADER + length]
        if data[place + 1] == _DVB_PAGE and len(content) > 1:
            return content[:2]
        place += _DVB_HEADER + length
    return None


def _dvd_seconds(data: bytes) -> Fraction | None:
    place = int.from_bytes(data[2:4], "big")
    while place + 4 <= len(data):
        date, following = (int.from_bytes(data[at : at + 2], "big") for at in (place, place + 2))
        if _stops(data[place + 4 :]):
            return date * _DVD_TICK
        if following <= place:
            return None
        place = following
    return None


def _stops(commands: bytes) -> bool:
    """Return whether the commands up to their end take the picture off the screen."""
    place = 0
    while place < len(commands) and commands[place] in _DVD_ARGUMENTS:
        if commands[place] == _DVD_STOP:
            return True
        place += 1 + _DVD_ARGUMENTS[commands[place]]
    return False
