"""PSNR: the mean squared difference of two pictures, in decibels."""

from typing import Final

import torch
from torch import Tensor

PEAK: Final = 255.0
"""The largest value of a picture."""


def psnr(first: Tensor, second: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of each pair of planes, in dB.

    ``(..., H, W)`` and ``(..., H, W)`` in [0, 255] -> ``(...)`` float64; infinite if both are
    equal. Computed in float64 whatever the input's type.

    Raises:
        ValueError: The shapes differ or have fewer than two axes.
    """
    if first.shape != second.shape or first.ndim < 2:
        raise ValueError(
            f"expected two (..., H, W), got {tuple(first.shape) = }, {tuple(second.shape) = }"
        )
    mean_square = (first.double() - second.double()).square().mean(dim=(-2, -1))
    return 10 * torch.log10(PEAK * PEAK / mean_square)
