"""VideoInfo: everything about a video file that the rest of the program decides by."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from dscvsr_cli.video.pixels.colour import ColourInfo
from dscvsr_cli.video.pixels.formats import PlainFormat, plain_format

SourceKind = Literal["file", "sequence", "pipe"]


USUAL_RATE: Final = Fraction(25)
"""Pictures per second where nothing tells; FFmpeg assumes the same."""


StreamKind = Literal["video", "audio", "subtitle", "data", "attachment", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """One stream of a file other than its main picture."""

    index: int
    """Its place in the file."""

    kind: StreamKind
    """What it carries."""

    codec: str
    """FFmpeg's name of the codec ("aac", "subrip"), or "" where the build cannot name it."""

    language: str | None = None
    """Language code as written in the file."""

    title: str | None = None
    """Title, or the file name of an attachment."""

    is_cover: bool = False
    """True for a still picture that stands for the file (cover art)."""

    is_chapter_text: bool = False
    """True for the hidden text track in which MP4 stores the names of its chapters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HdrMetadata:
    """Static HDR metadata (SMPTE ST 2086 and CTA-861.3), as the picture carries it."""

    primaries: tuple[tuple[Fraction, Fraction], ...] = ()
    """Chromaticities of the mastering display's red, green, blue and white; () if unknown."""

    luminance: tuple[Fraction, Fraction] | None = None
    """Least and greatest luminance of the mastering display in cd/m2."""

    content_light: tuple[int, int] | None = None
    """MaxCLL and MaxFALL in cd/m2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Rows and columns at the edges of the stored picture that are not to be shown."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return rows and columns that are left of a picture."""
        return height - self.top - self.bottom, width - self.left - self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """A video file as probed: its main picture stream, and what else it holds."""

    path: Path
    """The file, the pattern or folder of an image sequence, or ``-``."""

    container: str
    """FFmpeg's name of the container format ("mov,mp4,m4a,3gp,3g2,mj2")."""

    stream_index: int
    """Which stream is the picture."""

    codec: str
    """FFmpeg's name of the codec of the picture ("h264")."""

    width: int
    """Stored columns in pixels, before any rotation."""

    height: int
    """Stored rows in pixels, before any rotation."""

    frame_rate: Fraction | None
    """Average frames per second, or None where the file does not tell."""

    time_base: Fraction
    """Seconds per unit of ``Frame.pts``."""

    frame_count: int | None
    """Frames as the container counts them, or None; the picture may turn out to have others."""

    duration_seconds: float | None
    """Length of the picture stream (or else the file), or None."""

    pixel_format: str
    """FFmpeg's name of the pixel format ("yuv420p10le")."""

    bit_depth: int
    """Bits per sample."""

    colour: ColourInfo
    """Matrix, range, primaries and transfer: as tagged, and as resolved."""

    sample_aspect_ratio: Fraction | None
    """Width over height of one pixel, or None where the file does not say."""

    display_matrix: tuple[int, ...] | None = None
    """Nine fixed-point numbers that turn the picture for display, or None."""

    rotation: int = 0
    """Degrees counter-clockwise that a player turns the picture."""

    interlaced: bool = False
    """Whether pictures are two fields of different moments, as flagged or as the person says."""

    hdr: HdrMetadata | None = None
    """Static HDR metadata, if any."""

    other_streams: tuple[StreamInfo, ...] = ()
    """All streams but the main picture, in file order."""

    frames_cut_off: int = 0
    """Pictures that the file's index lists beyond the end of the file: it was cut short."""

    chapter_count: int = 0
    """Chapters the file lists."""

    tags: tuple[str, ...] = ()
    """Names, in small letters, of what the file says of its content: title, artist, ..."""

    kind: SourceKind = "file"
    """Only a file can be opened again, for its other streams; the others hold the picture alone."""

    start_seconds: Fraction = Fraction(0)
    """The time on the file's clock that players show as 0:00."""

    has_alpha: bool = False
    """Whether the picture has opacity."""

    dynamic_hdr: tuple[str, ...] = ()
    """Kinds of HDR metadata that change from picture to picture, such as "Dolby Vision"."""

    crop: Crop | None = None
    """What the container cuts off the stored picture; ``width`` and ``height`` are without it."""

    lost_streams: tuple[StreamInfo, ...] = ()
    """Streams that go by unread: those of a pipe beside its picture."""

    @property
    def plain(self) -> PlainFormat:
        """The pixel format itself, or its twin of whole planes."""
        return plain_format(self.pixel_format)
