"""Pictures as files: what PNG, TIFF, JPEG, WebP and BMP take, and the bytes of one picture."""

from fractions import Fraction
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from torch import Tensor

from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.write.encoder_words import encoder_options
from dscvsr_cli.video.write.icc_profile import kept_profile, with_profile
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.still_bytes import encode_still
from dscvsr_cli.video.write.still_options import StillOptions


class StillEncoder:
    """Encodes frames as pictures that stand alone.

    Args:
        spec: What every picture is.

    Raises:
        UsageError: The encoder does not know an option, or refuses its value, the size or the pixel
            format.
    """

    def __init__(self, spec: PictureSpec) -> None:
        self._spec = spec
        self._options = encoder_options(spec.options, hdr=None, pixel_format=spec.pixel_format)
        self._profile = kept_profile(spec.source, spec.options.encoder, spec.plain)
        # What is refused is refused before any work.
        self._open()

    def encode(self, frame: Frame) -> bytes:
        """Return one frame as the content of a picture file.

        Raises:
            ValueError: The frame has another size.
            UsageError: The encoder refuses the size or the pixel format.
            OutputVideoError: The encoder fails.
        """
        spec = self._spec
        if frame.pixels.shape != (3, spec.height, spec.width):
            raise ValueError(
                f"expected (3, {spec.height}, {spec.width}), got {tuple(frame.pixels.shape) = }"
            )
        picture = pixels_to_frame(
            frame.pixels, pixel_format=spec.pixel_format, colour=spec.colour, alpha=frame.alpha
        )
        # PNG says what the frame says, and not what its context does.
        picture.color_primaries = spec.colour.primaries_tag
        picture.color_trc = spec.colour.transfer_tag
        context = self._open()
        picture.pts, picture.time_base = 0, context.time_base
        try:
            packets = [*context.encode(picture), *context.encode(None)]
        except av.FFmpegError as error:
            raise OutputVideoError(
                f"a picture could not be encoded: {describe_error(error)}",
                hint="try .png, which takes every size and depth",
            ) from error
        return with_profile(b"".join(bytes(packet) for packet in packets), self._profile)

    def _open(self) -> VideoCodecContext:
        # One context per picture: some encoders take nothing more once they have been drained.
        spec, encoder = self._spec, self._spec.options.encoder
        context = av.CodecContext.create(encoder, "w")
        if not isinstance(context, VideoCodecContext):
            raise UsageError(f"{encoder} encodes no pictures", hint="leave --encoder out")
        context.width, context.height = spec.width, spec.height
        context.pix_fmt = spec.pixel_format
        context.time_base = Fraction(1, 25)
        context.thread_count = 1
        context.color_range = spec.colour.range_tag
        context.colorspace = spec.colour.matrix_tag if spec.colour.matrix != "rgb" else 0
        context.color_primaries = spec.colour.primaries_tag
        context.color_trc = spec.colour.transfer_tag
        context.options = dict(self._options)
        try:
            context.open()
        except (av.FFmpegError, ValueError) as error:
            raise UsageError(
                f"{encoder} refuses pictures of {spec.width}x{spec.height} "
                f"{spec.pixel_format} ({describe_error(error)})",
                hint="try .png, which takes every size and depth",
            ) from error
        return context


def save_png(path: Path, pixels: Tensor) -> None:
    """Write ``(3, H, W)`` RGB in [0, 1] as an 8-bit PNG, replacing an existing file.

    Raises:
        OutputVideoError: The file cannot be written.
    """
    encoded = encode_still(pixels, StillOptions(format="png"))
    try:
        write_durably(path, encoded)
    except OSError as error:
        raise OutputVideoError(
            f"{path} could not be written: {describe_error(error)}",
            hint="check the folder, its permissions and the space on the disk",
        ) from error
