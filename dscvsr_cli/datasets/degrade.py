"""Degradation BI of the papers: antialiased bicubic shrinking of 8-bit pictures to 8-bit pictures.

For a factor s the low-resolution side is ``floor(side / s)``; the ground truth is cropped at the
bottom and the right to ``round(low side * s)``, which for a whole s is the papers' crop to a
multiple of s. Both then cover the same area exactly, for any s.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

from dscvsr_cli.errors import DatasetError, UsageError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.imaging.quantise import round_levels
from dscvsr_cli.imaging.resize import resize


@dataclass(frozen=True, slots=True)
class SizePair:
    """Sizes of a low-resolution picture and of its ground truth."""

    low: Size
    truth: Size


@dataclass(frozen=True, slots=True, eq=False)
class PicturePair:
    """A low-resolution picture and its ground truth, both at 8-bit levels."""

    low: Tensor
    """(3, h, w) float32 in [0, 1]."""

    truth: Tensor
    """(3, H, W) float32 in [0, 1]."""


def degraded_sizes(source: Size, scale: float) -> SizePair:
    """Return the sizes that a picture of ``source`` is shrunk to, and cropped to before.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: The picture is too small for the factor.
    """
    if not math.isfinite(scale) or scale <= 1.0:
        raise UsageError(f"the factor must be a number above 1, got {scale:g}", hint="use -s 4")
    factor = Fraction(str(scale))
    low = Size(math.floor(source.height / factor), math.floor(source.width / factor))
    if low.height < 1 or low.width < 1:
        raise DatasetError(
            f"pictures of {source} are too small to be shrunk by {scale:g}",
            hint="use larger pictures or a smaller factor",
        )
    return SizePair(low, output_size(low, scale=scale))


def degrade_bicubic(picture: Tensor, scale: float) -> PicturePair:
    """Shrink one picture ``(3, H, W)`` in [0, 1] by ``scale``.

    The arithmetic is done on whole levels in float64, so that a tie in the rounding falls alike
    on every machine.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: The picture is too small for the factor.
    """
    sizes = degraded_sizes(Size(*picture.shape[-2:]), scale)
    cropped = picture[..., : sizes.truth.height, : sizes.truth.width]
    levels = round_levels(cropped.double() * 255)
    low = round_levels(resize(levels, sizes.low))
    return PicturePair(low=(low / 255).float(), truth=(levels / 255).float())


def degrade_frames(frames: Iterable[Tensor], scale: float) -> Iterator[PicturePair]:
    """Shrink frame after frame, holding none; see `degrade_bicubic`."""
    return (degrade_bicubic(frame, scale) for frame in frames)
