"""PSNR: the mean squared difference of two pictures, in decibels."""

import torch
from torch import Tensor


def psnr(first: Tensor, second: Tensor, *, peak: float = 255.0) -> Tensor:
    """Return the peak signal-to-noise ratio of each pair of planes, in dB.

    ``(..., H, W)`` and ``(..., H, W)`` in [0, peak] -> ``(...)`` float64; infinite where both are
    equal. Computed in float64 whatever the input's type.

    Raises:
        ValueError: The shapes differ or have fewer than two axes.
    """
    if first.shape != second.shape or first.ndim < 2:
        raise ValueError(
            f"expected two (..., H, W), got {tuple(first.shape) = }, {tuple(second.shape) = }"
        )
    mean_square = (first.double() - second.double()).square().mean(dim=(-2, -1))
    return 10 * torch.log10(peak * peak / mean_square)
