"""Blur and subsample: a Gaussian around each output pixel's centre, for any factor.

This is degradation BD of the papers (sigma 1.6, then every fourth pixel) in the phase of the
BasicVSR family: output pixel ``i`` is at ``(i + 0.5) * scale - 0.5``, in the middle of the pixels
it stands for. At x4 that is a window of 12 taps at half-pixel distances; the older code of DUF and
its heirs takes 13 taps around the first of the four pixels instead, which shifts the whole picture
by 1.5 pixels.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from dscvsr_cli.geometry import Size


def blur_matrix(source: int, target: int, *, scale: float, sigma: float) -> Tensor:
    """Return the weights of one axis: ``(target, source)`` float64, every row summing to 1.

    Beyond the edge the edge pixel is repeated. The window reaches ``ceil(3 * sigma) + 1`` pixels
    to both sides.

    Raises:
        ValueError: A side below 1, or a factor or sigma that is not positive.
    """
    if source < 1 or target < 1 or scale <= 0 or sigma <= 0:
        raise ValueError(f"expected positive, got {source = }, {target = }, {scale = }, {sigma = }")
    reach = math.ceil(3 * sigma) + 1
    centres = (torch.arange(target, dtype=torch.float64) + 0.5) * scale - 0.5
    positions = torch.ceil(centres - reach).long()[:, None] + torch.arange(2 * reach + 1)
    distances = positions - centres[:, None]
    weights = torch.exp(-distances.square() / (2 * sigma**2)) * (distances <= reach)
    weights /= weights.sum(dim=1, keepdim=True)
    matrix = torch.zeros(target, source, dtype=torch.float64)
    return matrix.scatter_add_(1, positions.clamp(0, source - 1), weights)


def blur_and_subsample(pictures: Tensor, size: Size, *, scale: float, sigma: float = 1.6) -> Tensor:
    """Shrink ``(..., H, W)`` floating point pictures by ``scale`` to ``size``, in their own dtype.

    Raises:
        ValueError: An impossible size, factor or sigma.
    """
    height, width = pictures.shape[-2:]
    rows = _cached_matrix(height, size.height, scale, sigma).to(pictures)
    columns = _cached_matrix(width, size.width, scale, sigma).to(pictures)
    return (rows @ pictures) @ columns.mT


@lru_cache(maxsize=16)
def _cached_matrix(source: int, target: int, scale: float, sigma: float) -> Tensor:
    return blur_matrix(source, target, scale=scale, sigma=sigma)
