"""Further pictures in a file of stills: pages of a TIFF, views of an MPO, sizes of an icon.

FFmpeg reads only the first page or view, and does not say that there are others.
"""

import os
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from dscvsr_cli.video.read.still_parts import still_parts

_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}
_ICON: Final = b"\0\0\1\0"
_ENTRY: Final = 12
_MOST_PAGES: Final = 10_000

_KIND: Final = 254
_OLD_KIND: Final = 255
"""TIFF tags that say what a page is."""
_IS_REDUCED: Final = 1
_IS_REDUCED_AS_OLD_KIND: Final = 2

_APP2: Final = b"\xe2"
_MPF: Final = b"MPF\0"
_MP_ENTRIES: Final = 0xB002
_MP_ENTRY: Final = 16
_IS_VIEW: Final = 2
"""Highest byte of the type of other views and of parts of a panorama; thumbnails have another."""


def further_pictures(path: Path) -> int:
    """Return how many pictures a file holds beside one; smaller copies in a TIFF do not count.

    A file that cannot be read, or is damaged, counts as one without others.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start == _ICON:
                return max(0, int.from_bytes(file.read(6)[4:], "little") - 1)
            if start in _BYTE_ORDERS:
                return sum(not _is_reduced(page) for page in list(_directories(file))[1:])
            return sum(map(_other_views, still_parts(file, frozenset({_APP2}))))
    except (OSError, struct.error):
        return 0


def _directories(file: BinaryIO) -> Iterator[dict[int, tuple[int, int, bytes]]]:
    """Yield the directories of a TIFF file: for each tag its type, its count and four bytes.

    Raises:
        struct.error: The file ends too early.
    """
    order = _BYTE_ORDERS[file.read(4)]
    seen: set[int] = set()
    (place,) = struct.unpack(f"{order}I", file.read(4))
    while place and place not in seen and len(seen) < _MOST_PAGES:
        seen.add(place)
        file.seek(place)
        (count,) = struct.unpack(f"{order}H", file.read(2))
        entries = [struct.unpack(f"{order}HHI4s", file.read(_ENTRY)) for _ in range(count)]
        # The four bytes are a number of 16 bits, or one of 32, or where to find more.
        yield {tag: (kind, amount, value) for tag, kind, amount, value in entries}
        file.seek(place + 2 + count * _ENTRY, os.SEEK_SET)
        (place,) = struct.unpack(f"{order}I", file.read(4))


def _is_reduced(page: dict[int, tuple[int, int, bytes]]) -> bool:
    # The number is in the first bytes or the last, and small: the order does not matter.
    kind, old = (max(page[tag][2]) if tag in page else 0 for tag in (_KIND, _OLD_KIND))
    return bool(kind & _IS_REDUCED) or old == _IS_REDUCED_AS_OLD_KIND


def _other_views(part: tuple[bytes, bytes]) -> int:
    """Return how many views besides the first the index of an MPO file names."""
    data = part[1]
    if not data.startswith(_MPF) or data[4:8] not in _BYTE_ORDERS:
        return 0
    order, block = _BYTE_ORDERS[data[4:8]], data[len(_MPF) :]
    directory = next(_directories(BytesIO(block)), {})
    _, size, value = directory.get(_MP_ENTRIES, (0, 0, bytes(4)))
    (place,) = struct.unpack(f"{order}I", value)
    entries = block[place : place + size]
    kinds = (
        struct.unpack_from(f"{order}I", entries, offset)[0] >> 16 & 0xFF
        for offset in range(_MP_ENTRY, len(entries) - _MP_ENTRY + 1, _MP_ENTRY)
    )
    return sum(kind == _IS_VIEW for kind in kinds)
