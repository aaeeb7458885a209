"""Warping error and flicker: how a moving picture changes along its true motion.

After Lai et al., "Learning Blind Video Temporal Consistency" (ECCV 2018): the next frame is warped
back by the optical flow of the ground truth, and its mean squared difference to the current frame
is taken where the flow is trustworthy. Where it is not (occlusion, the picture's edge) is found by
going forth and back (Sundaram et al., ECCV 2010, with their constants). Lai et al. use a learned
flow; here it is classical, computed on the ground truth, and the same for all.

The ground truth itself does not score zero, since light changes and interpolation blurs: compare
with its own error. Below it, a method is smoother in time than the truth, often because it is
blurred; above it, it flickers. So the less a picture shows, the better it scores. Flicker mends
that: it takes the change of the truth along the motion off the change of the picture before it
squares, and only the truth itself scores zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dscvsr_cli.imaging.lucas_kanade import optical_flow
from dscvsr_cli.imaging.warp import warp_picture

LENGTH_SHARE = 0.01
LENGTH_FREE = 0.5
"""Squared pixels that a way forth and back may miss its start by: a share of its length, and so."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The true motion of one frame to the next."""

    flow: Tensor
    """(2, H, W) float16 pixels, ``(dx, dy)``, from the frame to the one after it."""

    trusted: Tensor
    """(H, W) bool: where the flow can be relied on."""

    @property
    def size_bytes(self) -> int:
        """Memory that it holds."""
        return sum(part.numel() * part.element_size() for part in (self.flow, self.trusted))


def true_motion(frame: Tensor, following: Tensor) -> Motion:
    """Return the motion between two luma planes ``(H, W)`` in [0, 255] of the ground truth."""
    forth = optical_flow(frame, following)
    back = optical_flow(following, frame)
    returned = warp_picture(back, forth)
    miss = (forth + returned).square().sum(dim=0)
    length = forth.square().sum(dim=0) + returned.square().sum(dim=0)
    height, width = frame.shape
    columns = torch.arange(width) + forth[0]
    rows = torch.arange(height)[:, None] + forth[1]
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    return Motion(forth.half(), inside & (miss <= LENGTH_SHARE * length + LENGTH_FREE))


def change_along(frame: Tensor, following: Tensor, motion: Motion) -> Tensor:
    """Return ``frame`` less the warped-back ``following`` where the motion is trusted -> ``(N,)``.

    Two luma planes ``(H, W)`` in [0, 255]; levels, float32. Empty if no motion is trusted.
    """
    warped = warp_picture(following.float()[None], motion.flow.float())[0]
    return (frame.float() - warped)[motion.trusted]


def warping_error(change: Tensor) -> float | None:
    """Return the mean square of a picture's change in squared levels; None if it is empty."""
    return float(change.square().mean()) if change.numel() else None


def flicker(change: Tensor, true_change: Tensor) -> float | None:
    """Return the mean square of what a picture changes and the truth does not.

    Both from ``change_along``, with the same motion; squared levels, None if they are empty.
    """
    return warping_error(change - true_change)
