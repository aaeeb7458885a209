"""Single pictures: read PNG, TIFF, JPEG, WebP or BMP."""

from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from torch import Tensor

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.pixels.colour import TAG_OF_MATRIX, UNSPECIFIED, ColourInfo, resolve_colour
from dscvsr_cli.video.pixels.convert import frame_to_pixels
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.read.open_input import open_input


def read_picture(path: Path) -> Tensor:
    """Read a picture -> ``(3, H, W)`` float32 RGB in [0, 1]; alpha is dropped.

    Raises:
        InputVideoError: Missing, unreadable, or not a picture.
    """
    frame = decode_picture(path)
    return frame_to_pixels(frame, still_colour(frame)).clamp_(0.0, 1.0)


def decode_picture(path: Path) -> av.VideoFrame:
    """Read the first picture of a file.

    Raises:
        InputVideoError: Missing, unreadable, or not a picture.
    """
    return decode_with_codec(path)[0]


def decode_with_codec(path: Path) -> tuple[av.VideoFrame, str]:
    """Read the first picture of a file, and the name of the codec that it is stored with.

    Raises:
        InputVideoError: Missing, unreadable, or not a picture.
    """
    with open_input(path) as container:
        try:
            stream = container.streams.video[0]
            # Such as an SVG: FFmpeg knows what it is, but has no decoder for it.
            if not isinstance(stream.codec_context, VideoCodecContext):
                raise InputVideoError(
                    f"{path} is a picture of a kind that cannot be read",
                    hint="PNG, TIFF, JPEG, WebP and BMP are fine",
                )
            # More threads would wait for pictures that never come.
            stream.codec_context.thread_count = 1
            codec = codec_name(stream)
            frame = next(iter(container.decode(video=0)), None)
        except (av.FFmpegError, IndexError) as error:
            raise InputVideoError(
                f"{path} is not a picture that can be read ({describe_error(error)})",
                hint="PNG, TIFF, JPEG, WebP and BMP are fine",
            ) from error
    if frame is None:
        raise InputVideoError(
            f"{path} holds no picture", hint="PNG, TIFF, JPEG, WebP and BMP are fine"
        )
    return frame, codec


def still_colour(frame: av.VideoFrame, pixel_format: str | None = None) -> ColourInfo:
    """Return what the numbers of a still picture mean as colours, in its own or another format."""
    # JPEG and WebP are BT.601 by their own standards, whatever the size of the picture.
    matrix_tag = (
        TAG_OF_MATRIX["bt601"] if frame.colorspace == UNSPECIFIED else int(frame.colorspace)
    )
    return resolve_colour(
        pixel_format=plain_format(pixel_format or frame.format.name),
        height=frame.height,
        width=frame.width,
        matrix_tag=matrix_tag,
        range_tag=int(frame.color_range),
        primaries_tag=int(frame.color_primaries),
        transfer_tag=int(frame.color_trc),
        siting="centre",
    )
