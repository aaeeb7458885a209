"""Boxes, the building blocks of MP4 and MOV files: what kinds there are, and where."""

import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

_BOX_HEADER: Final = 8
_LONG_BOX_HEADER: Final = 16
_AT_THE_BEGINNING: Final = frozenset({b"ftyp", b"mdat", b"skip", b"free", b"wide", b"pnot"})
"""Kinds of boxes that a file can begin with."""

_MOST_BOXES: Final = 1000
_INDEXES: Final = frozenset({b"moov", b"moof"})


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the content of each box in a part of the file."""
    while start + _BOX_HEADER <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(_BOX_HEADER))
        header = _BOX_HEADER
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            header = _LONG_BOX_HEADER
        if size == 0:
            size = end - start
        if size < header:
            return
        yield kind, start + header, min(start + size, end)
        start += size


def lacks_index(path: Path) -> bool:
    """Return whether a file is an MP4 or MOV without its index, which recorders write last."""
    try:
        with path.open("rb") as file:
            every = boxes(file, 0, file.seek(0, 2))
            kinds = [kind for kind, _, _ in islice(every, _MOST_BOXES)]
    except (OSError, struct.error):
        return False
    return bool(kinds) and kinds[0] in _AT_THE_BEGINNING and not _INDEXES.intersection(kinds)
