"""Walk the tags of a Flash video: each is followed by its own size, and the first says how long."""

import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

from av.packet import Packet

_KINDS: Final = frozenset({8, 9, 18})
"""Audio, video, and data such as the information at the beginning."""

_TAG_HEADER_BYTES: Final = 11
_SIZE_BYTES: Final = 4
_INFORMATION_BYTES: Final = 1 << 16
_NUMBER: Final = 0
"""AMF's mark of a number, which is a double."""

_ROUNDING_SECONDS: Final = 0.1
"""By how much a stated length may differ: it may include the duration of the last frame."""


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether tag follows tag from one packet to another.

    Args:
        path: A Flash video.
        before: A packet of it; None for the beginning of the file, where nothing is looked at.
        after: A later one; None for the end of the file.
    """
    if before is None or before.pos is None:
        return True
    with path.open("rb") as file:
        size_bytes = path.stat().st_size
        goal = size_bytes if after is None or after.pos is None else after.pos
        place: int | None = before.pos
        latest = 0
        while place is not None and place < goal:
            place, milliseconds = _next_tag(file, place, size_bytes)
            latest = max(latest, milliseconds)
        return place == goal and (after is not None or not _is_cut(file, size_bytes, latest))


def _next_tag(file: BinaryIO, place: int, size_bytes: int) -> tuple[int | None, int]:
    """Return where the next tag begins, None if that is unclear, and the time of this one in ms."""
    file.seek(place)
    head = file.read(_TAG_HEADER_BYTES)
    if len(head) < _TAG_HEADER_BYTES or head[0] & 0x1F not in _KINDS:
        return None, 0
    milliseconds = int.from_bytes(bytes([head[7], *head[4:7]]), "big")
    tag_bytes = _TAG_HEADER_BYTES + int.from_bytes(head[1:4], "big")
    file.seek(place + tag_bytes)
    behind = file.read(_SIZE_BYTES)
    if len(behind) < _SIZE_BYTES:
        # Nothing of the last tag is missing if only its size behind it is.
        return (size_bytes if place + tag_bytes <= size_bytes else None), milliseconds
    # Some programs leave the size out.
    is_right = int.from_bytes(behind, "big") in (tag_bytes, 0)
    return (place + tag_bytes + _SIZE_BYTES if is_right else None), milliseconds


def _is_cut(file: BinaryIO, size_bytes: int, latest_ms: int) -> bool:
    """Return whether the file is shorter, in bytes and in time, than its information says."""
    file.seek(0)
    head = file.read(_INFORMATION_BYTES)
    stated_bytes, seconds = _stated(head, b"filesize"), _stated(head, b"duration")
    if stated_bytes is None or seconds is None:
        return False
    # Neither is enough: a recorder may copy the size that a server has announced, and the last
    # frames in the file may be shown long after they are sent.
    return stated_bytes > size_bytes and seconds - latest_ms / 1000 > _ROUNDING_SECONDS


def _stated(head: bytes, name: bytes) -> float | None:
    """Return a number of the information tag, or None."""
    key = len(name).to_bytes(2, "big") + name + bytes([_NUMBER])
    place = head.find(key)
    number = head[place + len(key) : place + len(key) + 8] if place >= 0 else b""
    return float(struct.unpack(">d", number)[0]) if len(number) == 8 else None
