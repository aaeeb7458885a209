"""The one rule for output sizes, and the position of an output pixel in the source.

Positions are pixel centres: output pixel ``i`` of ``target`` pixels is at
``(i + 0.5) * source / target - 0.5`` in source pixels. Positions are computed with integers, so
that tiles, windows and repeated runs agree to the last bit.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dscvsr_cli.errors import UsageError

MAX_OUTPUT_SIDE = 16384
"""Pixels; no common encoder takes a longer side."""

MAX_TRAINED_SCALE = 4.0
"""The largest factor the networks are trained for; callers warn above it."""

VISIBLE_STRETCH = Fraction(1, 250)
"""How far a shape may be off, as a share of itself, before somebody could see it."""

MIRROR_IMAGES: Final = ((), (-1,), (-2,), (-2, -1))
"""Axes of ``(..., H, W)`` along which a picture is turned for each; the first is itself."""

_LARGEST_DENOMINATOR = 1000

_SHRINK_HINT = "dscvsr enlarges; to make a video smaller use ffmpeg -vf scale"


@dataclass(frozen=True, slots=True)
class Size:
    """Rows and columns of a frame, in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        """Write the size as people do: width x height."""
        return f"{self.width}x{self.height}"

    def turned(self, *, by_quarter: bool = True) -> "Size":
        """Return the size after a quarter turn, or the same if ``by_quarter`` is false."""
        return Size(self.width, self.height) if by_quarter else self


def output_size(
    source: Size,
    *,
    scale: float | None = None,
    width: int | None = None,
    height: int | None = None,
    multiple: tuple[int, int] = (1, 1),
    pixel_aspect: Fraction = Fraction(1),
) -> Size:
    """Return the output size: the one rounding rule of the program.

    Each side is ``source * factor`` rounded to the nearest multiple (a tie goes up), and never less
    than one multiple. With only ``width`` or ``height``, the other side follows from the aspect
    ratio; with both, both are taken.

    Args:
        source: Size of the input frame.
        scale: Factor of both sides, above 1.
        width: Wanted columns.
        height: Wanted rows.
        multiple: Rows and columns must be multiples of these (2, 2 for 4:2:0 video).
        pixel_aspect: Sample aspect ratio of the input, to become 1 in the output. Wide samples get
            more columns, tall ones more rows: a factor of 2 turns 720x576 with 64:45 into
            2048x1152, and with 8:9 into 1440x1296.

    Raises:
        UsageError: No target or two kinds of target, a factor that does not enlarge, or a side
            beyond ``MAX_OUTPUT_SIDE``.
    """
    check_one_target(scale=scale, width=width, height=height)
    tall = source.height / min(pixel_aspect, Fraction(1))
    wide = source.width * max(pixel_aspect, Fraction(1))
    if scale is not None:
        rows = columns = _exact_factor(scale)
    else:
        rows, columns = _factors_to_reach(width, height, wide=wide, tall=tall)
    size = Size(
        _round_to_multiple(tall * rows, multiple[0]),
        _round_to_multiple(wide * columns, multiple[1]),
    )
    _check_enlarges(source, size, by_factor=scale is not None)
    return size


def shape_keeping_aspect(source: Size, size: Size, aspect: Fraction) -> Fraction:
    """Return the sample aspect ratio that shows frames of ``size`` in the shape of the source.

    It is 1 if ``size`` has that shape already, up to two pixels: sides are rounded.

    Args:
        source: Size of the input frame.
        size: Size of the output frame, turned as the input is.
        aspect: Sample aspect ratio of the input.
    """
    exact = Fraction(source.width * size.height, source.height * size.width) * aspect
    slack = max(VISIBLE_STRETCH, Fraction(2, min(size.height, size.width)))
    if abs(exact - 1) <= slack:
        return Fraction(1)
    # Encoders round larger numbers: libx264 has 12 bits for each.
    if exact > 1:
        return exact.limit_denominator(_LARGEST_DENOMINATOR)
    return 1 / (1 / exact).limit_denominator(_LARGEST_DENOMINATOR)


def check_one_target(*, scale: float | None, width: int | None, height: int | None) -> None:
    """Check that an output's size is asked for in one way, as far as no input is needed for that.

    Raises:
        UsageError: No target or two kinds of target, or a factor that does not enlarge.
    """
    if (scale is None) == (width is None and height is None):
        raise _not_one_target(scale, width, height)
    if scale is not None:
        _exact_factor(scale)


def _not_one_target(scale: float | None, width: int | None, height: int | None) -> UsageError:
    if scale is None:
        return UsageError(
            "give either a factor or a size",
            hint="use -s 2.7, or --size 1920x1080, or --width 1920, or --height 1080",
        )
    sides = [f"--{name} {value}" for name, value in (("width", width), ("height", height)) if value]
    return UsageError(
        f"give either a factor or a size, not both: -s {scale:g} and {' '.join(sides)}",
        hint=f"leave out -s {scale:g}, or {' and '.join(sides)}",
    )


def _exact_factor(scale: float) -> Fraction:
    if not math.isfinite(scale) or scale <= 1.0:
        raise UsageError(f"the factor must be a number above 1, got {scale:g}", hint=_SHRINK_HINT)
    # str() gives the decimal the person typed: 2.7 means 27/10, not its nearest binary float.
    return Fraction(str(scale))


def _factors_to_reach(
    width: int | None, height: int | None, *, wide: Fraction, tall: Fraction
) -> tuple[Fraction, Fraction]:
    """Return the factors of rows and of columns that turn ``wide`` x ``tall`` into a given size."""
    for name, wanted in (("width", width), ("height", height)):
        if wanted is not None and wanted < 1:
            raise UsageError(
                f"the {name} must be positive, got {wanted}", hint=f"write --{name} 1080"
            )
    rows = height / tall if height else (width or 0) / wide
    return rows, width / wide if width else rows


def _check_enlarges(source: Size, size: Size, *, by_factor: bool) -> None:
    if max(size.height, size.width) > MAX_OUTPUT_SIDE:
        raise UsageError(
            f"the output would be {size}, and no side may exceed {MAX_OUTPUT_SIDE} pixels",
            hint="choose a smaller factor or size",
        )
    if size.height < source.height or size.width < source.width or size == source:
        raise UsageError(
            f"the output would be {size}, which does not enlarge the input of {source}",
            hint="choose a larger factor: sides are rounded to whole pixels, or to even ones"
            if by_factor
            else _SHRINK_HINT,
        )


def _round_to_multiple(value: Fraction, multiple: int) -> int:
    return max(1, math.floor(value / multiple + Fraction(1, 2))) * multiple


@dataclass(frozen=True, slots=True)
class AxisPhases:
    """Where the output pixels of one axis are, relative to the source pixels.

    The pattern repeats: ``period`` output pixels cover exactly ``step`` source pixels, so the phase
    ``i % period`` of an output pixel decides its offset.
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
        """Return how far that centre is from its source pixel's centre, in [-0.5, 0.5)."""
        remainder = (2 * index + 1) * self.source % (2 * self.target)
        return (remainder - self.target) / (2 * self.target)
