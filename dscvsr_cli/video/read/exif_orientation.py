"""Exif orientation: how the camera was held, and whether it mirrored the picture.

PyAV cannot list what comes beside a frame with Exif data, and gives only the turn. So the file
itself is read to find mirrored pictures.
"""

import struct
from pathlib import Path
from typing import Final

from dscvsr_cli.video.display_matrix import DisplayMatrix
from dscvsr_cli.video.read.still_parts import still_parts

_APP1: Final = b"\xe1"
_KINDS: Final = frozenset({_APP1, b"eXIf", b"EXIF"})
_JPEG_MARK: Final = b"Exif\0\0"
"""How the APP1 segment of Exif begins; some programs write it into WebP as well."""

_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION: Final = 0x0112
_ENTRY_BYTES: Final = 12
_MOST_BYTES: Final = 1 << 16
"""As much of a TIFF file as is looked at; cameras and FFmpeg write the directory first."""

_ONE: Final = 1 << 16
_LAST: Final = (0, 0, 0, 1 << 30)
_MIRRORED: Final[dict[int, DisplayMatrix]] = {
    2: (-_ONE, 0, 0, 0, _ONE, *_LAST),
    4: (_ONE, 0, 0, 0, -_ONE, *_LAST),
    5: (0, _ONE, 0, _ONE, 0, *_LAST),
    7: (0, -_ONE, 0, -_ONE, 0, *_LAST),
}


def mirrored_matrix(path: Path) -> DisplayMatrix | None:
    """Return the display matrix of a picture file that is stored mirrored; None for all others."""
    try:
        with path.open("rb") as file:
            start = file.read(_MOST_BYTES)
            if start[:4] in _BYTE_ORDERS:
                return _MIRRORED.get(_orientation(start))
            file.seek(0)
            for _, data in still_parts(file, _KINDS):
                exif = data.removeprefix(_JPEG_MARK)
                if exif[:4] in _BYTE_ORDERS:
                    return _MIRRORED.get(_orientation(exif))
    except (OSError, struct.error):
        pass
    return None


def _orientation(exif: bytes) -> int:
    """Return the orientation of Exif data, from 1 to 8; 1 if they do not say.

    Raises:
        struct.error: The data are cut short.
    """
    order = _BYTE_ORDERS[exif[:4]]
    (directory,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    for number in range(count):
        place = directory + 2 + number * _ENTRY_BYTES
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, place)
        if tag == _ORIENTATION:
            return int(value)
    return 1
