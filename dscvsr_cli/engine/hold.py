"""Hold: what stands still in the input stands still in the output.

A network gives a caption that stands still a slightly other texture in every frame: the recurrence
never quite settles, and every second frame is filled. People see this on title cards, cartoons and
screen recordings. So where the input has not changed, an output pixel moves only a little way from
what was shown before to what the network made now.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

HELD_SHARE = 0.96
"""Weight of the picture before, where the input stands still.

Of an output that alternates, (1 - share) / (1 + share) is left, a forty-ninth; what the network
finds out meanwhile is followed within some twenty-five frames.
"""

STILL_LEVELS = 1.0
"""Largest difference of the input, in levels of 255, that is none: what rounding can do."""

STILL_RADIUS = 3
"""Pixels of the input around a place that must stand still with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is on the screen, and the input that it stands for."""

    frame: Tensor
    """(3, H, W) input in [0, 1], held as the picture is.

    Little by little it would become another than the newest. So it is what the next input is
    compared with, and the picture is never further behind than ``STILL_LEVELS``.
    """

    picture: Tensor
    """(3, sH, sW) output."""


def hold_still(picture: Tensor, frame: Tensor, before: Shown | None) -> Shown:
    """Return ``frame`` with its enlarged ``picture``, steadied where it stands still.

    Args:
        picture: (3, sH, sW) float32, what the network made of ``frame``.
        frame: (3, H, W) input in [0, 1].
        before: What was shown before; None holds nothing.
    """
    if before is None:
        return Shown(frame, picture)
    change = frame - before.frame
    largest = change.abs().amax(dim=0, keepdim=True)
    side = 2 * STILL_RADIUS + 1
    near = F.max_pool2d(largest[None], side, stride=1, padding=STILL_RADIUS)
    # Half a level more, since rounded levels are not exact in binary.
    still = (near <= (STILL_LEVELS + 0.5) / 255.0).float()
    if not bool(still.any()):
        return Shown(frame, picture)
    # A slow fade is no noise: what a whole neighbourhood changes by is added to what is held.
    fade = still * F.avg_pool2d(
        change[None], side, stride=1, padding=STILL_RADIUS, count_include_pad=False
    )
    enlarged = F.interpolate(
        torch.cat((still, fade), dim=1),
        size=picture.shape[-2:],
        mode="bilinear",
        align_corners=False,
    )[0]
    return Shown(
        frame=frame.lerp(before.frame + fade[0], HELD_SHARE * still[0]),
        picture=picture.lerp(before.picture + enlarged[1:], HELD_SHARE * enlarged[:1]),
    )
