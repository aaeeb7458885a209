"""Warping: fetch pictures or features along a flow, which may be brought to their size first.

A flow is in pixels, ``(dx, dy)``, from target to source: ``target(x, y)`` looks like
``source(x + dx, y + dy)``. Coordinates stay in float32 whatever is fetched, since half precision
cannot hold a position.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

FLOW_PIXELS = 1 << 19
"""Pixels whose motion is estimated at once: enough to keep a GPU busy, little memory."""

Kernel = Literal["bilinear", "bicubic"]
"""How values between pixel centres are found."""


def warp(
    source: Tensor, flow: Tensor, *, kernel: Kernel = "bilinear", known: bool = False
) -> Tensor:
    """Fetch ``source`` at the places ``flow`` points to -> ``(B, C, H, W)``, source's dtype.

    Places outside the picture take its border. Where the flow is not finite the result is nan, so
    that a check for broken numbers finds it.

    Args:
        source: ``(B, C, H, W)`` picture or features to fetch from.
        flow: ``(B, 2, H, W)`` float32 pixels, ``(dx, dy)``, target to source.
        kernel: Keeps more detail where it is bicubic; on Apple's GPUs, which do not have that, it
            is always bilinear.
        known: Whether the flow is known to be finite, which saves looking.
    """
    flow = flow.float()
    on_apple = source.device.type == "mps"
    kernel = "bilinear" if on_apple else kernel
    if known:
        return fetch(source.float(), flow, clamped=on_apple, kernel=kernel).to(source.dtype)
    # By itself grid_sample fetches something finite at a nan, and its gradient on CPUs writes
    # outside its memory there.
    lost = ~flow.isfinite().all(dim=1, keepdim=True)
    fetched = fetch(source.float(), flow.masked_fill(lost, 0.0), clamped=on_apple, kernel=kernel)
    return fetched.masked_fill(lost, torch.nan).to(source.dtype)


def stays_inside(flow: Tensor) -> Tensor:
    """Return where a flow points into the picture, to half a pixel -> ``(B, 1, H, W)`` booleans.

    Args:
        flow: ``(B, 2, H, W)`` pixels, ``(dx, dy)``.
    """
    height, width = flow.shape[-2:]
    x = torch.arange(width, device=flow.device) + flow[:, :1]
    y = torch.arange(height, device=flow.device)[:, None] + flow[:, 1:]
    return (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)


def resize_flow(flow: Tensor, size: Sequence[int]) -> Tensor:
    """Bring a flow to another size; its lengths change with it -> ``(B, 2, H, W)``.

    Args:
        flow: ``(B, 2, h, w)`` pixels, ``(dx, dy)``.
        size: H and W.
    """
    resized = F.interpolate(flow, size=tuple(size), mode="bilinear", align_corners=False)
    across, down = size[1] / flow.shape[-1], size[0] / flow.shape[-2]
    return torch.stack((resized[:, 0] * across, resized[:, 1] * down), dim=1)


def fetch(
    source: Tensor,
    flow: Tensor,
    *,
    every: int = 1,
    clamped: bool = False,
    kernel: Kernel = "bilinear",
) -> Tensor:
    """Fetch as ``warp`` does, both of one dtype, where the flow is known to be finite.

    Args:
        source: ``(B, C, H, W)`` picture or features to fetch from.
        flow: ``(B, 2, H, W)`` pixels, ``(dx, dy)``, target to source.
        every: Which rows and columns of the target are asked for, the first among them; the flow
            has only those.
        clamped: Whether to clamp the coordinates instead of asking for border padding, which
            torch before 2.13 lacks on Apple's GPUs; bilinear values are the same.
        kernel: As for ``warp``.
    """
    height, width = source.shape[-2:]
    # grid_sample's align_corners=True: -1 and 1 are the centres of the first and last pixel.
    across, down = 2.0 / max(width - 1, 1), 2.0 / max(height - 1, 1)
    columns = torch.arange(0, width, every, device=flow.device, dtype=torch.float32)
    rows = torch.arange(0, height, every, device=flow.device, dtype=torch.float32)[:, None]
    grid_x = torch.add(columns * across - 1.0, flow[:, 0], alpha=across)
    grid_y = torch.add(rows * down - 1.0, flow[:, 1], alpha=down)
    # In memory all x stand before all y, which is written and read faster than pairs are.
    grid = torch.stack((grid_x, grid_y), dim=1).permute(0, 2, 3, 1)
    return F.grid_sample(
        source,
        grid.clamp(-1.0, 1.0) if clamped else grid,
        mode=kernel,
        padding_mode="zeros" if clamped else "border",
        align_corners=True,
    )
