"""Warping: fetch pictures or features along a flow.

A flow is in pixels, ``(dx, dy)``, from target to source: ``target(x, y)`` looks like
``source(x + dx, y + dy)``. Coordinates stay in float32 whatever is fetched, since half precision
cannot hold a position.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Kernel = Literal["bilinear", "bicubic"]
"""How values between pixel centres are found."""


def warp(source: Tensor, flow: Tensor, *, kernel: Kernel = "bilinear") -> Tensor:
    """Fetch ``source`` at the places ``flow`` points to -> ``(B, C, H, W)``, source's dtype.

    Places outside the picture take its border. Where the flow is not finite the result is nan, so
    that a check for broken numbers finds it.

    Args:
        source: ``(B, C, H, W)`` picture or features to fetch from.
        flow: ``(B, 2, H, W)`` float32 pixels, ``(dx, dy)``, target to source.
        kernel: Keeps more detail where it is bicubic; on Apple's GPUs, which do not have that, it
            is always bilinear.
    """
    flow = flow.float()
    # By itself grid_sample fetches something finite at a nan, and its gradient on CPUs writes
    # outside its memory there.
    lost = ~flow.isfinite().all(dim=1, keepdim=True)
    on_apple = source.device.type == "mps"
    fetched = fetch(
        source.float(),
        flow.masked_fill(lost, 0.0),
        clamped=on_apple,
        kernel="bilinear" if on_apple else kernel,
    )
    return fetched.masked_fill(lost, torch.nan).to(source.dtype)


def fetch(source: Tensor, flow: Tensor, *, clamped: bool, kernel: Kernel = "bilinear") -> Tensor:
    """Fetch as ``warp`` does, both of one dtype, where the flow is known to be finite.

    Args:
        source: ``(B, C, H, W)`` picture or features to fetch from.
        flow: ``(B, 2, H, W)`` pixels, ``(dx, dy)``, target to source.
        clamped: Whether to clamp the coordinates instead of asking for border padding, which
            torch before 2.13 lacks on Apple's GPUs; bilinear values are the same.
        kernel: As for ``warp``.
    """
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=torch.float32)
    rows = torch.arange(height, device=flow.device, dtype=torch.float32)[:, None]
    # grid_sample's align_corners=True: -1 and 1 are the centres of the first and last pixel.
    grid_x = (columns + flow[:, 0]) * (2.0 / max(width - 1, 1)) - 1.0
    grid_y = (rows + flow[:, 1]) * (2.0 / max(height - 1, 1)) - 1.0
    grid = torch.stack((grid_x, grid_y), dim=-1)
    return F.grid_sample(
        source,
        grid.clamp(-1.0, 1.0) if clamped else grid,
        mode=kernel,
        padding_mode="zeros" if clamped else "border",
        align_corners=True,
    )
