"""Single RGB pictures as PNG, WebP or JPEG in memory, for pages and for small picture files."""

from fractions import Fraction
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
from torch import Tensor

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.pixels.colour import RANGE_FULL, TAG_OF_MATRIX, resolve_colour
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.write.still_options import StillOptions

_ENCODERS: Final = {"webp": "libwebp", "jpeg": "mjpeg", "png": "png"}

# libwebp turns RGB into its own YUV itself; JPEG keeps the chroma of every pixel.
_PIXEL_FORMATS: Final = {"webp": "bgra", "jpeg": "yuvj444p", "png": "rgb24"}

_JPEG_WORST: Final = 31
"""The coarsest quantiser of FFmpeg's JPEG encoder; 1 is the finest."""


def encode_still(pixels: Tensor, options: StillOptions) -> bytes:
    """Turn ``(3, H, W)`` RGB in [0, 1] into the content of an 8-bit picture file.

    Values outside [0, 1] are clamped.

    Raises:
        ValueError: Another shape, or no pixel at all.
        OutputVideoError: The encoder refuses the size, or fails.
    """
    if pixels.ndim != 3 or pixels.shape[0] != 3 or not pixels.numel():
        raise ValueError(f"expected (3, H, W), got {tuple(pixels.shape) = }")
    _, height, width = pixels.shape
    name = _PIXEL_FORMATS[options.format]
    colour = resolve_colour(
        pixel_format=plain_format(name),
        height=height,
        width=width,
        matrix_tag=TAG_OF_MATRIX["bt601"],
        range_tag=RANGE_FULL,
        siting="centre",
    )
    frame = pixels_to_frame(pixels, pixel_format=name, colour=colour)
    try:
        encoder = _open(options, height=height, width=width)
        frame.pts, frame.time_base = 0, encoder.time_base
        packets = [*encoder.encode(frame), *encoder.encode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise OutputVideoError(
            f"a picture of {width}x{height} could not be stored as {options.format} "
            f"({describe_error(error)})",
            hint="PNG takes every size",
        ) from error
    return b"".join(bytes(packet) for packet in packets)


def _open(options: StillOptions, *, height: int, width: int) -> VideoCodecContext:
    encoder = av.CodecContext.create(_ENCODERS[options.format], "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError(f"{encoder.name} encodes no pictures")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = _PIXEL_FORMATS[options.format]
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = _encoder_options(options)
    encoder.open()
    return encoder


def _encoder_options(options: StillOptions) -> dict[str, str]:
    if options.format == "webp":
        if options.lossless:
            # Here the quality is the effort: 100 takes many times as long and saves little.
            return {"lossless": "1", "quality": "20"}
        return {"lossless": "0", "quality": str(options.quality)}
    if options.format == "jpeg":
        quantiser = round(_JPEG_WORST - (_JPEG_WORST - 1) * options.quality / 100)
        return {"qmin": str(quantiser), "qmax": str(quantiser)}
    # Each row is predicted in the way that suits it; without, rows are stored as they are.
    return {"pred": "mixed"}
