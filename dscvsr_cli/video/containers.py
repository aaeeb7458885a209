"""Containers that an output can have, and which streams each of them can hold."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.info import StreamInfo

_PCM: Final = frozenset(
    f"pcm_{kind}{bits}{order}"
    for kind, sizes in (("s", (16, 24, 32)), ("f", (32, 64)))
    for bits in sizes
    for order in ("le", "be")
)
_COMMON_TAGS: Final = frozenset({"artist", "comment", "copyright", "date", "genre", "title"})
_MOV_TAGS: Final = _COMMON_TAGS | {"album", "creation_time", "location"}
_MP4_TAGS: Final = _MOV_TAGS | frozenset(
    {"album_artist", "composer", "description", "network", "show", "synopsis", "track"}
)
_MP4_VIDEO: Final = frozenset(
    "h264 hevc av1 vp9 mpeg4 mpeg2video mpeg1video mjpeg png vvc".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One output container and the codecs it can hold besides the main picture."""

    name: str
    """FFmpeg's name of the muxer."""

    suffix: str
    """The usual file suffix."""

    video: frozenset[str]
    """Codecs of further picture streams and cover art."""

    audio: frozenset[str]
    """Codecs of sound."""

    subtitle: frozenset[str]
    """Codecs of subtitles."""

    data: frozenset[str] = frozenset()
    """Kinds of timed data."""

    attachments: bool = False
    """Whether files such as fonts can be attached."""

    covers: bool = False
    """Whether a still picture can stand for the file."""

    chapters: bool = True
    """Whether chapters can be listed."""

    rotation: bool = True
    """Whether a display matrix can be stored."""

    tags: frozenset[str] | None = None
    """Names of the tags of a file that come back from it, or None where all do."""

    languages: bool = True
    """Whether streams can say their language."""

    constant_rate: bool = False
    """Whether all pictures must last equally long."""

    clock: Fraction | None = None
    """Ticks per second that all times are rounded to, where the muxer does not do so itself."""

    audio_is_gapless: bool = False
    """Whether sound has no times and so must begin at zero and never pause."""

    text_subtitle: str = ""
    """Codec that text subtitles of other kinds are converted to, or "" where there is none."""

    picture_encoder: str = "libx264"
    """Encoder of the picture where the person names none."""

    audio_encoder: str = ""
    """Encoder to recommend for sound that cannot be copied, or "" where there is none."""

    def holds(self, stream: StreamInfo) -> bool:
        """Say whether the stream can be copied into this container."""
        if stream.kind == "attachment":
            return self.attachments
        if stream.is_cover and not self.covers:
            return False
        codecs = {
            "video": self.video,
            "audio": self.audio,
            "subtitle": self.subtitle,
            "data": self.data,
        }
        return stream.codec in codecs.get(stream.kind, frozenset())


TEXT_SUBTITLES: Final = frozenset({"ass", "mov_text", "subrip", "text", "webvtt"})
"""Codecs of subtitles that are text, and so can be turned into each other."""

_MP4: Final = Container(
    name="mp4",
    suffix=".mp4",
    video=_MP4_VIDEO,
    audio=frozenset({"aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "vorbis"})
    | _PCM,
    subtitle=frozenset({"mov_text", "dvd_subtitle"}),
    covers=True,
    text_subtitle="mov_text",
    audio_encoder="aac",
    tags=_MP4_TAGS,
)
_MOV: Final = Container(
    name="mov",
    suffix=".mov",
    video=_MP4_VIDEO | {"prores", "dnxhd", "qtrle", "dvvideo", "rawvideo"},
    audio=frozenset({"aac", "ac3", "alac", "eac3", "mp2", "mp3", "amr_nb", "amr_wb"})
    | {"adpcm_ima_qt", "pcm_alaw", "pcm_mulaw", "pcm_s8", "pcm_u8"}
    | _PCM,
    subtitle=frozenset({"mov_text"}),
    covers=True,
    text_subtitle="mov_text",
    audio_encoder="aac",
    tags=_MOV_TAGS,
)
_MATROSKA: Final = Container(
    name="matroska",
    suffix=".mkv",
    video=_MP4_VIDEO | {"vp8", "ffv1", "theora", "prores", "dnxhd", "huffyuv", "utvideo"},
    audio=frozenset({"aac", "ac3", "alac", "dts", "eac3", "flac", "mlp", "mp1", "mp2", "mp3"})
    | {"opus", "truehd", "tta", "vorbis", "wavpack", "pcm_u8"}
    | {"pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_s16be", "pcm_s24be", "pcm_s32be"}
    | {"pcm_f32le", "pcm_f64le"},
    subtitle=frozenset({"subrip", "ass", "webvtt", "text", "hdmv_pgs_subtitle"})
    | {"dvd_subtitle", "dvb_subtitle"},
    attachments=True,
    covers=True,
    text_subtitle="subrip",
    audio_encoder="flac",
)
_WEBM: Final = Container(
    name="webm",
    suffix=".webm",
    video=frozenset({"vp8", "vp9", "av1"}),
    audio=frozenset({"opus", "vorbis"}),
    subtitle=frozenset({"webvtt"}),
    text_subtitle="webvtt",
    picture_encoder="libvpx-vp9",
    audio_encoder="libopus",
)
_MPEGTS: Final = Container(
    name="mpegts",
    suffix=".ts",
    video=frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4"}),
    audio=frozenset({"aac", "aac_latm", "ac3", "eac3", "dts", "mp1", "mp2", "mp3", "opus"}),
    subtitle=frozenset({"dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"}),
    data=frozenset({"klv", "timed_id3"}),
    chapters=False,
    rotation=False,
    audio_encoder="aac",
    tags=frozenset(),
)
_AVI: Final = Container(
    name="avi",
    suffix=".avi",
    video=frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "huffyuv", "ffv1"}),
    audio=frozenset({"ac3", "dts", "mp2", "mp3", "pcm_s16le", "pcm_s24le", "pcm_u8"}),
    subtitle=frozenset(),
    chapters=False,
    rotation=False,
    languages=False,
    constant_rate=True,
    audio_is_gapless=True,
    picture_encoder="mpeg4",
    audio_encoder="libmp3lame",
    tags=_COMMON_TAGS | {"encoded_by", "language", "track"},
)
_FLV: Final = Container(
    name="flv",
    suffix=".flv",
    video=frozenset(),
    audio=frozenset({"aac", "mp3"}),
    subtitle=frozenset(),
    chapters=False,
    rotation=False,
    languages=False,
    audio_encoder="aac",
)
_OGG: Final = Container(
    name="ogg",
    suffix=".ogv",
    video=frozenset(),
    audio=frozenset({"flac", "opus", "vorbis"}),
    subtitle=frozenset(),
    chapters=False,
    rotation=False,
    constant_rate=True,
    picture_encoder="libtheora",
    audio_encoder="libopus",
)
_GIF: Final = Container(
    name="gif",
    suffix=".gif",
    video=frozenset(),
    audio=frozenset(),
    subtitle=frozenset(),
    chapters=False,
    rotation=False,
    clock=Fraction(100),
    picture_encoder="gif",
    tags=frozenset(),
)
_NUT: Final = Container(
    name="nut",
    suffix=".nut",
    video=_MATROSKA.video,
    audio=_MATROSKA.audio - {"alac", "eac3", "mlp", "mp1", "truehd", "tta"},
    subtitle=frozenset({"ass"}),
    rotation=False,
    text_subtitle="ass",
    audio_encoder="pcm_s16le",
)
_Y4M: Final = Container(
    name="yuv4mpegpipe",
    suffix=".y4m",
    video=frozenset(),
    audio=frozenset(),
    subtitle=frozenset(),
    chapters=False,
    rotation=False,
    constant_rate=True,
    picture_encoder="wrapped_avframe",
)

CONTAINERS: Final = (_MATROSKA, _MP4, _MOV, _MPEGTS, _WEBM, _AVI, _FLV, _OGG, _GIF, _NUT, _Y4M)
"""All output containers; the first that holds a stream is the one to recommend."""

_BY_SUFFIX: Final = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": _MOV,
    ".mkv": _MATROSKA,
    ".webm": _WEBM,
    ".ts": _MPEGTS,
    ".m2ts": _MPEGTS,
    ".mts": _MPEGTS,
    ".avi": _AVI,
    ".flv": _FLV,
    ".ogv": _OGG,
    ".gif": _GIF,
    ".nut": _NUT,
    ".y4m": _Y4M,
}
PICTURE_ENCODERS: Final = {
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".jpg": "mjpeg",
    ".jpeg": "mjpeg",
    ".webp": "libwebp",
    ".bmp": "bmp",
}
"""Encoders of single pictures, by the suffix of their names."""

_BY_NAME: Final = {container.name: container for container in CONTAINERS} | {"y4m": _Y4M}


def container_of(target: Path) -> Container:
    """Return the container that a file name asks for.

    Raises:
        UsageError: The suffix is none of ours.
    """
    container = _BY_SUFFIX.get(target.suffix.lower())
    if container is None:
        raise UsageError(
            f"{target.name} does not say which kind of file to write",
            hint=f"end the name in one of {', '.join(_BY_SUFFIX)}",
        )
    if container.picture_encoder not in av.codecs_available:
        raise UsageError(
            f"{target.suffix} cannot be written: this build of FFmpeg has no "
            f"{container.picture_encoder}",
            hint="write to .mkv or .webm instead",
        )
    return container


def names_container(target: Path) -> bool:
    """Say whether a file name ends in the suffix of a container."""
    return target.suffix.lower() in _BY_SUFFIX


def is_picture_name(target: Path) -> bool:
    """Say whether a file name ends in the suffix of a picture that can be written."""
    return target.suffix.lower() in PICTURE_ENCODERS


def container_named(name: str) -> Container:
    """Return the container of an FFmpeg muxer name ("matroska").

    Raises:
        UsageError: The muxer is none of ours.
    """
    container = _BY_NAME.get(name)
    if container is None:
        raise UsageError(
            f"the container format {name} is not written", hint=f"one of {', '.join(_BY_NAME)} is"
        )
    return container


def recommend(stream: StreamInfo) -> Container | None:
    """Return a container that holds the stream, or None where no container of ours does."""
    return next((container for container in CONTAINERS if container.holds(stream)), None)


def picture_container(suffix: str) -> Container:
    """Return what stands for a container where every picture is a file of its own.

    Raises:
        UsageError: Pictures of this kind are not written.
    """
    encoder = PICTURE_ENCODERS.get(suffix.lower())
    if encoder is None or encoder not in av.codecs_available:
        known = ", ".join(sorted(PICTURE_ENCODERS))
        raise UsageError(f"pictures ending in {suffix} are not written", hint=f"use one of {known}")
    return Container(
        name="image2",
        suffix=suffix,
        video=frozenset(),
        audio=frozenset(),
        subtitle=frozenset(),
        chapters=False,
        rotation=False,
        picture_encoder=encoder,
    )
