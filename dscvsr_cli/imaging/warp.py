"""Warping a picture by a flow, in plain arithmetic."""

import torch
import torch.nn.functional as F
from torch import Tensor


def warp_picture(source: Tensor, flow: Tensor) -> Tensor:
    """Fetch ``source`` ``(C, H, W)`` at the places ``flow`` points to -> ``(C, H, W)``.

    Bilinear between pixel centres; places outside the picture take its border.

    Args:
        source: Floating point planes.
        flow: ``(2, H, W)`` pixels, ``(dx, dy)``, target to source.
    """
    height, width = source.shape[-2:]
    columns = torch.arange(width, dtype=flow.dtype)
    rows = torch.arange(height, dtype=flow.dtype)[:, None]
    # grid_sample's align_corners=True: -1 and 1 are the centres of the first and last pixel.
    grid_x = (columns + flow[0]) * (2.0 / max(width - 1, 1)) - 1.0
    grid_y = (rows + flow[1]) * (2.0 / max(height - 1, 1)) - 1.0
    grid = torch.stack((grid_x, grid_y), dim=-1)[None]
    return F.grid_sample(
        source[None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )[0]
