"""Containers that an output can have, and which streams each of them can hold.

The list is short on purpose: AVI, FLV and MPEG program streams cannot keep variable frame times
or the tags of modern codecs, so nothing is written to them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.info import StreamInfo

_PCM: Final = frozenset(
    f"pcm_{kind}{bits}{order}"
    for kind, sizes in (("s", (16, 24, 32)), ("f", (32, 64)))
    for bits in sizes
    for order in ("le", "be")
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


_MP4: Final = Container(
    name="mp4",
    suffix=".mp4",
    video=_MP4_VIDEO,
    audio=frozenset({"aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "vorbis"})
    | _PCM,
    subtitle=frozenset({"mov_text", "dvd_subtitle"}),
    covers=True,
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
)
_WEBM: Final = Container(
    name="webm",
    suffix=".webm",
    video=frozenset({"vp8", "vp9", "av1"}),
    audio=frozenset({"opus", "vorbis"}),
    subtitle=frozenset({"webvtt"}),
)
_MPEGTS: Final = Container(
    name="mpegts",
    suffix=".ts",
    video=frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4"}),
    audio=frozenset({"aac", "aac_latm", "ac3", "eac3", "dts", "mp1", "mp2", "mp3", "opus"}),
    subtitle=frozenset({"dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"}),
    data=frozenset({"klv", "timed_id3"}),
    chapters=False,
)

CONTAINERS: Final = (_MATROSKA, _MP4, _MOV, _MPEGTS, _WEBM)
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
}
_BY_NAME: Final = {container.name: container for container in CONTAINERS}


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
    return container


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


def default_encoder(target: Path) -> str:
    """Return the encoder to use for a file where the person names none."""
    return "libvpx-vp9" if container_of(target) is _WEBM else "libx264"
