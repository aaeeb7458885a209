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

HELD_SHARE = 0.9
"""Weight of the picture before, where the input stands still.

Of an output that alternates, (1 - share) / (1 + share) is left, a nineteenth; what the network
finds out meanwhile is followed within some ten frames.
"""

STILL_RADIUS = 3
"""Pixels of the input around a place that must stand still with it."""

AROUND_LEVELS = (0.6, 1.0)
"""Root mean square of the change around a place, in levels of 255: held up to the first, not at all
from the second on. What rounding changes is 0.5 to 0.7."""

LARGEST_LEVELS = (2.0, 3.5)
"""The same of the largest change there, which a faint line that moves makes."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is on the screen, and the input that it stands for."""

    frame: Tensor
    """(3, H, W) input in [0, 1], held as the picture is.

    Little by little it would become another than the newest. So it is what the next input is
    compared with, and the picture is never further behind than ``LARGEST_LEVELS``.
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
    still = _stillness(change)
    if not bool(still.any()):
        return Shown(frame, picture)
    # A slow fade is no noise: what a whole neighbourhood changes by is added to what is held.
    fade = _mean_around(change)
    enlarged = F.interpolate(
        torch.cat((still, fade))[None],
        size=picture.shape[-2:],
        mode="bilinear",
        align_corners=False,
    )[0]
    return Shown(
        frame=frame.lerp(before.frame + fade, HELD_SHARE * still),
        picture=picture.lerp(before.picture + enlarged[1:], HELD_SHARE * enlarged[:1]),
    )


def _stillness(change: Tensor) -> Tensor:
    """Return how still the input ``(3, H, W)`` is -> ``(1, H, W)``, from 0 (moving) to 1."""
    around = _mean_around(change.square().mean(dim=0, keepdim=True)).sqrt()
    side = 2 * STILL_RADIUS + 1
    largest = change.abs().amax(dim=0, keepdim=True)
    largest = F.max_pool2d(largest[None], side, stride=1, padding=STILL_RADIUS)[0]
    return _below(around, AROUND_LEVELS) * _below(largest, LARGEST_LEVELS)


def _mean_around(planes: Tensor) -> Tensor:
    side = 2 * STILL_RADIUS + 1
    return F.avg_pool2d(
        planes[None], side, stride=1, padding=STILL_RADIUS, count_include_pad=False
    )[0]


def _below(values: Tensor, levels: tuple[float, float]) -> Tensor:
    """Return 1 up to the first level, 0 from the second on, and something in between there."""
    low, high = (level / 255.0 for level in levels)
    return ((high - values) / (high - low)).clamp(0.0, 1.0)
