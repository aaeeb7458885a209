"""PictureSpec: everything that is decided about an output's frames, before the first is encoded."""

from dataclasses import dataclass, replace
from fractions import Fraction

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.display_matrix import DisplayMatrix, is_quarter_turn, upright
from dscvsr_cli.video.info import USUAL_RATE, VideoInfo
from dscvsr_cli.video.pixels.colour import (
    RANGE_FULL,
    RANGE_LIMITED,
    TAG_OF_MATRIX,
    ColourInfo,
    resolve_colour,
)
from dscvsr_cli.video.pixels.formats import PlainFormat, plain_format
from dscvsr_cli.video.pixels.output_colour import colour_limits, output_colour
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_fit import check_bare_frames
from dscvsr_cli.video.write.encoder_options import EncodeOptions, output_pixel_format
from dscvsr_cli.video.write.encoder_words import encoder_options


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """The frames of an output, decided once: everything an encoder needs to know.

    Two encoders opened from equal specs make packets that fit together in one stream.
    """

    source: VideoInfo
    """The probed input, as it is: what the output keeps of it is read from here."""

    container: Container
    """Where the packets will go."""

    height: int
    """Rows."""

    width: int
    """Columns."""

    options: EncodeOptions
    """How to encode."""

    pixel_format: str
    """FFmpeg's name of the stored format."""

    plain: PlainFormat
    """The stored format itself, or its twin of whole planes."""

    colour: ColourInfo
    """How the stored numbers mean colours."""

    timing: OutputTiming
    """The clock of the output."""

    sample_aspect_ratio: Fraction | None
    """Width over height of one pixel in the output, or None if it stays unknown."""

    @property
    def is_turned(self) -> bool:
        """Whether players turn the output by a quarter, so that its rows are shown as columns."""
        return self.source.is_turned and self.container.rotation

    @property
    def turn(self) -> DisplayMatrix | None:
        """How frames are turned before they are stored; None if they stay as they are."""
        matrix = self.source.display_matrix
        return matrix if self.container.is_upright and is_quarter_turn(matrix) else None

    def as_stored(self, frame: Frame) -> Frame:
        """Return a frame turned as players would show it, if the container cannot say that."""
        if self.turn is None:
            return frame
        alpha = None if frame.alpha is None else upright(frame.alpha, self.turn)
        return replace(frame, pixels=upright(frame.pixels, self.turn), alpha=alpha)

    @property
    def rate(self) -> Fraction:
        """Frames per second, as far as known; only a hint for the encoder's rate control."""
        return self.timing.rate or USUAL_RATE


def settle_picture(
    source: VideoInfo,
    container: Container,
    *,
    height: int,
    width: int,
    options: EncodeOptions,
    timing: OutputTiming | None = None,
    sample_aspect_ratio: Fraction | None = None,
) -> PictureSpec:
    """Decide pixel format and colours of an output.

    Args:
        source: The probed input.
        container: What the output is.
        height: Rows of its frames.
        width: Columns of its frames.
        options: How to encode; if they name no pixel format, the one that keeps most is chosen.
        timing: Its clock; None keeps every time as it is.
        sample_aspect_ratio: Width over height of one pixel in the output; None keeps the source's.

    Raises:
        UsageError: The encoder does not exist, makes no such pictures or does not have what is
            asked of it, or format and size do not fit.
    """
    pixel_format = output_pixel_format(source, options)
    check_bare_frames(container, options.encoder)
    # For its refusals: what is asked of the encoder is something that it has.
    encoder_options(options, hdr=None, pixel_format=pixel_format)
    plain = plain_format(pixel_format)
    _check_size(pixel_format, plain, height, width)
    decide = _still_colour if container.is_pictures else _video_colour
    return PictureSpec(
        source=source,
        container=container,
        height=height,
        width=width,
        options=options,
        pixel_format=pixel_format,
        plain=plain,
        colour=decide(source, container, options.encoder, plain, Size(height, width)),
        timing=timing or OutputTiming.like(source),
        sample_aspect_ratio=sample_aspect_ratio or source.sample_aspect_ratio,
    )


def _check_size(pixel_format: str, plain: PlainFormat, height: int, width: int) -> None:
    rows, columns = plain.multiple
    if height % rows or width % columns:
        raise UsageError(
            f"{pixel_format} pictures need sides that are multiples of "
            f"{columns}x{rows}, got {width}x{height}",
            hint="choose an even size, or --pix-fmt yuv444p",
        )


def _video_colour(
    source: VideoInfo,
    container: Container,
    encoder: str,
    plain: PlainFormat,
    size: Size,
) -> ColourInfo:
    limits = colour_limits(
        av.Codec(encoder, "w").canonical_name,
        container.colour_tags,
        source_siting=source.colour.siting,
    )
    return output_colour(
        source.colour, pixel_format=plain, height=size.height, width=size.width, limits=limits
    )


def _still_colour(
    source: VideoInfo,
    _: Container,
    encoder: str,
    plain: PlainFormat,
    size: Size,
) -> ColourInfo:
    # JPEG and WebP are BT.601 by their own standards, JPEG in full range.
    full_range = plain.family != "yuv" or encoder == "mjpeg"
    return resolve_colour(
        pixel_format=plain,
        height=size.height,
        width=size.width,
        matrix_tag=TAG_OF_MATRIX["bt601"],
        range_tag=RANGE_FULL if full_range else RANGE_LIMITED,
        primaries_tag=source.colour.primaries_tag,
        transfer_tag=source.colour.transfer_tag,
        siting="centre",
    )
