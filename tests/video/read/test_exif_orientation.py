"""Which picture files are stored mirrored, in every kind of file and either byte order."""

import struct
from pathlib import Path

import pytest
import torch

from dscvsr_cli.video.display_matrix import upright
from dscvsr_cli.video.read.exif_orientation import mirrored_matrix

ORIENTATION = 0x0112


def exif(orientation: int, order: str = ">") -> bytes:
    mark = b"MM\0*" if order == ">" else b"II*\0"
    entries = [(0x0100, 3, 1, 9), (ORIENTATION, 3, 1, orientation)]
    packed = b"".join(struct.pack(f"{order}HHIHH", *entry, 0) for entry in entries)
    return mark + struct.pack(f"{order}IH", 8, len(entries)) + packed + bytes(4)


def jpeg(data: bytes) -> bytes:
    other = b"\xff\xe0\0\x04ab"
    return b"\xff\xd8" + other + b"\xff\xe1" + struct.pack(">H", len(data) + 8) + b"Exif\0\0" + data


def png(data: bytes) -> bytes:
    # Exif may come after the picture itself.
    chunks = ((b"IHDR", bytes(13)), (b"IDAT", b"abc"), (b"eXIf", data))
    parts = (struct.pack(">I", len(body)) + kind + body + bytes(4) for kind, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def webp(data: bytes) -> bytes:
    chunks = ((b"VP8X", bytes(10)), (b"VP8L", b"abc\0"), (b"EXIF", b"Exif\0\0" + data))
    return b"RIFF\0\0\0\0WEBP" + b"".join(
        kind + struct.pack("<I", len(body)) + body for kind, body in chunks
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wrap", [jpeg, png, webp, bytes])
def test_mirrored_pictures_are_known_in_every_kind_of_file(
    wrap: type[bytes], order: str, tmp_path: Path
) -> None:
    path = tmp_path / "photo"
    planes = torch.arange(6).view(1, 2, 3)
    path.write_bytes(wrap(exif(4, order)))
    assert torch.equal(upright(planes, mirrored_matrix(path)), planes.flip(-2))
    # Pictures that are turned only are left to FFmpeg, and so are those of which nothing is known.
    for orientation in (1, 3, 6, 8, 0, 9):
        path.write_bytes(wrap(exif(orientation, order)))
        assert mirrored_matrix(path) is None


@pytest.mark.parametrize("length", [0, 1, 12, 20, 30])
def test_a_file_that_is_cut_short_says_nothing(length: int, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    for wrap in (jpeg, png, webp, bytes):
        path.write_bytes(wrap(exif(2))[:length])
        assert mirrored_matrix(path) is None
    assert mirrored_matrix(tmp_path / "missing") is None
