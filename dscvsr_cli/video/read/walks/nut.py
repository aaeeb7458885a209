"""Tell whether a NUT file ends with its index, as every one does that was written to its end."""

from pathlib import Path
from typing import Any, Final

from av.packet import Packet

_INDEX: Final = bytes.fromhex("4e58dd672f23e64e")
_TAIL_BYTES: Final = 12
"""The length of the index, in eight bytes, and a checksum."""


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether the index is there; between two packets nothing is looked at.

    Args:
        path: A NUT file.
        before: Not looked at.
        after: None for the end of the file.
    """
    del before
    size_bytes = path.stat().st_size
    if after is not None or size_bytes < _TAIL_BYTES:
        return True
    with path.open("rb") as file:
        file.seek(size_bytes - _TAIL_BYTES)
        index_bytes = int.from_bytes(file.read(8), "big")
        if not 0 < index_bytes <= size_bytes:
            return False
        file.seek(size_bytes - index_bytes)
        return file.read(len(_INDEX)) == _INDEX
