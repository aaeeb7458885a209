"""Chroma location: where a bitstream says that its subsampled chroma sits.

PyAV shows no such field, but libav can name every element of a stream's headers in its log.
"""

import re
from pathlib import Path
from typing import Final

import av
import av.logging
from av.bitstream import BitStreamFilterContext

from dscvsr_cli.video.pixels.colour import RowSiting, Siting
from dscvsr_cli.video.read.open_input import open_input

_LOCATIONS: Final[tuple[tuple[Siting, RowSiting], ...]] = (
    ("left", "centre"),
    ("centre", "centre"),
    ("left", "top"),
    ("centre", "top"),
    ("left", "bottom"),
    ("centre", "bottom"),
)
"""What the numbers of H.264, HEVC and VVC mean (chroma_sample_loc_type)."""

_AV1_LOCATIONS: Final[dict[int, tuple[Siting, RowSiting]]] = {2: ("left", "top")}
"""What those of AV1 mean where it is not the usual place."""

_USUAL: Final[tuple[Siting, RowSiting]] = ("left", "centre")

_PATTERNS: Final = {
    codec: re.compile(rf"{name}\s+[01]*\s*=\s*(\d+)")
    for codec, name in (
        ("h264", "chroma_sample_loc_type_top_field"),
        ("hevc", "chroma_sample_loc_type_top_field"),
        ("vvc", r"vui_chroma_sample_loc_type(?:_frame|_top_field)"),
        ("av1", "chroma_sample_position"),
    )
}

_PACKETS: Final = 2
"""Packets in which a stream that has no headers apart must begin."""


def has_chroma_location(codec: str) -> bool:
    """Return whether a codec's headers can say where chroma sits."""
    return codec in _PATTERNS


def chroma_location(
    path: Path, index: int, *, allow_playlist: bool = False
) -> tuple[Siting, RowSiting]:
    """Return where chroma sits across a row and down a column.

    Args:
        path: A file.
        index: Index of its video stream, of a codec that ``has_chroma_location``.
        allow_playlist: Whether the file may be a list of other files.

    Raises:
        InputVideoError: The file cannot be opened.
    """
    with open_input(path, allow_playlist=allow_playlist) as container:
        stream = container.streams[index]
        codec = stream.codec_context.codec.canonical_name
        level = av.logging.get_level()
        av.logging.set_level(av.logging.INFO)
        try:
            with av.logging.Capture() as lines:
                headers = BitStreamFilterContext("trace_headers", stream)
                for number, packet in enumerate(container.demux(stream)):
                    if number == _PACKETS or not packet.size:
                        break
                    headers.filter(packet)
        except (av.FFmpegError, ValueError):
            # Damage is for the decoder to find.
            return _USUAL
        finally:
            av.logging.set_level(level)
        found = _PATTERNS[codec].search("\n".join(text for _, _, text in lines))
    number = int(found[1]) if found else 0
    if codec == "av1":
        return _AV1_LOCATIONS.get(number, _USUAL)
    return _LOCATIONS[number] if number < len(_LOCATIONS) else _USUAL
