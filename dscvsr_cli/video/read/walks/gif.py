"""Walk the blocks of a GIF from its beginning to the mark at its end."""

from pathlib import Path
from typing import Any, BinaryIO, Final

from av.packet import Packet

_HEADER_BYTES: Final = 13
_IMAGE_BYTES: Final = 9
_EXTENSION, _IMAGE, _END = b"\x21", b"\x2c", b"\x3b"


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether block follows block up to the mark that ends the file.

    Args:
        path: A GIF.
        before: Not looked at.
        after: None; between two frames nothing is looked at.
    """
    del before
    if after is not None:
        return True
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return False
        file.seek(_palette_bytes(header[10]), 1)
        while (kind := file.read(1)) != _END:
            if kind == _IMAGE:
                image = file.read(_IMAGE_BYTES)
                if len(image) < _IMAGE_BYTES:
                    return False
                file.seek(_palette_bytes(image[8]), 1)
            elif kind != _EXTENSION:
                return False
            # The size of a code, or the kind of an extension.
            file.seek(1, 1)
            if not _pass_blocks(file):
                return False
    return True


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _pass_blocks(file: BinaryIO) -> bool:
    """Go past a chain of blocks, each with its size before it; return False if it is cut."""
    while size := file.read(1):
        if size == b"\x00":
            return True
        file.seek(size[0], 1)
    return False
