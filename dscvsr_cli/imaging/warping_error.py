"""Warping error: how much a moving picture flickers, given its true motion.

After Lai et al., "Learning Blind Video Temporal Consistency" (ECCV 2018): the frame that follows
is warped back by the optical flow of the ground truth, and the mean squared difference to the
frame at hand is taken where the flow is trustworthy. Where it is not (occlusion, the picture's
edge) is found by going forth and back (Sundaram et al., ECCV 2010, with their constants). Lai et
al. use a learned flow; here it is classical, computed on the ground truth, and the same for all.

The ground truth itself does not score zero, since light changes and interpolation blurs: compare
with its own error. Below it, a method is smoother in time than the truth, often because it is
blurred; above it, it flickers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dscvsr_cli.imaging.flow import optical_flow
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


def warping_error(frame: Tensor, following: Tensor, motion: Motion) -> float | None:
    """Return the mean squared difference of ``frame`` and the warped-back ``following``.

    Two luma planes ``(H, W)`` in [0, 255]; squared levels. None where no motion is trusted.
    """
    if not bool(motion.trusted.any()):
        return None
    warped = warp_picture(following.float()[None], motion.flow.float())[0]
    return float((frame.float() - warped).square()[motion.trusted].mean())
