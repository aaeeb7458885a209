"""What H.264 does to frames: encoded and decoded again in memory, one for one."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import av
import torch.nn.functional as F
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from torch import Tensor

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.pixels.colour import ColourInfo, resolve_colour
from dscvsr_cli.video.pixels.convert import frame_to_pixels, pixels_to_frame
from dscvsr_cli.video.pixels.formats import plain_format

PIXEL_FORMAT: Final = "yuv420p"
PRESET: Final = "medium"

_REPEATABLE: Final = "mbtree=0"
"""Macroblock trees give other frames from run to run in some builds, even with one thread."""


def compress_h264(frames: Iterable[Tensor], *, crf: int) -> Iterator[Tensor]:
    """Send frames through libx264 (4:2:0, 8 bits, preset "medium") at a constant rate factor.

    ``(3, H, W)`` RGB in [0, 1] each, all of one size -> the same number and size, in order,
    float32 in [0, 1]. Odd sides are padded by repeating the edge and cropped afterwards. One
    thread encodes, without macroblock trees, so the same frames always give the same result.

    Raises:
        OutputVideoError: This build of FFmpeg has no libx264, or refuses the frames.
    """
    try:
        yield from _round_trip(iter(frames), crf)
    except (av.FFmpegError, ValueError) as error:
        raise OutputVideoError(
            f"the frames could not be compressed with H.264: {describe_error(error)}",
            hint="this needs a build of PyAV with libx264, and a CRF from 0 to 51",
        ) from error


def _round_trip(frames: Iterator[Tensor], crf: int) -> Iterator[Tensor]:
    first = next(frames, None)
    if first is None:
        return
    height, width = first.shape[-2:]
    colour = resolve_colour(pixel_format=plain_format(PIXEL_FORMAT), height=height, width=width)
    encoder = _open_encoder(height + height % 2, width + width % 2, crf)
    decoder = av.CodecContext.create("h264", "r")
    if not isinstance(decoder, VideoCodecContext):
        raise TypeError("the H.264 decoder decodes no frames")
    for packet in _encode(encoder, first, frames, colour):
        for frame in decoder.decode(packet):
            yield frame_to_pixels(frame, colour)[:, :height, :width].clamp(0, 1)


def _encode(
    encoder: VideoCodecContext, first: Tensor, others: Iterator[Tensor], colour: ColourInfo
) -> "Iterator[Packet[VideoStream] | None]":
    """Yield the packets of all frames, and None at the end to drain the decoder."""
    picture: Tensor | None = first
    index = 0
    while picture is not None:
        height, width = picture.shape[-2:]
        padded = F.pad(picture[None], (0, width % 2, 0, height % 2), mode="replicate")[0]
        frame = pixels_to_frame(padded, pixel_format=PIXEL_FORMAT, colour=colour)
        frame.pts = index
        yield from encoder.encode(frame)
        picture, index = next(others, None), index + 1
    yield from encoder.encode(None)
    yield None


def _open_encoder(height: int, width: int, crf: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError("libx264 encodes no frames")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, PIXEL_FORMAT
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"crf": str(crf), "preset": PRESET, "x264-params": _REPEATABLE}
    return encoder
