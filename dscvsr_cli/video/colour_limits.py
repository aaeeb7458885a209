"""ColourLimits: what coded pictures can say about their colours, by codec and container.

Where nobody can be told which matrix or range was used, players assume one: the pictures must then
be stored that way, or their colours come out shifted.
"""

from dataclasses import dataclass
from typing import Final

from dscvsr_cli.video.pixels.colour import Matrix, Siting

_TELLING_CONTAINERS: Final = frozenset({"matroska", "mov", "mp4", "webm"})
"""Their headers hold matrix, range, primaries and transfer for every codec."""

_TELLING_CODECS: Final = frozenset({"av1", "h264", "hevc", "mpeg2video", "prores", "vvc"})
"""Their own headers do."""

_ONLY_RANGE: Final[dict[str, bool]] = {
    "mjpeg": True,
    "mpeg1video": False,
    "mpeg2video": False,
    "prores": False,
    "theora": False,
}
"""Whether the one range that players of a codec know is the full one."""

_ONLY_MATRIX: Final[dict[str, Matrix]] = {"dnxhd": "bt709", "mjpeg": "bt601"}

_CENTRED_CHROMA: Final = frozenset({"mjpeg", "mpeg1video", "theora"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourLimits:
    """What an output can say about its colours; by default everything."""

    tells_matrix: bool = True
    """Whether matrix, primaries and transfer can be tagged."""

    tells_range: bool = True
    """Whether the range can be tagged."""

    matrix: Matrix | None = None
    """The only matrix there is, or None."""

    full_range: bool | None = None
    """The only range there is, or None."""

    siting: Siting = "left"
    """Where players look for chroma across a row."""


def codec_siting(codec: str) -> Siting:
    """Return where a codec's pictures have their subsampled chroma, across a row."""
    return "centre" if codec in _CENTRED_CHROMA else "left"


def colour_limits(codec: str, container: str, *, source_siting: Siting = "left") -> ColourLimits:
    """Return what pictures can say about their colours.

    Args:
        codec: FFmpeg's name of the codec.
        container: FFmpeg's name of the muxer.
        source_siting: Where the source has its chroma.
    """
    if container == "yuv4mpegpipe":
        # One line of text with the range and the place of chroma, and nothing on the matrix.
        return ColourLimits(tells_matrix=False, siting=source_siting)
    told = container in _TELLING_CONTAINERS or codec in _TELLING_CODECS
    return ColourLimits(
        tells_matrix=told,
        # Where there is one range alone, everybody knows it.
        tells_range=told or codec in _ONLY_RANGE,
        matrix=_ONLY_MATRIX.get(codec),
        full_range=_ONLY_RANGE.get(codec),
        siting=codec_siting(codec),
    )
