"""Streams of an open container: which one is the video, and what each is called."""

from pathlib import Path
from typing import Final, cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import DataStream, Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.video.info import ICON_FORMAT
from dscvsr_cli.video.read.open_input import input_name, is_unreadable

_DECODER_OF_ALPHA: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that read the second stream in which these codecs keep their alpha."""


def main_video_stream(
    container: InputContainer, path: Path, index: int | None = None
) -> VideoStream:
    """Return a video stream of the file, the first one by default; cover art does not count.

    Of an icon it is the largest picture.

    Args:
        container: The opened file.
        path: Its name, for messages.
        index: Position among all streams of the file; None takes the first video.

    Raises:
        UsageError: There is no such video stream.
        InputVideoError: There is none, or this build of FFmpeg has no decoder for it.
    """
    moving = [stream for stream in container.streams.video if not is_cover(stream)]
    if index is not None:
        moving = [stream for stream in moving if stream.index == index]
        if not moving:
            raise UsageError(
                f"stream {index} of {input_name(path)} is not a video",
                hint="--dry-run names the streams of a file",
            ).about("video-stream")
    moving = [stream for stream in moving if not is_still_of_avif(stream)] or moving
    if container.format.name == ICON_FORMAT:
        moving.sort(key=_pixels, reverse=True)
    # One that was announced and never came gives way to another.
    moving = [stream for stream in moving if not is_unreadable(stream)] or moving
    if not moving:
        raise InputVideoError(
            f"{input_name(path)} holds no video",
            hint="give a file with a video stream, not only audio",
        )
    if cast("CodecContext | None", moving[0].codec_context) is None:
        raise InputVideoError(
            f"the video in {input_name(path)} is of a kind that cannot be decoded here",
            hint="convert it first: ffmpeg -i IN -c:v ffv1 -c:a copy OUT.mkv",
        )
    return moving[0]


def _pixels(stream: VideoStream) -> int:
    context = cast("CodecContext | None", stream.codec_context)
    return 0 if context is None else stream.width * stream.height


def picture_decoder(stream: VideoStream) -> VideoCodecContext:
    """Return the decoder for a stream: its own, or another if its own would drop the alpha."""
    name = _DECODER_OF_ALPHA.get(codec_name(stream), "")
    # Matroska says so in a field that libav shows among the tags.
    if stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1" or not name:
        return stream.codec_context
    try:
        decoder = av.CodecContext.create(name, "r")
    except (ValueError, av.FFmpegError):
        return stream.codec_context
    if not isinstance(decoder, VideoCodecContext):
        return stream.codec_context
    decoder.extradata = stream.codec_context.extradata
    return decoder


def codec_name(stream: Stream) -> str:
    """Return the name of the codec itself ("av1"), not of its decoder ("libdav1d")."""
    # None if this build of FFmpeg has no decoder, whatever the stubs declare.
    context = cast("CodecContext | None", stream.codec_context)
    if context is None:
        return (stream.name or "") if isinstance(stream, DataStream) else ""
    return context.codec.canonical_name


def is_still_of_avif(stream: Stream) -> bool:
    """Return whether a stream is the still picture that an animated AVIF has beside its frames."""
    container = stream.container
    return (
        container.metadata.get("major_brand") == "avis"
        and stream.type == "video"
        and stream.frames == 1
        and any(other.type == "video" and other.frames > 1 for other in container.streams)
    )


def is_cover(stream: Stream) -> bool:
    """Return whether a stream is cover art: a still picture that stands for the file."""
    return bool(stream.disposition & Disposition.attached_pic)
