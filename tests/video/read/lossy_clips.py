"""A clip of fifty frames in every container that can be looked into, and ways to damage it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip

FRAMES: Final = 50
_RATE: Final = 25
X264: Final = (("crf", "10"), ("g", "10"))
_MPEG: Final = (("g", "10"), ("b", "2000000"))
_VP8: Final = (("g", "10"), ("b", "600000"), ("cpu-used", "8"), ("deadline", "realtime"))


def _clip(
    suffix: str, ticks: int, encoder: str = "libx264", options: tuple[tuple[str, str], ...] = X264
) -> Clip:
    step = ticks // _RATE
    return Clip(
        suffix=suffix,
        rate=_RATE,
        time_base=Fraction(1, ticks),
        pts=tuple(range(0, FRAMES * step, step)),
        encoder=encoder,
        options=options,
    )


CONTAINERS: Final[dict[str, Clip]] = {
    "transport stream": replace(_clip(".ts", 90000), sound_seconds=2.0),
    "m2ts": replace(_clip(".m2ts", 90000), sound_seconds=2.0, sound_encoder="ac3"),
    "program stream": _clip(".mpg", 25, "mpeg2video", _MPEG),
    "avi": replace(_clip(".avi", 25, "mpeg4", _MPEG), sound_seconds=2.0, sound_encoder="ac3"),
    "avi with h264": _clip(".avi", 25),
    "flv": replace(_clip(".flv", 1000), sound_seconds=2.0),
    "wmv": _clip(".wmv", 1000, "wmv2", _MPEG),
    "ogg": _clip(".ogv", 25, "libvpx", _VP8),
    "ivf": _clip(".ivf", 25, "libvpx", _VP8),
    "mxf": _clip(".mxf", 25, "mpeg2video", _MPEG),
    "nut": _clip(".nut", 1000),
    "gif": replace(_clip(".gif", 100, "gif", ()), pixel_format="rgb8"),
    "y4m": _clip(".y4m", 25, "rawvideo", ()),
    "raw": _clip(".h264", 25),
    "mp4": _clip(".mp4", 12800),
    "matroska": replace(_clip(".mkv", 1000), sound_seconds=2.0),
}


def read(path: Path, options: ReadOptions | None = None) -> tuple[int, int]:
    """Decode a file -> frames, and frames that were told to be damaged or missing."""
    with VideoReader(path, options) as reader:
        return sum(1 for _ in reader), reader.damaged_frames


def places(path: Path) -> list[int]:
    """Where the frames of a file begin, as far as libav says."""
    with av.open(str(path)) as container:
        found = [one.pos for one in container.demux(video=0) if one.size]
    return [place for place in found if place is not None]


def cut(path: Path, place: int) -> Path:
    path.write_bytes(path.read_bytes()[:place])
    return path


def overwrite(path: Path, start: int, end: int) -> Path:
    content = bytearray(path.read_bytes())
    content[start:end] = bytes(end - start)
    path.write_bytes(bytes(content))
    return path
