"""ICC profiles: what the colours of a still picture mean, as JPEG, PNG and WebP files say it.

FFmpeg hands them on beside the frame, where PyAV reads nothing once there are Exif data as well, as
there are in every photo. So they are read from the file itself.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
JPEG_START: Final = b"\xff\xd8"
JPEG_MARK: Final = b"ICC_PROFILE\0"
"""How an APP2 segment begins that holds a part of a profile; its number and the count follow."""

_APP2: Final = 0xE2
_SCAN: Final = 0xDA
_MOST_BYTES: Final = 1 << 24
"""Larger than any profile; more is taken for damage."""


def read_icc_profile(path: Path) -> bytes:
    """Return the ICC profile of a picture file, or nothing where there is none that can be read."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
            if start.startswith(PNG_SIGNATURE):
                return _from_png(file)
            if start.startswith(JPEG_START):
                return _from_jpeg(file)
            if start[:4] == b"RIFF" and start[8:] == b"WEBP":
                return next((data for kind, data in _riff_chunks(file) if kind == b"ICCP"), b"")
    except (OSError, ValueError, zlib.error):
        pass
    return b""


def colour_space(profile: bytes) -> str:
    """Return which colours a profile is for: "RGB", "GRAY", "CMYK" ..."""
    return profile[16:20].decode("ascii", "replace").strip()


def _from_png(file: BinaryIO) -> bytes:
    file.seek(len(PNG_SIGNATURE))
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"iCCP" and length <= _MOST_BYTES:
            # A name, a zero, the kind of compression, of which there is one, and the data.
            _, _, packed = file.read(length).partition(b"\0")
            return zlib.decompressobj().decompress(packed[1:], _MOST_BYTES)
        file.seek(length + 4, os.SEEK_CUR)
    return b""


def _from_jpeg(file: BinaryIO) -> bytes:
    parts: dict[int, bytes] = {}
    file.seek(len(JPEG_START))
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != _SCAN:
        data = file.read(int.from_bytes(head[2:], "big") - 2)
        if head[1] == _APP2 and data.startswith(JPEG_MARK):
            parts[data[len(JPEG_MARK)]] = data[len(JPEG_MARK) + 2 :]
    return b"".join(parts[number] for number in sorted(parts))


def _riff_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"ICCP" and length <= _MOST_BYTES:
            yield head[:4], file.read(length)
            return
        file.seek(length + length % 2, os.SEEK_CUR)
