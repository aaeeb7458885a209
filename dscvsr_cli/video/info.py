"""VideoInfo: everything that is known about an input before it is decoded."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from dscvsr_cli.video.pixels.colour import ColourInfo
from dscvsr_cli.video.pixels.formats import PlainFormat, plain_format

SourceKind = Literal["file", "sequence", "pipe"]


USUAL_RATE: Final = Fraction(25)
"""Frames per second to assume if the input does not say; FFmpeg assumes the same."""


PLAYLIST_FORMATS: Final = frozenset({"concat", "dash", "hls", "imf", "rtsp", "sdp", "vobsub"})
"""FFmpeg's names of formats whose files name other files or addresses to read."""


ICON_FORMAT: Final = "ico"
"""FFmpeg's name of the format whose files hold one picture in several sizes, each as a stream."""


def is_still_format(name: str) -> bool:
    """Return whether FFmpeg's format of this name is that of a still picture ("png_pipe")."""
    return name in ("image2", ICON_FORMAT) or name.endswith("_pipe")


StreamKind = Literal["video", "audio", "subtitle", "data", "attachment", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """One stream of a file beside its video."""

    index: int
    """Its position among the streams of the file."""

    kind: StreamKind
    """What it carries."""

    codec: str
    """FFmpeg's name of the codec ("aac", "subrip"), or "" if the build cannot name it."""

    language: str | None = None
    """Language code as written in the file."""

    title: str | None = None
    """Title, or the file name of an attachment."""

    is_cover: bool = False
    """True for cover art: a still picture that stands for the file."""

    is_chapter_text: bool = False
    """True for the hidden text track in which MP4 stores the names of its chapters."""

    is_timecode: bool = False
    """True for a track that holds nothing but the timecode of the first frame."""

    is_unreadable: bool = False
    """True if the format could not be found out, because no packet of it came early enough."""

    begins_seconds: float | None = None
    """Time on the file's clock at which a stream begins that appears only midway, whose first
    packets come after the part of the file that is read when it is opened, or that is never there
    while the video is."""

    tags: tuple[str, ...] = ()
    """Names, in lower case, of the tags that describe its content; the language is apart."""

    roles: tuple[str, ...] = ()
    """What it is for: "forced", "hearing_impaired", "comment" ..."""

    @property
    def is_moving_picture(self) -> bool:
        """Return whether it is a video, and not a still picture that stands for the file."""
        return self.kind == "video" and not self.is_cover


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """How much later the packets of a stream are played than their timestamps say."""

    stream: int
    """Index of the stream."""

    packet: int
    """Number of the first packet concerned, counted from 0."""

    seconds: Fraction
    """Added to its times, and to those of the packets after it."""

    until: int | None = None
    """Number of the first packet that is not concerned; None for a change that lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumps:
    """Where the clock of a file steps back, and how its times are carried on from there."""

    changes: tuple[ClockChange, ...] = ()
    """The changes of all streams, in order; a later one replaces an earlier one."""

    seconds: tuple[Fraction, ...] = ()
    """Where the jumps are, on the file's clock as it is carried on."""

    def places(self, stream: int) -> frozenset[int]:
        """Return the numbers of a stream's packets before which its clock jumps, or returns."""
        own = [change for change in self.changes if change.stream == stream]
        ends = [change.until for change in own if change.until is not None]
        return frozenset([*(change.packet for change in own), *ends])


@dataclass(frozen=True, slots=True, kw_only=True)
class HdrMetadata:
    """Static HDR metadata (SMPTE ST 2086 and CTA-861.3), as frames carry it."""

    primaries: tuple[tuple[Fraction, Fraction], ...] = ()
    """Chromaticities of the mastering display's red, green, blue and white; () if unknown."""

    luminance: tuple[Fraction, Fraction] | None = None
    """Least and greatest luminance of the mastering display in cd/m2."""

    content_light: tuple[int, int] | None = None
    """MaxCLL and MaxFALL in cd/m2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Rows and columns at the edges of the stored frame that are not to be shown."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the rows and columns that remain of a frame."""
        return height - self.top - self.bottom, width - self.left - self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """An input as probed: its video stream, and what else it holds. It is never altered."""

    path: Path
    """The file, the pattern or folder of an image sequence, or ``-``."""

    container: str
    """FFmpeg's name of the container format ("mov,mp4,m4a,3gp,3g2,mj2")."""

    stream_index: int
    """Index of the video stream."""

    codec: str
    """FFmpeg's name of the video codec ("h264")."""

    width: int
    """Stored columns in pixels, before any rotation."""

    height: int
    """Stored rows in pixels, before any rotation."""

    frame_rate: Fraction | None
    """Average frames per second, or None if the file does not say."""

    time_base: Fraction
    """Seconds per unit of ``Frame.pts``."""

    has_steady_rate: bool = False
    """Whether all that is known of the file says that its frames last equally long."""

    frame_count: int | None
    """Frames as the container counts them, or None; decoding may yield more or fewer."""

    duration_seconds: float | None
    """Length of the video stream, or else of the file, or None."""

    begins_seconds: Fraction = Fraction(0)
    """Time of the first frame as players count it; more than 0 if audio begins before it."""

    pixel_format: str
    """FFmpeg's name of the pixel format ("yuv420p10le")."""

    bit_depth: int
    """Bits per sample."""

    colour: ColourInfo
    """Matrix, range, primaries and transfer: as tagged, and as resolved."""

    icc_profile: bytes = b""
    """The ICC profile of a picture file, or of the first one of a sequence."""

    sample_aspect_ratio: Fraction | None
    """Width over height of one pixel, or None if the file does not say."""

    display_matrix: tuple[int, ...] | None = None
    """Nine fixed-point numbers that turn the frame for display, or None."""

    rotation: int = 0
    """Degrees counter-clockwise that a player turns the frame."""

    interlaced: bool = False
    """Whether each frame is two fields of different moments, as flagged or as the person says."""

    hdr: HdrMetadata | None = None
    """Static HDR metadata, if any."""

    other_streams: tuple[StreamInfo, ...] = ()
    """All streams but the video, in file order."""

    frames_cut_off: int = 0
    """Frames that the index lists beyond the end of the file, because it was cut short."""

    chapter_count: int = 0
    """Chapters the file lists."""

    tags: tuple[str, ...] = ()
    """Names, in lower case, of the tags that describe the content: title, artist, ..."""

    picture_tags: tuple[str, ...] = ()
    """Names, in lower case, of the tags of the video stream itself."""

    picture_language: str | None = None
    """Language code of the video stream."""

    timecode: str | None = None
    """Timecode of the first frame, as the video stream or the file says it."""

    kind: SourceKind = "file"
    """Only a file can be opened again, for its other streams; the others hold only video."""

    start_seconds: Fraction = Fraction(0)
    """The time on the file's clock that players show as 0:00."""

    has_alpha: bool = False
    """Whether frames have alpha."""

    dynamic_hdr: tuple[str, ...] = ()
    """Kinds of HDR metadata that change from frame to frame, such as "Dolby Vision"."""

    has_own_colours: bool = False
    """Whether the frames are in colours of Dolby Vision's own, which look wrong without it."""

    stereo: str | None = None
    """How the two views of a 3D picture share a frame, in Matroska's words ("left_right")."""

    picture_extras: tuple[str, ...] = ()
    """What else frames carry, in words: "closed captions (CEA-608/708)", a projection, 3D."""

    crop: Crop | None = None
    """What the container crops; ``width`` and ``height`` are what is left."""

    lost_streams: tuple[StreamInfo, ...] = ()
    """Streams that cannot be read: those of a pipe beside its video."""

    decoder_delay: int | None = None
    """Ticks between an AVI packet and the frame shown at its time; None if times are known."""

    late_streams: tuple[StreamInfo, ...] = ()
    """Streams that appear only midway, and so cannot be brought over."""

    further_pictures: int = 0
    """Pictures in a file of stills that are not read: pages, views, or sizes of an icon."""

    jumps: ClockJumps = field(default_factory=ClockJumps)
    """Where the clock steps back; readers of packets move their times on from there."""

    @property
    def is_still(self) -> bool:
        """Whether it is one picture and no video, as far as can be known before it is decoded."""
        # A pipe of pictures may bring another one later.
        return self.frame_count == 1 or (self.kind == "pipe" and is_still_format(self.container))

    @property
    def is_turned(self) -> bool:
        """Whether rows are shown as columns, by a quarter turn either way."""
        return self.rotation % 180 != 0

    @property
    def is_playlist(self) -> bool:
        """Whether it is a list of other files, which somebody allowed to be opened."""
        return any(name in PLAYLIST_FORMATS for name in self.container.split(","))

    @property
    def plain(self) -> PlainFormat:
        """The pixel format itself, or the plain one that holds all it holds."""
        return plain_format(self.pixel_format)
