"""Luma of BT.601 in studio range: the plane on which the papers of Vid4 measure."""

import torch
from torch import Tensor

WEIGHTS = (65.481, 128.553, 24.966)
"""BT.601's 0.299, 0.587, 0.114 times 219, the steps between black (16) and white (235)."""

BLACK = 16.0
"""Luma of black, in steps of 8 bits."""


def luma(pictures: Tensor) -> Tensor:
    """Return the luma of RGB pictures.

    ``(..., 3, H, W)`` in [0, 1] -> ``(..., H, W)`` in [16, 235].

    The type stays; give float64 for exact measures. Nothing is rounded, as in the usual
    evaluation code (MATLAB's rgb2ycbcr rounds when its input is uint8).

    Raises:
        ValueError: Not three channels, or not floating point.
    """
    if pictures.ndim < 3 or pictures.shape[-3] != 3 or not pictures.is_floating_point():
        raise ValueError(
            f"expected floating point (..., 3, H, W), got {pictures.dtype}, "
            f"{tuple(pictures.shape) = }"
        )
    weights = torch.tensor(WEIGHTS, dtype=pictures.dtype, device=pictures.device)
    return (pictures * weights[:, None, None]).sum(dim=-3) + BLACK
