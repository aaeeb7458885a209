"""Optical flow without learning: dense Lucas-Kanade over a pyramid.

At every pyramid level the second picture is warped by the flow found so far, and least squares in
a window around each pixel (Lucas and Kanade, 1981; in a pyramid after Bouguet, 2000) tell what is
missing. It knows nothing of any network, so it may judge what networks make.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.imaging.warp import warp_picture

WINDOW = 9
"""Side of the least-squares window, in pixels."""

COARSEST_SIDE = 24
"""No pyramid level has a shorter side, so the window still sees a part of the picture."""

COARSE_STEPS = 4
FINEST_STEPS = 2
"""Corrections per level; the finest costs most and begins almost right."""

STEADINESS = 1.0
"""Weight of the neighbours' flow, in squared levels per pixel: flat places follow them."""


def optical_flow(target: Tensor, source: Tensor) -> Tensor:
    """Return the flow from ``target`` to ``source``, two ``(H, W)`` luma planes in [0, 255].

    ``(2, H, W)`` float32 pixels, ``(dx, dy)``: ``target(x, y)`` looks like
    ``source(x + dx, y + dy)``.

    Raises:
        ValueError: The planes differ in shape or have not two axes.
    """
    if target.shape != source.shape or target.ndim != 2:
        raise ValueError(f"expected two (H, W), got {target.shape = }, {source.shape = }")
    targets, sources = _pyramid(target.float()), _pyramid(source.float())
    flow = torch.zeros(2, *targets[-1].shape)
    for level in range(len(targets) - 1, -1, -1):
        if level < len(targets) - 1:
            flow = _enlarged(flow, targets[level], targets[level + 1])
        for _ in range(COARSE_STEPS if level else FINEST_STEPS):
            flow = _refined(targets[level], sources[level], flow)
    return flow


def _refined(target: Tensor, source: Tensor, flow: Tensor) -> Tensor:
    """Solve the window's two equations for the whole flow at every pixel -> ``(2, H, W)``.

    Each pixel of a window was warped by its own flow, so each gives its equation around that (Le
    Besnerais and Champagnat, ICIP 2005); steps that only add up would drift apart.
    """
    warped = warp_picture(source[None], flow)[0]
    # Gradients of both pictures' mean: the step is then exact to the second order.
    slope_y, slope_x = torch.gradient((warped + target) / 2)
    wanted = target - warped + slope_x * flow[0] + slope_y * flow[1]
    products = torch.stack(
        (
            slope_x * slope_x,
            slope_x * slope_y,
            slope_y * slope_y,
            slope_x * wanted,
            slope_y * wanted,
            flow[0],
            flow[1],
        )
    )
    xx, xy, yy, x_wanted, y_wanted, mean_x, mean_y = _window_mean(products)
    xx, yy = xx + STEADINESS, yy + STEADINESS
    x_wanted, y_wanted = x_wanted + STEADINESS * mean_x, y_wanted + STEADINESS * mean_y
    solved = torch.stack((yy * x_wanted - xy * y_wanted, xx * y_wanted - xy * x_wanted))
    found = solved / (xx * yy - xy * xy)
    step: Tensor = (found - flow).clamp(-1, 1)
    return flow + step


def _window_mean(planes: Tensor) -> Tensor:
    """Average every window, those at the edge over the part inside -> same shape."""
    return F.avg_pool2d(planes, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)


def _pyramid(plane: Tensor) -> list[Tensor]:
    """Return the plane and its halvings, finest first."""
    levels = [plane]
    while min(levels[-1].shape) >= 2 * COARSEST_SIDE:
        levels.append(F.avg_pool2d(levels[-1][None], 2, ceil_mode=True)[0])
    return levels


def _enlarged(flow: Tensor, fine: Tensor, coarse: Tensor) -> Tensor:
    """Bring a flow to the next finer level; its lengths double with it."""
    wide = F.interpolate(flow[None], scale_factor=2, mode="bilinear", align_corners=False)[0]
    if wide.shape[-2] < fine.shape[-2] or wide.shape[-1] < fine.shape[-1]:
        raise ValueError(f"a level of {tuple(coarse.shape)} is too small for {tuple(fine.shape)}")
    return 2 * wide[:, : fine.shape[-2], : fine.shape[-1]]
