"""Walk the packets of an ASF file (WMV): of one size, and full of numbered pieces of frames."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from av.packet import Packet

_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_DATA_HEADER_BYTES: Final = 50
_MOST_HEADER_BYTES: Final = 1 << 24
_BROADCAST: Final = 1
_LENGTHS: Final = (0, 1, 2, 4)
"""Bytes of a field, by the two bits that say how long it is."""


class _Layout(NamedTuple):
    first: int
    """Where the first packet begins."""
    packet_bytes: int
    end: int | None
    """Where the last one ends; None for what was broadcast."""


class _UnreadableError(ValueError):
    """A packet that is none."""


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether packet follows packet, and in them piece follows piece.

    Args:
        path: An ASF file.
        before: A frame of it; None for the beginning of the file, where nothing is looked at.
        after: A later one; None for the end of the file.
    """
    layout = _layout(path)
    if before is None or before.pos is None or layout is None:
        return True
    if after is None:
        return layout.end is None or path.stat().st_size >= layout.end
    numbers: dict[int, int] = {}
    with path.open("rb") as file:
        for place in range(before.pos, (after.pos or before.pos) + 1, layout.packet_bytes):
            if (place - layout.first) % layout.packet_bytes:
                return False
            file.seek(place)
            try:
                for track, number in _pieces(file.read(layout.packet_bytes)):
                    if track in numbers and number not in (
                        numbers[track],
                        (numbers[track] + 1) % 256,
                    ):
                        return False
                    numbers[track] = number
            except (_UnreadableError, IndexError, struct.error):
                return False
    return True


def _layout(path: Path) -> _Layout | None:
    """Return how the packets are laid out in a file, or None if its header does not say."""
    with path.open("rb") as file:
        header_bytes = _object_bytes(file, 0)
        header = file.read(min(header_bytes, _MOST_HEADER_BYTES))
        place = header.find(_PROPERTIES)
        if place < 0 or len(header) < place + 104:
            return None
        flags, least, most = struct.unpack_from("<III", header, place + 88)
        data_bytes = _object_bytes(file, header_bytes)
        file.seek(header_bytes)
        if file.read(16) != _DATA or least != most or not most:
            return None
        has_end = not flags & _BROADCAST and data_bytes > _DATA_HEADER_BYTES
        return _Layout(
            first=header_bytes + _DATA_HEADER_BYTES,
            packet_bytes=most,
            end=header_bytes + data_bytes if has_end else None,
        )


def _object_bytes(file: BinaryIO, place: int) -> int:
    file.seek(place + 16)
    size = int.from_bytes(file.read(8), "little")
    file.seek(place)
    return size


def _pieces(packet: bytes) -> Iterator[tuple[int, int]]:
    """Yield track and frame number, which counts up to 255, of each piece in a packet."""
    place = 1 + (packet[0] & 0x0F) if packet[0] & 0x80 else 0
    flags, fields = packet[place], packet[place + 1]
    place += 2
    sizes = []
    for shift in (5, 1, 3):
        value, place = _field(packet, place, flags >> shift)
        sizes.append(value)
    if sizes[0] > len(packet) or sizes[2] > len(packet):
        raise _UnreadableError
    place += 6
    several = flags & 1
    count = packet[place] & 0x3F if several else 1
    length_kind = packet[place] >> 6 if several else 0
    place += 1 if several else 0
    for _ in range(count):
        track = packet[place] & 0x7F
        number, place = _field(packet, place + 1, fields >> 4)
        _, place = _field(packet, place, fields >> 2)
        extra, place = _field(packet, place, fields)
        length, place = _field(packet, place + extra, length_kind)
        place += length
        if place > len(packet) or not track:
            raise _UnreadableError
        yield track, number


def _field(packet: bytes, place: int, kind: int) -> tuple[int, int]:
    """Return the value of a field and where the next one begins."""
    size = _LENGTHS[kind & 3]
    return int.from_bytes(packet[place : place + size], "little"), place + size
