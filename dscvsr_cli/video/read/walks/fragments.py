"""Walk the boxes of an MP4 file: fragments, which nothing lists, and an index that may be cut."""

from pathlib import Path
from typing import Any, Final

from av.packet import Packet

_HEADER_BYTES: Final = 16
_FRAGMENT, _INDEX = b"moof", b"moov"


def is_unbroken(path: Path, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
    """Return whether box follows box to the end of a file; without fragments, to its index.

    Args:
        path: An MP4 or MOV file.
        before: Not looked at.
        after: None; between two packets nothing is looked at.
    """
    del before
    if after is not None:
        return True
    size_bytes = path.stat().st_size
    place = 0
    has_fragments = False
    with path.open("rb") as file:
        while 0 <= place < size_bytes:
            file.seek(place)
            head = file.read(_HEADER_BYTES)
            box_bytes = int.from_bytes(head[:4], "big")
            if box_bytes == 1:
                box_bytes = int.from_bytes(head[8:], "big")
            if not box_bytes:
                # The last box may leave its size open.
                box_bytes = size_bytes - place
            is_box = box_bytes >= 8 and head[4:8].isascii() and bytes(head[4:8]).isalnum()
            has_fragments |= head[4:8] == _FRAGMENT
            place = place + box_bytes if is_box else -1
            if head[4:8] == _INDEX and place > size_bytes:
                return False
    return place == size_bytes or not has_fragments
