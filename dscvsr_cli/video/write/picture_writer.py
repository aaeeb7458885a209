"""Pictures as files: what PNG, TIFF, JPEG, WebP and BMP take, and the bytes of one picture."""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
from torch import Tensor

from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.colour import RANGE_FULL, ColourInfo, resolve_colour
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.write.encoder_options import (
    EncodeOptions,
    encoder_options,
    output_pixel_format,
)

_BT601_TAG: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSettings:
    """How every picture of a sequence is stored."""

    height: int
    width: int
    pixel_format: str
    colour: ColourInfo
    encoder: str
    options: tuple[tuple[str, str], ...]


def settle_still(
    source: VideoInfo, *, height: int, width: int, options: EncodeOptions
) -> PictureSettings:
    """Settle how pictures are stored.

    Depth, opacity and greyness of the source are kept where the kind of picture can.

    Raises:
        UsageError: The encoder refuses the size, the pixel format or an option.
    """
    pixel_format = output_pixel_format(source, options)
    plain = plain_format(pixel_format)
    # JPEG and WebP are BT.601 by their own standards, JPEG in full range.
    colour = resolve_colour(
        pixel_format=plain,
        height=height,
        width=width,
        matrix_tag=_BT601_TAG,
        range_tag=RANGE_FULL if plain.family != "yuv" or options.encoder == "mjpeg" else 1,
        primaries_tag=source.colour.primaries_tag,
        transfer_tag=source.colour.transfer_tag,
        siting="centre",
    )
    values = encoder_options(options, hdr=None, pixel_format=pixel_format)
    return PictureSettings(
        height=height,
        width=width,
        pixel_format=pixel_format,
        colour=colour,
        encoder=options.encoder,
        options=tuple(values.items()),
    )


def encode_picture(frame: Frame, settings: PictureSettings) -> bytes:
    """Return one frame as the content of a picture file.

    Raises:
        ValueError: The frame has another size.
        OutputVideoError: The encoder fails.
    """
    if frame.pixels.shape != (3, settings.height, settings.width):
        raise ValueError(
            f"expected (3, {settings.height}, {settings.width}), got {tuple(frame.pixels.shape) = }"
        )
    colour = settings.colour
    picture = pixels_to_frame(
        frame.pixels, pixel_format=settings.pixel_format, colour=colour, alpha=frame.alpha
    )
    context = _open(settings)
    picture.pts, picture.time_base = 0, context.time_base
    try:
        packets = [*context.encode(picture), *context.encode(None)]
    except av.FFmpegError as error:
        raise OutputVideoError(
            f"a picture could not be encoded: {describe_error(error)}",
            hint="try .png, which takes every size and depth",
        ) from error
    return b"".join(bytes(packet) for packet in packets)


def _open(settings: PictureSettings) -> VideoCodecContext:
    # One context per picture: some encoders take nothing more once they have been drained.
    context = av.CodecContext.create(settings.encoder, "w")
    if not isinstance(context, VideoCodecContext):
        raise UsageError(f"{settings.encoder} encodes no pictures", hint="leave --encoder out")
    context.width, context.height = settings.width, settings.height
    context.pix_fmt = settings.pixel_format
    context.time_base = Fraction(1, 25)
    context.thread_count = 1
    context.color_range = settings.colour.range_tag
    context.colorspace = settings.colour.matrix_tag if settings.colour.matrix != "rgb" else 0
    context.color_primaries = settings.colour.primaries_tag
    context.color_trc = settings.colour.transfer_tag
    context.options = dict(settings.options)
    try:
        context.open()
    except (av.FFmpegError, ValueError) as error:
        raise UsageError(
            f"{settings.encoder} refuses pictures of {settings.width}x{settings.height} "
            f"{settings.pixel_format} ({describe_error(error)})",
            hint="try .png, which takes every size and depth",
        ) from error
    return context


def save_png(path: Path, pixels: Tensor) -> None:
    """Write ``(3, H, W)`` RGB in [0, 1] as an 8-bit PNG, replacing an existing file.

    Raises:
        OutputVideoError: The file cannot be written.
    """
    if pixels.ndim != 3 or pixels.shape[0] != 3 or not math.prod(pixels.shape):
        raise ValueError(f"expected (3, H, W), got {tuple(pixels.shape) = }")
    _, height, width = pixels.shape
    plain = plain_format("gbrp")
    colour = resolve_colour(pixel_format=plain, height=height, width=width)
    encoder = av.CodecContext.create("png", "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError("the PNG encoder encodes no pictures")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "rgb24"
    encoder.time_base = Fraction(1, 25)
    frame = pixels_to_frame(pixels, pixel_format="rgb24", colour=colour)
    try:
        packets = [*encoder.encode(frame), *encoder.encode(None)]
        path.write_bytes(b"".join(bytes(packet) for packet in packets))
    except (av.FFmpegError, OSError) as error:
        raise OutputVideoError(
            f"{path} could not be written: {describe_error(error)}",
            hint="check the folder, its permissions and the space on the disk",
        ) from error
