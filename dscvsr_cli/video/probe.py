"""Probe a video file: what it holds, and a clear complaint where it holds no picture."""

import logging
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Stream
from av.video.stream import VideoStream

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.colour import RANGE_UNSPECIFIED, UNSPECIFIED, ColourInfo, resolve_colour
from dscvsr_cli.video.formats import plain_format
from dscvsr_cli.video.info import HdrMetadata, StreamInfo, StreamKind, VideoInfo
from dscvsr_cli.video.rotation import DisplayMatrix, rotation_degrees

_log: Final = logging.getLogger(__name__)

_CENTRED_CHROMA_CODECS: Final = ("mjpeg", "mpeg1video")
_HIGHEST_PLAUSIBLE_RATE: Final = 480
_CODEC_OF_DECODER: Final = {
    "dca": "dts",
    "dvbsub": "dvb_subtitle",
    "dvdsub": "dvd_subtitle",
    "flv": "flv1",
    "libdav1d": "av1",
    "libopus": "opus",
    "libvorbis": "vorbis",
    "pgssub": "hdmv_pgs_subtitle",
    "srt": "subrip",
    "ssa": "ass",
}
"""Releases of PyAV before 15 know a stream only by the name of its decoder."""

_ATTACHED_PICTURE: Final = 0x400


def probe(path: Path) -> VideoInfo:
    """Read a file's header and its first picture.

    The first picture is decoded because the bitstream knows better than the container: colour tags
    may be there alone, or contradict the container's, and players follow the bitstream.

    Raises:
        InputVideoError: Missing, unreadable, not a video, empty, or without a picture.
    """
    with open_input(path) as container:
        stream = main_video_stream(container, path)
        frame = _first_frame(container, stream, path)
        return _describe(path, container, stream, frame)


@contextmanager
def open_input(path: Path) -> Iterator[InputContainer]:
    """Open a file for reading; whatever FFmpeg says about it becomes an ``InputVideoError``."""
    check_readable(path)
    try:
        # Metadata in other encodings than UTF-8 is common in old AVI files and must not stop us.
        # The "file:" prefix keeps names such as "a:b.mp4" from being read as a protocol.
        container = av.open(f"file:{path}", "r", metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputVideoError(
            f"{path} is not a video that can be read ({describe_error(error)})",
            hint="check that the file is complete and plays in a video player",
        ) from error
    with container:
        yield container


def check_readable(path: Path) -> None:
    """Complain about a missing file, a folder or an empty file in plain words.

    Raises:
        InputVideoError: One of these.
    """
    try:
        if path.is_dir():
            raise InputVideoError(f"{path} is a folder", hint="give a video file inside it")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise InputVideoError(
            f"{path} does not exist", hint="check the spelling, and the folder you are in"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputVideoError(
            f"{path} cannot be read: {reason}", hint="check the permissions of the file"
        ) from error
    if empty:
        raise InputVideoError(f"{path} is empty", hint="copy or download the file again")


def describe_error(error: Exception) -> str:
    """Return FFmpeg's words for what went wrong, without its codes."""
    return str(getattr(error, "strerror", None) or error)


def main_video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the first moving picture of the file; cover art does not count.

    Raises:
        InputVideoError: There is none, or this build of FFmpeg has no decoder for it.
    """
    moving = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not moving:
        raise InputVideoError(
            f"{path} holds no picture", hint="give a file with a video stream, not sound alone"
        )
    if cast("CodecContext | None", moving[0].codec_context) is None:
        raise InputVideoError(
            f"the video in {path} is of a kind that cannot be decoded here",
            hint="convert it first: ffmpeg -i IN -c:v ffv1 -c:a copy OUT.mkv",
        )
    return moving[0]


def codec_name(stream: Stream) -> str:
    """Return the name of the codec itself ("av1"), not of its decoder ("libdav1d")."""
    # None where this build of FFmpeg has no decoder, in spite of what the stubs declare.
    context = cast("CodecContext | None", stream.codec_context)
    if context is None:
        return str(getattr(stream, "name", None) or "") if stream.type == "data" else ""
    name = str(getattr(context.codec, "canonical_name", context.name))
    return _CODEC_OF_DECODER.get(name, name)


def _is_cover(stream: Stream) -> bool:
    # Early releases of PyAV 14 hide dispositions; nothing counts as a cover there.
    disposition = getattr(stream, "disposition", 0)
    # An IntFlag in newer releases, a plain Flag in older ones.
    return bool(int(getattr(disposition, "value", disposition)) & _ATTACHED_PICTURE)


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> av.VideoFrame:
    # One picture is wanted; more threads would only start to decode the ones after it.
    stream.codec_context.thread_count = 1
    trouble = "it ends before the first picture"
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return frame
            except av.FFmpegError as error:
                trouble = describe_error(error)
    except av.FFmpegError as error:
        trouble = describe_error(error)
    raise InputVideoError(
        f"no picture of {path} could be decoded ({trouble})",
        hint="the file is damaged or cut short; try another copy",
    )


def _describe(
    path: Path, container: InputContainer, stream: VideoStream, frame: av.VideoFrame
) -> VideoInfo:
    plain = plain_format(frame.format.name)
    matrix = _display_matrix(frame)
    chapters = container.chapters() if hasattr(container, "chapters") else []
    others = [other for other in container.streams if other.index != stream.index]
    return VideoInfo(
        path=path,
        container=container.format.name,
        stream_index=stream.index,
        codec=codec_name(stream),
        width=frame.width,
        height=frame.height,
        frame_rate=_frame_rate(stream),
        time_base=stream.time_base or Fraction(1, 90000),
        frame_count=_frame_count(stream),
        duration_seconds=_duration_seconds(container, stream),
        pixel_format=frame.format.name,
        bit_depth=max((part.bits for part in frame.format.components), default=plain.bits),
        colour=_colour(stream, frame),
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        display_matrix=matrix,
        rotation=rotation_degrees(matrix),
        interlaced=frame.interlaced_frame,
        hdr=_hdr_metadata(frame),
        other_streams=tuple(_stream_info(other, has_chapters=bool(chapters)) for other in others),
        chapter_count=len(chapters),
    )


def _colour(stream: VideoStream, frame: av.VideoFrame) -> ColourInfo:
    context = stream.codec_context

    def tag(of_frame: int, of_stream: int, missing: int) -> int:
        return int(of_frame) if of_frame != missing else int(of_stream)

    frame_primaries = getattr(frame, "color_primaries", UNSPECIFIED)
    frame_transfer = getattr(frame, "color_trc", UNSPECIFIED)
    return resolve_colour(
        pixel_format=plain_format(frame.format.name),
        height=frame.height,
        width=frame.width,
        matrix_tag=tag(frame.colorspace, context.colorspace, UNSPECIFIED),
        range_tag=tag(frame.color_range, context.color_range, RANGE_UNSPECIFIED),
        primaries_tag=tag(frame_primaries, context.color_primaries, UNSPECIFIED),
        transfer_tag=tag(frame_transfer, context.color_trc, UNSPECIFIED),
        siting="centre" if codec_name(stream) in _CENTRED_CHROMA_CODECS else "left",
    )


def _frame_rate(stream: VideoStream) -> Fraction | None:
    average, guessed = stream.average_rate, stream.guessed_rate
    # Millisecond clocks (FLV, some Matroska) show up as 1000 frames per second.
    if average and (average <= _HIGHEST_PLAUSIBLE_RATE or not guessed):
        return average
    return guessed or None


def _frame_count(stream: VideoStream) -> int | None:
    if stream.frames > 0:
        return stream.frames
    # mkvmerge counts the frames and writes the number into the stream's tags.
    counted = stream.metadata.get("NUMBER_OF_FRAMES", "")
    return int(counted) if counted.isascii() and counted.isdigit() and int(counted) > 0 else None


def _duration_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        seconds = container.duration / av.time_base
        rate = _frame_rate(stream)
        # Raw streams have no header; what is guessed for them can be less than one frame.
        return seconds if rate is None or seconds * rate > 0.5 else None
    return None


def _stream_info(stream: Stream, *, has_chapters: bool) -> StreamInfo:
    kind: StreamKind = stream.type
    codec = codec_name(stream)
    handler = stream.metadata.get("handler_name")
    return StreamInfo(
        index=stream.index,
        kind=kind,
        codec=codec,
        language=stream.metadata.get("language"),
        title=stream.metadata.get("title") or stream.metadata.get("filename"),
        is_cover=kind == "video" and _is_cover(stream),
        is_chapter_text=has_chapters and codec == "bin_data" and handler == "SubtitleHandler",
    )


def _side_data(frame: av.VideoFrame, kind: SideDataType, size_bytes: int) -> bytes | None:
    # Iterating yields the entries themselves, in spite of the mapping that the stubs declare.
    for entry in cast("Iterable[SideData]", frame.side_data):
        data = bytes(entry)
        if entry.type == kind and len(data) >= size_bytes:
            return data
    return None


def _display_matrix(frame: av.VideoFrame) -> DisplayMatrix | None:
    data = _side_data(frame, SideDataType.DISPLAYMATRIX, 36)
    return struct.unpack("=9i", data[:36]) if data else None


def _hdr_metadata(frame: av.VideoFrame) -> HdrMetadata | None:
    # AVMasteringDisplayMetadata is ten rationals (red, green, blue and white as x, y; least and
    # greatest luminance) and two flags; AVContentLightMetadata is two unsigned integers.
    mastering = _side_data(frame, SideDataType.MASTERING_DISPLAY_METADATA, 88)
    light = _side_data(frame, SideDataType.CONTENT_LIGHT_LEVEL, 8)
    primaries: tuple[tuple[Fraction, Fraction], ...] = ()
    luminance: tuple[Fraction, Fraction] | None = None
    if mastering:
        numbers = struct.unpack("=22i", mastering[:88])
        values = [
            Fraction(*pair) if pair[1] else Fraction(0)
            for pair in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
        ]
        if numbers[20]:
            primaries = tuple(zip(values[0:8:2], values[1:8:2], strict=True))
        if numbers[21]:
            luminance = (values[8], values[9])
    content_light = struct.unpack("=2I", light[:8]) if light else None
    if not primaries and luminance is None and content_light is None:
        return None
    return HdrMetadata(primaries=primaries, luminance=luminance, content_light=content_light)
