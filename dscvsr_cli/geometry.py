"""The one rule for output sizes, and where an output pixel lies in the source.

Positions are pixel centres: output pixel ``i`` of ``target`` pixels lies at
``(i + 0.5) * source / target - 0.5`` in source pixels. All arithmetic on positions is done with
integers, so that tiles, windows and repeated runs agree to the last bit.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from dscvsr_cli.errors import UsageError

MAX_OUTPUT_SIDE = 16384
"""Pixels; no common encoder takes a longer side."""

MAX_TRAINED_SCALE = 4.0
"""The largest factor the networks are trained for; above it a warning is due."""


@dataclass(frozen=True, slots=True)
class Size:
    """Rows and columns of a picture, in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        """Write the size as people do: width x height."""
        return f"{self.width}x{self.height}"


def output_size(
    source: Size,
    *,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    multiple: tuple[int, int] = (1, 1),
    pixel_aspect: Fraction = Fraction(1),
) -> Size:
    """Return the size of the enlarged picture: the one rounding rule of the program.

    Each side is ``source * factor`` rounded to the nearest multiple (a tie goes up), and never less
    than one multiple. With ``width`` or ``height`` alone the other side follows from the aspect
    ratio; with both, both are taken.

    ``pixel_aspect`` makes square pixels of others, and only ever adds some: pixels that are shown
    wide give more columns, pixels that are shown tall give more rows. So a factor of 2 makes
    720x576 with pixels of 64:45 into 2048x1152, and with pixels of 8:9 into 1440x1296.

    Args:
        source: Size of the input picture.
        scale: Factor of both sides, above 1.
        width: Wanted columns.
        height: Wanted rows.
        multiple: Rows and columns must be multiples of these (2, 2 for 4:2:0 video).
        pixel_aspect: Width over height of an input pixel, to be made square in the output.

    Raises:
        UsageError: No target or two kinds of target, a factor that does not enlarge, or a side
            beyond ``MAX_OUTPUT_SIDE``.
    """
    if (scale is None) == (width is None and height is None):
        raise UsageError(
            "give either a factor or a size",
            hint="use -s 2.7, or --size 1920x1080, or --width 1920, or --height 1080",
        )
    tall = source.height / min(pixel_aspect, Fraction(1))
    wide = source.width * max(pixel_aspect, Fraction(1))
    if scale is not None:
        if not math.isfinite(scale) or scale <= 1.0:
            raise UsageError(
                f"the factor must be a number above 1, got {scale:g}",
                hint="dscvsr enlarges; to make a video smaller use ffmpeg -vf scale",
            )
        # str() gives the decimal the person typed: 2.7 means 27/10, not its nearest binary float.
        rows = columns = Fraction(str(scale))
    else:
        for name, wanted in (("width", width), ("height", height)):
            if wanted is not None and wanted < 1:
                raise UsageError(f"the {name} must be positive, got {wanted}")
        rows = Fraction(height, 1) / tall if height else Fraction(width or 0, 1) / wide
        columns = Fraction(width, 1) / wide if width else rows
    size = Size(
        _round_to_multiple(tall * rows, multiple[0]),
        _round_to_multiple(wide * columns, multiple[1]),
    )
    if max(size.height, size.width) > MAX_OUTPUT_SIDE:
        raise UsageError(
            f"the output would be {size}, and no side may pass {MAX_OUTPUT_SIDE} pixels",
            hint="choose a smaller factor or size",
        )
    if size.height < source.height or size.width < source.width or size == source:
        raise UsageError(
            f"the output would be {size}, which does not enlarge the input of {source}",
            hint="dscvsr enlarges; to make a video smaller use ffmpeg -vf scale"
            if scale is None
            else "choose a larger factor: sides are rounded to whole pixels, or to even ones",
        )
    return size


def _round_to_multiple(value: Fraction, multiple: int) -> int:
    return max(1, math.floor(value / multiple + Fraction(1, 2))) * multiple


@dataclass(frozen=True, slots=True)
class AxisPhases:
    """How the output pixels of one axis lie over the source pixels.

    The pattern repeats: after ``period`` output pixels the source has moved on by ``step`` pixels
    exactly, so an output pixel is known by its phase ``i % period``.
    """

    source: int
    """Source pixels along the axis."""

    target: int
    """Output pixels along the axis."""

    @property
    def period(self) -> int:
        """Number of distinct phases: p where target / source is p / q in lowest terms."""
        return self.target // math.gcd(self.source, self.target)

    @property
    def step(self) -> int:
        """Source pixels per period: q where target / source is p / q in lowest terms."""
        return self.source // math.gcd(self.source, self.target)

    def nearest(self, index: int) -> int:
        """Return the source pixel whose cell holds the centre of output pixel ``index``."""
        return (2 * index + 1) * self.source // (2 * self.target)

    def offset(self, index: int) -> float:
        """Return how far that centre lies from its source pixel's centre, in [-0.5, 0.5)."""
        remainder = (2 * index + 1) * self.source % (2 * self.target)
        return (remainder - self.target) / (2 * self.target)
