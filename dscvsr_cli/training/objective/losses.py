"""Losses on pictures and on flow: Charbonnier, a photometric loss, the distance of two flows."""

import torch
from torch import Tensor

from dscvsr_cli.warping import resize_flow, warp

CHARBONNIER_EPSILON = 1e-3
"""Rounds the absolute value off near zero: a quarter of an 8-bit step."""

CHANGE_EPSILON = 1e-4
"""Rounds off the change from frame to frame: a fortieth of an 8-bit step, below what is seen."""

SMOOTHNESS = 0.005
"""Weight of the flow's mean gradient beside the mismatch of the pictures."""

LENGTH_EPSILON = 1e-6
"""Rounds the length of a flow off near zero, in squared pixels."""


def charbonnier(made: Tensor, wanted: Tensor, epsilon: float = CHARBONNIER_EPSILON) -> Tensor:
    """Return the mean of ``sqrt(difference^2 + epsilon^2)`` (Lai et al., CVPR 2017), a scalar."""
    return torch.sqrt((made.float() - wanted).square() + epsilon**2).mean()


def change_loss(made: Tensor, wanted: Tensor, flow: Tensor) -> Tensor:
    """Return how much of what changes along the motion does not in the ground truth, a scalar.

    The error of a frame is compared with that of the next one at the place that the flow points to:
    detail that is always missing moves along and costs nothing; what comes and goes does. Bench
    calls that flicker (``imaging/warping_error.py``).

    Args:
        made: ``(B, T, 3, H, W)`` in [0, 1].
        wanted: The ground truth of the same shape.
        flow: ``(B, T - 1, 2, h, w)`` pixels of its own grid, from every frame to the next; gets no
            gradient, or it would learn to point to where the errors happen to agree.
    """
    error = made.float() - wanted
    motion = resize_flow(flow.detach().float().flatten(0, 1), error.shape[-2:])
    following = warp(error[:, 1:].flatten(0, 1), motion)
    return charbonnier(following, error[:, :-1].flatten(0, 1), CHANGE_EPSILON)


def photometric(flow: Tensor, target: Tensor, source: Tensor) -> Tensor:
    """Return how badly pairs of frames match after warping, a scalar.

    A flow that starts from rest gets almost no gradient from the pictures at first; matching the
    frames themselves teaches it early (Yu et al., ECCVW 2016). A light smoothness term settles
    the flow where there is no texture.

    Args:
        flow: ``(B, 2, H, W)`` pixels, from target to source.
        target: ``(B, 3, H, W)`` low-resolution frames in [0, 1].
        source: Their neighbours, of the same shape.
    """
    mismatch = charbonnier(warp(source, flow), target)
    rough: Tensor = flow.diff(dim=-1).abs().mean() + flow.diff(dim=-2).abs().mean()
    total: Tensor = mismatch + SMOOTHNESS * rough
    return total


def endpoint_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean length between two flows where ``wanted`` is known, a scalar; 0 if nowhere.

    Args:
        found: ``(..., 2, H, W)`` pixels.
        wanted: The same; nan if it is not known.
    """
    known = wanted.isfinite().all(dim=-3)
    # Chosen before the subtraction: the gradient of a nan is nan, even if it is left out after.
    gap = (found - torch.where(known.unsqueeze(-3), wanted, found.detach())).square().sum(dim=-3)
    # A length that is not differentiable at zero would give nan if both agree.
    lengths = torch.sqrt(gap + LENGTH_EPSILON) * known
    return lengths.sum() / known.sum().clamp_min(1)
