"""Count the frames that an AVI file lists: in its index, or else in the header of the stream."""

from pathlib import Path
from typing import BinaryIO, Final

_INDEX: Final = b"idx1"
_ENTRY_BYTES: Final = 16
_CHUNK_HEADER_BYTES: Final = 8
_READ_BYTES: Final = 1 << 20
_MOST_INDEX_BYTES: Final = 1 << 26
_MOST_BEHIND_BYTES: Final = 1 << 16
"""What may follow the index; if more does, it is that of the first part of a large file."""


def frames_in_index(path: Path, frame: int) -> int | None:
    """Return how many frames the index of a file lists, or None if no index ends it.

    Slots without data, which show the frame before for longer, do not count.

    Args:
        path: The file.
        frame: Where the data of a frame is.
    """
    with path.open("rb") as file:
        own = _header(file, frame - _CHUNK_HEADER_BYTES)[0][:2]
        entries = _entries(file, path.stat().st_size)
    if entries is None:
        return None
    starts = range(0, len(entries), _ENTRY_BYTES)
    return sum(
        entries[at : at + 2] == own
        # A change of palette is no frame.
        and entries[at + 2 : at + 4] != b"pc"
        and any(entries[at + 12 : at + 16])
        for at in starts
    )


def empty_slots(path: Path, frame: int) -> int:
    """Return how many slots without data follow a frame directly or behind audio.

    Args:
        path: The file.
        frame: Where its data is.
    """
    found = 0
    with path.open("rb") as file:
        chunk = frame - _CHUNK_HEADER_BYTES
        own = _header(file, chunk)[0]
        kind, size = own, 1
        while len(kind) == 4 and kind[:2].isdigit():
            kind, size = _header(file, chunk)
            found += kind == own and not size
            chunk += _CHUNK_HEADER_BYTES + size + size % 2
    return found


def _header(file: BinaryIO, place: int) -> tuple[bytes, int]:
    """Return the kind of a chunk and how long its content is."""
    file.seek(place)
    head = file.read(_CHUNK_HEADER_BYTES)
    return head[:4], int.from_bytes(head[4:], "little")


def _entries(file: BinaryIO, size_bytes: int) -> bytes | None:
    """Return the content of the index; it is looked for from the end, as chunks may be damaged."""
    end = size_bytes
    while end > max(0, size_bytes - _MOST_INDEX_BYTES):
        start = max(0, end - _READ_BYTES)
        file.seek(start)
        found = file.read(end - start + len(_INDEX) - 1).rfind(_INDEX)
        if found >= 0:
            content_bytes = _header(file, start + found)[1]
            content = file.read(content_bytes)
            is_whole = len(content) == content_bytes and not content_bytes % _ENTRY_BYTES
            is_last = size_bytes - file.tell() <= _MOST_BEHIND_BYTES
            return content if is_whole and is_last else None
        end = start
    return None
