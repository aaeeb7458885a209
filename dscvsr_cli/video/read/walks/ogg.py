"""Walk the pages of an Ogg file: they are numbered, have a checksum, and the last one says so."""

import zlib
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from av.packet import Packet

_MARK: Final = b"OggS"
_HEADER_BYTES: Final = 27
_READ_BYTES: Final = 1 << 16
_ENDS: Final = 0x04
_MIRRORED: Final = bytes(int(f"{number:08b}"[::-1], 2) for number in range(256))
"""Every byte with its bits in reverse: Ogg's checksum is that of zlib on mirrored bits."""


class _Page(NamedTuple):
    serial: int
    number: int
    is_last: bool
    end: int


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether no page of a track is missing or damaged from one packet to another.

    Args:
        path: An Ogg file.
        before: A packet of it; None for the beginning of the file, where nothing is looked at.
        after: A later one; None for the end of the file, which the last page of a track must mark.
    """
    if before is None or before.pos is None:
        return True
    with path.open("rb") as file:
        goal = path.stat().st_size if after is None or after.pos is None else after.pos
        page = _page(file, before.pos)
        if page is None:
            return False
        serial, number, is_last = page.serial, page.number, page.is_last
        place = page.end
        while place < goal or (after is not None and place == goal):
            page = _page(file, place)
            if page is None:
                place = _next_mark(file, place + 1)
                continue
            place = page.end
            if page.serial == serial:
                number += 1
                is_last = page.is_last
                if page.number != number:
                    return False
        return after is not None or is_last


def _next_mark(file: BinaryIO, place: int) -> int:
    """Return where the next page may begin, or the end of the file."""
    file.seek(place)
    block = b""
    while more := file.read(_READ_BYTES):
        block = block[-len(_MARK) + 1 :] + more
        found = block.find(_MARK)
        if found >= 0:
            return file.tell() - len(block) + found
    return file.tell()


def _page(file: BinaryIO, place: int) -> _Page | None:
    """Return the page at a place, or None if there is none, or not a whole one."""
    file.seek(place)
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or header[:4] != _MARK:
        return None
    lacing = file.read(header[26])
    content = file.read(sum(lacing))
    if len(lacing) < header[26] or len(content) < sum(lacing):
        return None
    page = bytearray(header + lacing + content)
    page[22:26] = bytes(4)
    if _checksum(bytes(page)) != int.from_bytes(header[22:26], "little"):
        return None
    return _Page(
        serial=int.from_bytes(header[14:18], "little"),
        number=int.from_bytes(header[18:22], "little"),
        is_last=bool(header[5] & _ENDS),
        end=place + len(page),
    )


def _checksum(page: bytes) -> int:
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
