"""Chroma location: where a stream says that its subsampled chroma sits.

PyAV shows no such field. Matroska stores it, so libav is asked for the header of a Matroska file
that would hold the stream. Chroma at the bottom is the one place that it does not write; if a codec
could have said so, libav names the elements of the stream's own headers in its log.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import Final

import av
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from dscvsr_cli.video.pixels.colour import RowSiting, Siting, codec_siting
from dscvsr_cli.video.read.ebml import SEGMENT, TRACK, TRACKS, VIDEO, elements
from dscvsr_cli.video.read.libav_log import libav_log
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.read.open_input import open_input

_COLOUR, _ACROSS, _DOWN = 0x55B0, 0x55B7, 0x55B8
_SITINGS: Final[dict[int, Siting]] = {1: "left", 2: "centre"}
_ROW_SITINGS: Final[dict[int, RowSiting]] = {1: "top", 2: "centre"}
"""What the numbers of ChromaSitingHorz and ChromaSitingVert mean."""

_AT_THE_BOTTOM: Final = re.compile(r"chroma_sample_loc_type\w*\s+[01]*\s*=\s*([45])\b")
_TELLS: Final = frozenset({"h264", "hevc", "vvc"})
"""Codecs whose headers can say that chroma is at the bottom."""

_PACKETS: Final = 2
"""Packets in which a stream that has no headers apart must begin."""


_CENTRED: Final = re.compile(r"C420(jpeg)?")


def y4m_siting(header: bytes) -> Siting:
    """Return where chroma sits across a row, from the first bytes of a y4m stream.

    4:2:0 without further words, or no word about chroma at all, means JPEG's samples half-way
    between two pixels.
    """
    line, _, _ = header.partition(b"\n")
    chroma = [word for word in line.decode("ascii", "replace").split() if word.startswith("C")]
    return "centre" if not chroma or _CENTRED.fullmatch(chroma[0]) else "left"


def chroma_location(
    stream: VideoStream, path: Path, *, allow_playlist: bool = False
) -> tuple[Siting, RowSiting]:
    """Return where chroma sits across a row and down a column.

    A stream that says nothing has its chroma where its codec usually has it.

    Args:
        stream: Of a file that has just been opened.
        path: The file.
        allow_playlist: Whether the file may be a list of other files.

    Raises:
        InputVideoError: The file cannot be opened again.
    """
    codec = codec_name(stream)
    usual = codec_siting(codec)
    written = _written(_matroska_header(stream))
    if not written and codec in _TELLS:
        return _at_the_bottom(path, stream.index, allow_playlist=allow_playlist) or (
            usual,
            "centre",
        )
    return (
        _SITINGS.get(written.get(_ACROSS, 0), usual),
        _ROW_SITINGS.get(written.get(_DOWN, 0), "centre"),
    )


def _matroska_header(stream: VideoStream) -> bytes:
    header = BytesIO()
    try:
        with av.open(header, "w", format="matroska") as container:
            # The decoder's name serves as well: nothing is encoded.
            container.add_stream_from_template(stream, opaque=True)
            container.start_encoding()
            return header.getvalue()
    except (av.FFmpegError, ValueError):
        # A codec that Matroska cannot hold.
        return b""


def _written(header: bytes) -> dict[int, int]:
    file = BytesIO(header)
    places = [(0, len(header))]
    for wanted in (SEGMENT, TRACKS, TRACK, VIDEO, _COLOUR):
        places = [
            (start, end)
            for place in places
            for kind, start, end in elements(file, *place)
            if kind == wanted
        ]
    return {
        kind: int.from_bytes(header[start:end], "big")
        for place in places
        for kind, start, end in elements(file, *place)
        if kind in (_ACROSS, _DOWN)
    }


def _at_the_bottom(
    path: Path, index: int, *, allow_playlist: bool
) -> tuple[Siting, RowSiting] | None:
    with open_input(path, allow_playlist=allow_playlist) as container:
        stream = container.streams[index]
        try:
            with libav_log() as said:
                headers = BitStreamFilterContext("trace_headers", stream)
                for number, packet in enumerate(container.demux(stream)):
                    if number == _PACKETS or not packet.size:
                        break
                    headers.filter(packet)
        except (av.FFmpegError, ValueError):
            # Damage is for the decoder to find.
            return None
    found = _AT_THE_BOTTOM.search("\n".join(said))
    if found is None:
        return None
    return ("left" if found[1] == "4" else "centre"), "bottom"
