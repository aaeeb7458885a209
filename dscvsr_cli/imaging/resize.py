"""Resizing as MATLAB's imresize and the papers mean it: separable, linear, symmetric at the edges.

An axis of ``source`` pixels becomes ``target`` pixels by one matrix ``(target, source)``, so a
resize is two matrix products and runs on any device, batched, differentiable. Output pixel ``i``
is at ``(i + 0.5) / scale - 0.5`` in source pixels, the scale being ``target / source``. When
shrinking, the kernel is stretched by ``1 / scale`` to filter out what the smaller picture cannot
show (antialiasing).
"""

import math
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from dscvsr_cli.geometry import Size

Kernel = Literal["bicubic", "lanczos3", "bilinear"]

_RADIUS: dict[Kernel, float] = {"bicubic": 2.0, "lanczos3": 3.0, "bilinear": 1.0}


def resize_matrix(source: int, target: int, *, kernel: Kernel = "bicubic") -> Tensor:
    """Return the weights of one axis: ``(target, source)`` float64, every row summing to 1.

    Args:
        source: Pixels along the axis before.
        target: Pixels along the axis after.
        kernel: "bicubic" is Keys' with a = -0.5, as in MATLAB; "lanczos3" and "bilinear" likewise.

    Raises:
        ValueError: A side below 1.
    """
    if source < 1 or target < 1:
        raise ValueError(f"sides must be at least 1, got {source = }, {target = }")
    scale = target / source
    stretch = max(1.0, 1.0 / scale)
    radius = _RADIUS[kernel] * stretch
    centres = (torch.arange(target, dtype=torch.float64) + 0.5) / scale - 0.5
    # One tap more on each side than the kernel can reach: rounding of the centre never loses one.
    taps = torch.arange(-1, math.ceil(2 * radius) + 2)
    positions = torch.floor(centres - radius).long()[:, None] + taps
    weights = _kernel((centres[:, None] - positions) / stretch, kernel)
    weights /= weights.sum(dim=1, keepdim=True)
    matrix = torch.zeros(target, source, dtype=torch.float64)
    return matrix.scatter_add_(1, _mirror(positions, source), weights)


def resize(pictures: Tensor, size: Size, *, kernel: Kernel = "bicubic") -> Tensor:
    """Resize ``(..., H, W)`` floating point pictures to ``size``, in their own dtype and device.

    Values may leave the pictures' range (bicubic and Lanczos overshoot at edges); nothing is
    clamped. ``kernel`` is that of `resize_matrix`.

    Raises:
        ValueError: Not floating point, fewer than two axes, or an impossible size.
    """
    if pictures.ndim < 2 or not pictures.is_floating_point():
        raise ValueError(
            f"expected floating point (..., H, W), got {pictures.dtype}, {tuple(pictures.shape) = }"
        )
    height, width = pictures.shape[-2:]
    rows, columns = (
        _cached_matrix(source, target, kernel).to(pictures)
        for source, target in ((height, size.height), (width, size.width))
    )
    # Multiplications per picture for either order; the results agree up to rounding.
    rows_first = size.height * width * (height + size.width)
    columns_first = size.width * height * (width + size.height)
    # Autocast would compute the products in bfloat16, too coarse for 8-bit pictures.
    with torch.autocast(pictures.device.type, enabled=False):
        if rows_first <= columns_first:
            return (rows @ pictures) @ columns.mT
        return rows @ (pictures @ columns.mT)


@lru_cache(maxsize=64)
def _cached_matrix(source: int, target: int, kernel: Kernel) -> Tensor:
    # A matrix first made in inference mode must still serve a later training step.
    with torch.inference_mode(mode=False):
        return resize_matrix(source, target, kernel=kernel)


def _mirror(positions: Tensor, source: int) -> Tensor:
    """Fold positions outside ``[0, source)`` back, the edge pixel repeated: 2 1 0 | 0 1 2."""
    folded = positions % (2 * source)
    return torch.where(folded < source, folded, 2 * source - 1 - folded)


def _kernel(distance: Tensor, kernel: Kernel) -> Tensor:
    """Weigh signed distances in (stretched) source pixels."""
    x = distance.abs()
    if kernel == "bilinear":
        return (1 - x).clamp(min=0)
    if kernel == "lanczos3":
        return torch.where(x < 3, torch.sinc(x) * torch.sinc(x / 3), 0.0)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x < 2, far, 0.0))
