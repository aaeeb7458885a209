"""EBML: the elements that make up a Matroska file."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

SEGMENT: Final = 0x18538067
TRACKS: Final = 0x1654AE6B
TRACK: Final = 0xAE
VIDEO: Final = 0xE0


def elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield identifier, start and end of the content of each element in a part of a file.

    Raises:
        ValueError: It is not EBML.
    """
    while start < end:
        kind, begin, size = element_header(file, start)
        stop = end if size is None else begin + size
        yield kind, begin, min(stop, end)
        start = stop


def is_cut_short(path: Path) -> bool:
    """Return whether a Matroska file ends before all is there that its segment says it holds.

    False for a live recording, which does not say how much it is, and for what is no such file.
    """
    try:
        with path.open("rb") as file:
            size_bytes, start = file.seek(0, 2), 0
            while start < size_bytes:
                kind, begin, size = element_header(file, start)
                if size is None:
                    return False
                if kind == SEGMENT:
                    return begin + size > size_bytes
                start = begin + size
    except (OSError, ValueError):
        return False
    return False


def element_header(file: BinaryIO, start: int) -> tuple[int, int, int | None]:
    """Return identifier of an element, where its content begins, and its size in bytes.

    The size is None in a live recording that did not know its own length.

    Raises:
        ValueError: It is not EBML.
    """
    file.seek(start)
    kind, kind_bytes = _variable_integer(file, keep_marker=True)
    size, size_bytes = _variable_integer(file, keep_marker=False)
    # All bits set say that it is not known.
    known = None if size == (1 << 7 * size_bytes) - 1 else size
    return kind, start + kind_bytes + size_bytes, known


def _variable_integer(file: BinaryIO, *, keep_marker: bool) -> tuple[int, int]:
    first = file.read(1)
    if not first or not first[0]:
        raise ValueError("not EBML")
    length = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(length - 1), "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length
