"""Tell whether a y4m stream ends with a whole frame: all have one size, and no mark ends them."""

from collections.abc import Callable
from typing import Any, Final

from av.packet import Packet

_MOST_HEADER_BYTES: Final = 80
"""Length of the line before a frame at most; usually six."""


class PlainFramesWalk:
    """Says whether a y4m stream, from a file or through a pipe, ends with a whole frame.

    Args:
        bytes_read: Tells how many bytes the stream has, once it has ended.
    """

    def __init__(self, bytes_read: Callable[[], int]) -> None:
        self._bytes_read = bytes_read

    def __call__(self, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
        """Return whether the frame at ``before`` is the last one; in between nothing is looked at.

        Args:
            before: The last frame.
            after: None.
        """
        if before is None or before.pos is None or after is not None:
            return True
        return self._bytes_read() - before.pos - before.size <= _MOST_HEADER_BYTES
