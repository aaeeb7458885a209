"""Measure frames against a reference: PSNR on luma, as ``dscvsr bench`` does."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize


def psnr_of(pictures: Sequence[Tensor], reference: int) -> tuple[float | None, ...]:
    """Return the PSNR of each picture in dB, None for the reference itself.

    Pictures of another size are enlarged by bicubic interpolation first, and all are rounded to 8
    bits.

    Args:
        pictures: ``(3, H, W)`` in [0, 1] each.
        reference: Position of the reference among them.
    """
    truth = pictures[reference]
    size = Size(*truth.shape[-2:])
    wanted = luma(quantise(truth).double())
    return tuple(
        None if place == reference else float(psnr(_luma(picture, size), wanted))
        for place, picture in enumerate(pictures)
    )


def mean_psnr(frames: Iterable[Sequence[float | None]]) -> tuple[float | None, ...]:
    """Return the mean over frames for each video; () without any."""
    return tuple(
        None if any(value is None for value in values) else fmean(map(float, values))
        for values in zip(*frames, strict=True)
    )


def _luma(picture: Tensor, size: Size) -> Tensor:
    if Size(*picture.shape[-2:]) != size:
        picture = resize(picture, size)
    return luma(quantise(picture).double())
