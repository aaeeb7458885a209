"""Walk the elements of a Matroska file from one packet to the next, to see if data was skipped.

libav passes over what it cannot read in such a file without an error, up to the next cluster.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from av.packet import Packet

from dscvsr_cli.video.read.ebml import SEGMENT, element_header

_CLUSTER: Final = 0x1F43B675
_BLOCK_GROUP: Final = 0xA0
_BLOCKS: Final = frozenset({0xA3, 0xA1})
"""A simple block, and one inside a group."""

_ENTERED: Final = frozenset({SEGMENT, _CLUSTER, _BLOCK_GROUP})
_PASSED: Final = _BLOCKS | {
    # Everywhere: padding and checksums; at the very beginning: what kind of file it is.
    *(0xEC, 0xBF, 0x1A45DFA3),
    # At the top of a file: seek heads, information, tracks, index, attachments, chapters, tags.
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367),
    # In a cluster: time, position, size of the one before, silent tracks, encrypted blocks.
    *(0xE7, 0xA7, 0xAB, 0x5854, 0xAF),
    # In a group: duration, references, state, additions (alpha), padding, slices.
    *(0x9B, 0xFA, 0xFB, 0xFD, 0xA4, 0xA2, 0x75A1, 0x75A2, 0x8E, 0xC8),
}

_BLOCK_HEADER_BYTES: Final = 4
"""Track, time and flags before the data of a block."""


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether every byte from one packet of a track to another belongs to an element.

    Args:
        path: A Matroska or WebM file.
        before: A packet of it; None for the beginning of the file.
        after: A later one; None for the end of the file.
    """
    start = 0 if before is None else before.pos
    if start is None or (after is not None and (after.pos or 0) <= start):
        # Several packets may share a block.
        return True
    with path.open("rb") as file:
        size_bytes = path.stat().st_size
        goal = size_bytes if after is None or after.pos is None else after.pos
        place = 0 if before is None else _end_of_block(file, start, before.size)
        while place is not None and place < goal:
            place = _next_place(file, place, goal)
        if after is None and _is_cut(file, size_bytes):
            return False
    return place is None or place == goal


def _is_cut(file: BinaryIO, size_bytes: int) -> bool:
    """Return whether the file ends before the segment that it holds."""
    place = 0
    with suppress(ValueError):
        while place < size_bytes:
            kind, begin, size = element_header(file, place)
            if size is None:
                # A live recording did not know its own length.
                return False
            place = begin + size
            if kind == SEGMENT:
                return place > size_bytes
    return False


def _end_of_block(file: BinaryIO, content: int, packet_bytes: int) -> int | None:
    """Return where the block ends whose content begins at a place; None if its head is unclear."""
    ends = []
    for head_bytes in range(2, 10):
        try:
            kind, begin, size = element_header(file, content - head_bytes)
        except ValueError:
            continue
        if kind in _BLOCKS and begin == content and size is not None:
            ends.append(content + size)
    plain = content + _BLOCK_HEADER_BYTES + packet_bytes
    # A packet that is stored otherwise (laced, compressed) leaves the shortest head.
    return plain if plain in ends else next(iter(ends), None)


def _next_place(file: BinaryIO, place: int, goal: int) -> int:
    """Return the place after an element, or of what it holds; past the goal if there is none."""
    try:
        kind, begin, size = element_header(file, place)
    except ValueError:
        return goal + 1
    if kind in _BLOCKS and begin == goal:
        return goal
    if kind in _ENTERED:
        return begin
    if kind not in _PASSED or size is None:
        return goal + 1
    return begin + size
