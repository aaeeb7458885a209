"""Containers: every kind of file that can be written; a new one is one entry here."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.encoder_names import BARE_FRAMES
from dscvsr_cli.video.info import StreamInfo
from dscvsr_cli.video.languages import packed_language, quicktime_language

_PCM: Final = frozenset(
    f"pcm_{kind}{bits}{order}"
    for kind, sizes in (("s", (16, 24, 32)), ("f", (32, 64)))
    for bits in sizes
    for order in ("le", "be")
)
_TELEPHONE_PCM: Final = frozenset({"pcm_alaw", "pcm_mulaw"})

# Audio often starts a little below zero, with samples that only warm up its decoder. Matroska has a
# field for that, so there is no need to move every stream for it; AVI stores no times, and
# would move the frames by a whole one.
_KEEP_NEGATIVE_TIMES: Final = (("avoid_negative_ts", "disabled"),)

_APPLE_HEVC: Final = "hvc1"
"""The only name under which Apple's players open HEVC."""

_COMMON_TAGS: Final = frozenset({"artist", "comment", "copyright", "date", "genre", "title"})
_MOV_TAGS: Final = _COMMON_TAGS | {"album", "creation_time", "location"}
_MP4_TAGS: Final = _MOV_TAGS | frozenset(
    {"album_artist", "composer", "description", "network", "show", "synopsis", "track"}
)
_TITLE: Final = frozenset({"title"})
_MOV_VIDEO: Final = frozenset(
    "h264 hevc mpeg4 mpeg2video mpeg1video mjpeg png vvc".split()  # noqa: SIM905
)
_MP4_VIDEO: Final = _MOV_VIDEO | {"av1", "vp9"}
_COVERS: Final = frozenset({"mjpeg", "png"})

TEXT_SUBTITLES: Final = frozenset({"ass", "mov_text", "subrip", "text", "webvtt"})
"""Codecs of subtitles that are text, and so can be turned into each other."""

_MP4: Final = Container(
    name="mp4",
    suffix=".mp4",
    for_players=True,
    other_suffixes=(".m4v",),
    phone_tags=True,
    timecode_track=True,
    stores_aspect=True,
    colour_tags="all",
    free_clocks=True,
    length_is_decoding=True,
    pcm_says_speakers=True,
    hevc_tag=_APPLE_HEVC,
    video=_MP4_VIDEO,
    audio=frozenset({"aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "vorbis"})
    | _PCM,
    subtitle=frozenset({"mov_text", "dvd_subtitle"}),
    covers=_COVERS,
    text_subtitle="mov_text",
    audio_encoder="aac",
    tags=_MP4_TAGS,
    spell_language=packed_language,
    track_tags=_TITLE,
    roles=frozenset({"dub", "comment", "forced", "hearing_impaired", "visual_impaired"}),
)
_MOV: Final = Container(
    name="mov",
    suffix=".mov",
    for_players=True,
    phone_tags=True,
    timecode_track=True,
    stores_aspect=True,
    colour_tags="all",
    free_clocks=True,
    length_is_decoding=True,
    hevc_tag=_APPLE_HEVC,
    clear_encoders=("prores_ks",),
    video=_MOV_VIDEO | {"prores", "dnxhd", "qtrle", "dvvideo", "rawvideo"},
    audio=frozenset({"aac", "ac3", "alac", "eac3", "mp2", "mp3", "amr_nb", "amr_wb"})
    | {"adpcm_ima_qt", "pcm_s8", "pcm_u8"}
    | _TELEPHONE_PCM
    | _PCM,
    subtitle=frozenset({"mov_text"}),
    text_subtitle="mov_text",
    audio_encoder="aac",
    tags=_MOV_TAGS,
    spell_language=quicktime_language,
    track_tags=_TITLE,
)
_MATROSKA: Final = Container(
    name="matroska",
    suffix=".mkv",
    pipe_format="matroska",
    muxer_options=_KEEP_NEGATIVE_TIMES,
    stores_stereo=True,
    colour_tags="all",
    vpx_alpha=True,
    clear_encoders=("libvpx-vp9", "prores_ks", "ffv1"),
    video=_MP4_VIDEO - {"png"} | {"vp8", "ffv1", "theora", "prores"},
    audio=frozenset({"aac", "ac3", "alac", "dts", "eac3", "flac", "mlp", "mp1", "mp2", "mp3"})
    | {"opus", "truehd", "tta", "vorbis", "wavpack", "pcm_u8"}
    | {"pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_s16be", "pcm_s24be", "pcm_s32be"}
    | {"pcm_f32le", "pcm_f64le"},
    subtitle=frozenset({"subrip", "ass", "webvtt", "text", "hdmv_pgs_subtitle"})
    | {"dvd_subtitle", "dvb_subtitle"},
    attachments=True,
    # They are attached files; of others libav does not see that they are pictures.
    covers=_COVERS | {"gif", "tiff"},
    text_subtitle="subrip",
    audio_encoder="flac",
    roles=frozenset({"dub", "original", "comment"})
    | {"forced", "hearing_impaired", "visual_impaired"},
)
_WEBM: Final = Container(
    name="webm",
    suffix=".webm",
    muxer_options=_KEEP_NEGATIVE_TIMES,
    stores_stereo=True,
    colour_tags="all",
    vpx_alpha=True,
    video=frozenset({"vp8", "vp9", "av1"}),
    audio=frozenset({"opus", "vorbis"}),
    subtitle=frozenset({"webvtt"}),
    text_subtitle="webvtt",
    picture_encoder="libvpx-vp9",
    audio_encoder="libopus",
    roles=frozenset({"forced"}),
)
_MPEGTS: Final = Container(
    name="mpegts",
    suffix=".ts",
    for_players=True,
    pipe_format="mpegts",
    # Without it the muxer adds 1.4 seconds to every timestamp.
    muxer_options=(("mpegts_copyts", "1"),),
    video=frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4"}),
    audio=frozenset({"aac", "aac_latm", "ac3", "eac3", "dts", "mp1", "mp2", "mp3", "opus"}),
    subtitle=frozenset({"dvb_subtitle"}),
    data=frozenset({"klv", "timed_id3"}),
    chapters=False,
    rotation=False,
    audio_encoder="aac",
    tags=frozenset(),
    languages=frozenset({"audio", "subtitle"}),
    track_tags=frozenset(),
    roles=frozenset({"hearing_impaired", "visual_impaired", "clean_effects"}),
)
_M2TS: Final = replace(
    _MPEGTS,
    suffix=".m2ts",
    other_suffixes=(".mts",),
    pipe_format="",
    # Cameras and Blu-ray discs put four bytes with the time of arrival before every packet.
    muxer_options=(*_MPEGTS.muxer_options, ("mpegts_m2ts_mode", "1")),
    # Each way to write it has a number for the subtitles of its world alone; under the other's they
    # would be private data, which nothing can read.
    subtitle=frozenset({"hdmv_pgs_subtitle"}),
    splits_pictures=True,
    data=frozenset(),
    languages=frozenset({"audio"}),
)
_AVI: Final = Container(
    name="avi",
    suffix=".avi",
    muxer_options=_KEEP_NEGATIVE_TIMES,
    video=frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "ffv1"})
    | {"huffyuv", "utvideo", "png"},
    audio=frozenset({"ac3", "dts", "mp2", "mp3", "pcm_s16le", "pcm_s24le", "pcm_u8"})
    | _TELEPHONE_PCM,
    chapters=False,
    rotation=False,
    constant_rate=True,
    audio_is_gapless=True,
    raw_audio=frozenset({"ac3", "dts"}),
    picture_encoder="mpeg4",
    audio_encoder="libmp3lame",
    tags=_COMMON_TAGS | {"encoded_by", "language", "track"},
    languages=frozenset(),
    track_tags=_TITLE,
)
_FLV: Final = Container(
    name="flv",
    suffix=".flv",
    audio=frozenset({"aac", "mp3", "adpcm_swf", "nellymoser"}),
    chapters=False,
    rotation=False,
    audio_encoder="aac",
    languages=frozenset(),
    track_tags=frozenset(),
)
_OGG: Final = Container(
    name="ogg",
    suffix=".ogv",
    audio=frozenset({"flac", "opus", "vorbis"}),
    chapters=False,
    rotation=False,
    constant_rate=True,
    picture_encoder="libtheora",
    audio_encoder="libopus",
)
_GIF: Final = Container(
    name="gif",
    suffix=".gif",
    screen_colours=True,
    chapters=False,
    rotation=False,
    clock=Fraction(100),
    picture_encoder="gif",
    tags=frozenset(),
    languages=frozenset(),
    track_tags=frozenset(),
)
_NUT: Final = Container(
    name="nut",
    suffix=".nut",
    pipe_format="nut",
    video=_MATROSKA.video - {"prores"} | {"huffyuv", "utvideo", "png"},
    audio=_MATROSKA.audio - {"alac", "eac3", "mlp", "mp1", "truehd", "tta"} | _TELEPHONE_PCM,
    subtitle=frozenset({"ass"}),
    rotation=False,
    text_subtitle="ass",
    audio_encoder="pcm_s16le",
    roles=frozenset({"dub", "original", "comment", "lyrics", "karaoke"}),
)
_Y4M: Final = Container(
    name="yuv4mpegpipe",
    suffix=".y4m",
    pipe_format="y4m",
    frames_only=True,
    stores_aspect=True,
    colour_tags="range",
    chapters=False,
    rotation=False,
    constant_rate=True,
    picture_encoder=BARE_FRAMES,
)

CONTAINERS: Final = (
    *(_MATROSKA, _MP4, _MOV, _MPEGTS, _WEBM, _AVI, _FLV, _OGG, _GIF, _NUT, _Y4M),
    _M2TS,
)
"""All output containers; the first that holds a stream is the one to recommend."""

_BY_SUFFIX: Final = {
    suffix: container
    for container in CONTAINERS
    for suffix in (container.suffix, *container.other_suffixes)
}

_PIPED: Final = {
    container.pipe_format: container for container in (_Y4M, *CONTAINERS) if container.pipe_format
}

PIPE_FORMATS: Final = tuple(_PIPED)
"""What ``--format`` takes: containers that can be written without ever going back; usual first."""

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


def container_of(target: Path) -> Container:
    """Return the container that a file name asks for.

    Raises:
        UsageError: No container here has this suffix.
    """
    container = _BY_SUFFIX.get(target.suffix.lower())
    if container is None:
        raise UsageError(
            f"{target.name} does not say which kind of file to write",
            hint=f"end the name in one of {', '.join(_BY_SUFFIX)}; or, for pictures, in one of "
            f"{', '.join(PICTURE_ENCODERS)}",
        )
    if container.picture_encoder not in av.codecs_available:
        raise UsageError(
            f"{target.suffix} cannot be written: this build of FFmpeg has no "
            f"{container.picture_encoder}",
            hint="write to .mkv or .webm instead",
        )
    return container


def names_container(target: Path) -> bool:
    """Return whether a file name ends in the suffix of a container."""
    return target.suffix.lower() in _BY_SUFFIX


def names_picture(target: Path) -> bool:
    """Return whether a file name ends in the suffix of a picture that can be written."""
    return target.suffix.lower() in PICTURE_ENCODERS


def can_write_picture(target: Path) -> bool:
    """Return whether this build of FFmpeg writes pictures of the kind that a file name asks for."""
    return PICTURE_ENCODERS.get(target.suffix.lower()) in av.codecs_available


def pipe_container(pipe_format: str) -> Container:
    """Return the container that ``--format`` names.

    Raises:
        UsageError: It cannot be written to a pipe.
    """
    container = _PIPED.get(pipe_format)
    if container is None:
        raise UsageError(
            f"{pipe_format} cannot be written to a pipe",
            hint=f"one of {', '.join(PIPE_FORMATS)} can",
        )
    return container


def recommend(stream: StreamInfo) -> Container | None:
    """Return a container that holds the stream, or None if none here does."""
    return next((container for container in CONTAINERS if container.holds(stream)), None)


def picture_container(suffix: str) -> Container:
    """Return the stand-in for a container if every frame is a separate picture file.

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
        frames_only=True,
        chapters=False,
        screen_colours=True,
        rotation=False,
        picture_encoder=encoder,
    )
