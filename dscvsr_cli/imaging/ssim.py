"""SSIM: how similar two pictures are in light, contrast and structure, in 11x11 Gaussian windows.

The measure of Wang et al. (2004) with their constants: Gaussian of sigma 1.5, K1 = 0.01,
K2 = 0.03, and only windows that are wholly inside the picture.
"""

import torch
from torch import Tensor

from dscvsr_cli.imaging.psnr import PEAK

SSIM_WINDOW = 11
"""Side of the window, in pixels; no picture side may be shorter."""

SIGMA = 1.5
"""Standard deviation of the window's Gaussian, in pixels."""

K1 = 0.01
K2 = 0.03


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Return the mean structural similarity of each pair of planes.

    ``(..., H, W)`` and ``(..., H, W)`` in [0, 255] -> ``(...)`` float64, at most 1. Computed in
    float64 whatever the input's type.

    Raises:
        ValueError: The shapes differ, have fewer than two axes, or a side below ``SSIM_WINDOW``.
    """
    if first.shape != second.shape or first.ndim < 2 or min(first.shape[-2:]) < SSIM_WINDOW:
        raise ValueError(
            f"expected two (..., H, W) with sides of at least {SSIM_WINDOW}, "
            f"got {tuple(first.shape) = }, {tuple(second.shape) = }"
        )
    one, two = first.double(), second.double()
    # The variances are only ever added, so four filtered planes do the work of five.
    planes = torch.stack([one, two, one * one + two * two, one * two])
    mean_one, mean_two, squares, products = _window_means(planes)
    mean_squares = mean_one * mean_one + mean_two * mean_two
    mean_products = mean_one * mean_two
    steady_light = (K1 * PEAK) ** 2
    steady_contrast = (K2 * PEAK) ** 2
    light = (2 * mean_products + steady_light) / (mean_squares + steady_light)
    contrast_and_structure = (2 * (products - mean_products) + steady_contrast) / (
        squares - mean_squares + steady_contrast
    )
    similarity: Tensor = light * contrast_and_structure
    return similarity.mean(dim=(-2, -1))


def gaussian_window() -> Tensor:
    """Return the window along one axis: ``(SSIM_WINDOW,)`` float64, its sum 1."""
    distance = torch.arange(SSIM_WINDOW, dtype=torch.float64) - SSIM_WINDOW // 2
    weights = torch.exp(-distance.square() / (2 * SIGMA**2))
    return weights / weights.sum()


def _window_means(planes: Tensor) -> Tensor:
    """Weigh every whole window: ``(..., H, W)`` -> ``(..., H - 10, W - 10)``."""
    weights = gaussian_window().tolist()
    return _slide(_slide(planes, weights, axis=-2), weights, axis=-1)


def _slide(planes: Tensor, weights: list[float], *, axis: int) -> Tensor:
    """Filter along one axis by adding shifted views, mirror pairs first.

    On a CPU in float64 this is about ten times as fast as ``conv2d``, which unfolds its input.
    """
    count = planes.shape[axis] - SSIM_WINDOW + 1
    total = planes.narrow(axis, SSIM_WINDOW // 2, count) * weights[SSIM_WINDOW // 2]
    for shift in range(SSIM_WINDOW // 2):
        pair = planes.narrow(axis, shift, count) + planes.narrow(
            axis, SSIM_WINDOW - 1 - shift, count
        )
        total.add_(pair, alpha=weights[shift])
    return total
