"""Extent: how many frames a source has and how large they are, asked without decoding them."""

import struct
from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.datasets.sources import Source
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.read.probe import probe

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ASSUMED_RATE = 25
_ASSUMED_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Frames of a source; of a video file what it claims to hold."""

    frames: int
    size: Size

    @property
    def size_bytes(self) -> int:
        """Memory that the frames take as 8-bit RGB."""
        return self.frames * 3 * self.size.height * self.size.width


def measure(source: Source) -> Extent:
    """Return the extent of a source; only a few bytes of it are read if that is enough.

    Raises:
        DscvsrError: It cannot be opened, or not as it is.
    """
    if source.kind != "video":
        return Extent(frames=len(source.paths), size=_picture_size(source.paths[0]))
    info = probe(source.paths[0])
    seconds = info.duration_seconds or _ASSUMED_SECONDS
    frames = info.frame_count or round(seconds * float(info.frame_rate or _ASSUMED_RATE))
    return Extent(frames=max(1, frames), size=Size(info.height, info.width))


def _picture_size(path: Path) -> Size:
    # Data sets of a hundred thousand PNG files are common: their header is where it always is.
    try:
        with path.open("rb") as file:
            head = file.read(24)
    except OSError:
        head = b""
    if len(head) == 24 and head.startswith(_PNG_SIGNATURE):
        width, height = struct.unpack(">II", head[16:24])
        return Size(height, width)
    return Size(*read_picture(path).shape[-2:])
