"""Degradations of the papers: how low-resolution pictures are made from the ground truth.

For a factor s the low-resolution side is ``floor(side / s)``. The ground truth is cropped at the
bottom and the right to ``round(low side * s)``; for a whole s, that is the papers' crop to a
multiple of s. Both then cover the same area exactly, for any s.
"""

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Self

from torch import Tensor

from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.errors import DatasetError, UsageError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.imaging.blur import blur_and_subsample
from dscvsr_cli.imaging.quantise import round_levels
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.video.codec_roundtrip import compress

BLUR_SIGMA = 1.6
"""Standard deviation of degradation BD's Gaussian, in pixels of the ground truth."""

MAX_CRF = 51


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way to make low-resolution pictures."""

    kind: Literal["bi", "bd", "codec"] = "bi"
    """Antialiased bicubic; Gaussian blur and subsampling; H.264 on top of bicubic."""

    crf: int | None = None
    """H.264's constant rate factor; None for the others."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "bi", "bd" or "codec:CRF".

        Raises:
            UsageError: Anything else.
        """
        if text in ("bi", "bd"):
            return cls("bi" if text == "bi" else "bd")
        match = re.fullmatch(r"codec:(\d{1,2})", text)
        if match is None or int(match[1]) > MAX_CRF:
            raise UsageError(
                f"there is no degradation {text!r}",
                hint=f"use bi, bd, or codec:CRF with a CRF from 0 to {MAX_CRF}, such as codec:25",
            )
        return cls("codec", int(match[1]))

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return self.kind if self.crf is None else f"{self.kind}:{self.crf}"


BICUBIC = Degradation()
"""The papers' BI."""


@dataclass(frozen=True, slots=True)
class SizePair:
    """Sizes of a low-resolution picture and of its ground truth."""

    low: Size
    truth: Size


@dataclass(frozen=True, slots=True, eq=False)
class PicturePair:
    """A low-resolution picture and its ground truth; the truth at 8-bit levels."""

    low: Tensor
    """(3, h, w) float32 in [0, 1]; at 8-bit levels too, unless a codec made it."""

    truth: Tensor
    """(3, H, W) float32 in [0, 1]."""

    quantiser_step: float | None = None
    """How coarsely a codec has rounded ``low`` (``Frame.quantiser_step``)."""


def degraded_sizes(source: Size, scale: float) -> SizePair:
    """Return the sizes that a picture of ``source`` is shrunk to, and cropped to before.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: The picture is too small for the factor.
    """
    factor = _exact(scale)
    low = Size(math.floor(source.height / factor), math.floor(source.width / factor))
    if low.height < 1 or low.width < 1:
        raise DatasetError(
            f"pictures of {source} are too small to be shrunk by {scale:g}",
            hint="use larger pictures or a smaller factor",
        )
    return SizePair(low, output_size(low, scale=scale))


def _exact(scale: float) -> Fraction:
    """Return a factor as people write it, without the error of its binary form."""
    if not math.isfinite(scale) or scale <= 1.0:
        raise UsageError(f"the factor must be a number above 1, got {scale:g}", hint="use -s 4")
    return Fraction(str(scale))


def degrade_picture(
    picture: Tensor, scale: float, *, kind: Literal["bi", "bd"] = "bi"
) -> PicturePair:
    """Shrink one picture ``(3, H, W)`` in [0, 1] by ``scale``.

    The arithmetic is done on whole levels in float64, so that ties round the same way on every
    machine.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: The picture is too small for the factor.
    """
    sizes = degraded_sizes(Size(*picture.shape[-2:]), scale)
    cropped = picture[..., : sizes.truth.height, : sizes.truth.width]
    levels = round_levels(cropped.double() * 255)
    if kind == "bd":
        # Blurred before the crop, as the border of the crop is none of the picture's own.
        whole = round_levels(picture.double() * 255)
        shrunk = blur_and_subsample(whole, sizes.low, scale=scale, sigma=BLUR_SIGMA)
    else:
        shrunk = resize(levels, sizes.low)
    return PicturePair(low=(round_levels(shrunk) / 255).float(), truth=(levels / 255).float())


def degrade_frames(
    frames: Iterable[Tensor], scale: float, degradation: Degradation = BICUBIC
) -> Iterator[PicturePair]:
    """Shrink frame after frame; only a codec holds a few of them back.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: A picture is too small for the factor.
        OutputVideoError: H.264 is wanted and this build of FFmpeg cannot encode it.
    """
    if degradation.crf is None:
        kind: Literal["bi", "bd"] = "bd" if degradation.kind == "bd" else "bi"
        return (degrade_picture(frame, scale, kind=kind) for frame in frames)
    return _compressed((degrade_picture(frame, scale) for frame in frames), degradation.crf)


def _compressed(pairs: Iterator[PicturePair], crf: int) -> Iterator[PicturePair]:
    truths: deque[Tensor] = deque()

    def lows() -> Iterator[Tensor]:
        for pair in pairs:
            truths.append(pair.truth)
            yield pair.low

    for low in compress(lows(), crf=crf):
        yield PicturePair(low=low.pixels, truth=truths.popleft(), quantiser_step=low.quantiser_step)


def stored_key(scale: float, degradation: Degradation) -> tuple[str, int] | None:
    """Return the key of `Clip.lows` that stands for this degradation, or None.

    Raises:
        UsageError: A factor that is not above 1.
    """
    whole = _exact(scale)
    return (
        None
        if degradation.kind == "codec" or whole.denominator != 1
        else (
            degradation.kind,
            int(whole),
        )
    )


def clip_pairs(clip: Clip, scale: float, degradation: Degradation) -> Iterator[PicturePair]:
    """Read a clip and its low-resolution frames: from disk if they are there, else made.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: A picture is too small for the factor, or stored frames do not fit the truth.
        OutputVideoError: H.264 is wanted and this build of FFmpeg cannot encode it.
    """
    key = stored_key(scale, degradation)
    if key is None or key not in clip.lows:
        return degrade_frames(clip, scale, degradation)
    return _stored_pairs(clip, clip.lows[key](), scale)


def _stored_pairs(clip: Clip, lows: Iterator[Tensor], scale: float) -> Iterator[PicturePair]:
    for picture in clip:
        sizes = degraded_sizes(Size(*picture.shape[-2:]), scale)
        low = next(lows, None)
        if low is None or Size(*low.shape[-2:]) != sizes.low:
            found = "missing" if low is None else str(Size(*low.shape[-2:]))
            raise DatasetError(
                f"a stored low-resolution frame of {clip.name} is {found}, not {sizes.low}",
                hint="remove the folder of low-resolution frames, and they are made again",
            )
        cropped = picture[..., : sizes.truth.height, : sizes.truth.width]
        yield PicturePair(low=low, truth=cropped)
