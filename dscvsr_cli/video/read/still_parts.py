"""The named parts of JPEG, PNG and WebP files, read from the file itself.

FFmpeg hands what they say on beside the frame, where PyAV reads nothing once there are Exif
data, as in every photo.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
JPEG_START: Final = b"\xff\xd8"

_SCAN: Final = 0xDA
_MOST_BYTES: Final = 1 << 24
"""Larger than any part that is read; more is taken for damage."""


def still_parts(file: BinaryIO, kinds: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield what a picture file holds of some kinds, each part with its kind.

    Args:
        file: The file, opened at its start.
        kinds: Names of chunks, such as ``b"iCCP"`` and ``b"EXIF"``, and single bytes for the
            markers of JPEG segments.

    Raises:
        OSError: The file cannot be read.
    """
    start = file.read(12)
    if start.startswith(PNG_SIGNATURE):
        file.seek(len(PNG_SIGNATURE))
        yield from _png_chunks(file, kinds)
    elif start.startswith(JPEG_START):
        file.seek(len(JPEG_START))
        yield from _jpeg_segments(file, kinds)
    elif start[:4] == b"RIFF" and start[8:] == b"WEBP":
        yield from _riff_chunks(file, kinds)


def _png_chunks(file: BinaryIO, kinds: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    # A check sum follows every chunk.
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[:4], "big")
        if head[4:] in kinds and length <= _MOST_BYTES:
            yield head[4:], file.read(length)
            length = 0
        file.seek(length + 4, os.SEEK_CUR)


def _jpeg_segments(file: BinaryIO, kinds: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != _SCAN:
        data = file.read(max(0, int.from_bytes(head[2:], "big") - 2))
        if head[1:2] in kinds:
            yield head[1:2], data


def _riff_chunks(file: BinaryIO, kinds: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[4:], "little")
        padding = length % 2
        if head[:4] in kinds and length <= _MOST_BYTES:
            yield head[:4], file.read(length)
            length = 0
        file.seek(length + padding, os.SEEK_CUR)
