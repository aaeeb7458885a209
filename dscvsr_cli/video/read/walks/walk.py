"""Choose how to walk through a file."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.read.pipe import size_bytes
from dscvsr_cli.video.read.walks import (
    advanced_systems,
    flash,
    fragments,
    gif,
    matroska,
    nut,
    ogg,
    program,
)
from dscvsr_cli.video.read.walks.plain_frames import PlainFramesWalk
from dscvsr_cli.video.read.walks.transport import TransportWalk

Walk = Callable[["Packet[Any] | None", "Packet[Any] | None"], bool]
"""Says whether a file can be read from one packet of a track (None: from its beginning) to a later
one (None: to its end) without a byte that makes no sense."""

_WALKS: Final[Mapping[str, Callable[[Path, "Packet[Any] | None", "Packet[Any] | None"], bool]]] = (
    MappingProxyType(
        {
            "asf": advanced_systems.is_unbroken,
            "flv": flash.is_unbroken,
            "gif": gif.is_unbroken,
            "matroska": matroska.is_unbroken,
            "mp4": fragments.is_unbroken,
            "mpeg": program.is_unbroken,
            "nut": nut.is_unbroken,
            "ogg": ogg.is_unbroken,
        }
    )
)


def walk_of(container: InputContainer, stream: Stream, path: Path) -> Walk | None:
    """Return the walk through an opened input, or None if there is none to go by.

    Args:
        container: The opened file or pipe; only for y4m is it known what has come through a pipe.
        stream: The track whose packets the walk goes between.
        path: The file.
    """
    names = container.format.name.split(",")
    if "yuv4mpegpipe" in names:
        return PlainFramesWalk(lambda: size_bytes(container, path))
    if not path.is_file():
        return None
    if "mpegts" in names:
        return TransportWalk(path, stream.id)
    return next((partial(_WALKS[name], path) for name in names if name in _WALKS), None)
