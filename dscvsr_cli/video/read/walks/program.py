"""Walk an MPEG program stream: packs and packets that say how long they are."""

from pathlib import Path
from typing import Any, BinaryIO, Final

from av.packet import Packet

_START: Final = b"\x00\x00\x01"
_END, _PACK, _FIRST_WITH_LENGTH = 0xB9, 0xBA, 0xBB
_PACK_BYTES_MPEG1: Final = 12
_PACK_BYTES_MPEG2: Final = 14


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether one pack or packet follows another from one frame to another.

    Args:
        path: A program stream.
        before: A frame of it; None for the beginning of the file, where nothing is looked at.
        after: A later one; None for the end of the file, which only has to be no part of a packet.
    """
    if before is None or before.pos is None:
        return True
    with path.open("rb") as file:
        goal = path.stat().st_size if after is None or after.pos is None else after.pos
        place: int | None = before.pos
        while place is not None and place < goal:
            place = _next(file, place)
    # Padding, or whatever else may follow the last packet, is no damage.
    return place == goal or (after is None and place is None)


def _next(file: BinaryIO, place: int) -> int | None:
    """Return where the next pack or packet begins, or None if there is none at this place."""
    file.seek(place)
    head = file.read(_PACK_BYTES_MPEG2)
    if len(head) < 4 or head[:3] != _START:
        return None
    if head[3] == _END:
        return place + 4
    if head[3] == _PACK and len(head) >= _PACK_BYTES_MPEG1:
        if head[4] & 0xC0 == 0x40 and len(head) == _PACK_BYTES_MPEG2:
            return place + _PACK_BYTES_MPEG2 + (head[13] & 0x07)
        return place + _PACK_BYTES_MPEG1 if head[4] & 0xF0 == 0x20 else None
    if head[3] >= _FIRST_WITH_LENGTH and len(head) >= 6:
        return place + 6 + int.from_bytes(head[4:6], "big")
    return None
