"""Hold: what stands still in the input stands still in the output.

A network gives a still caption a slightly different texture in every frame: the recurrence never
quite settles, and every second frame goes through the information filling. People notice this on
title cards, cartoons and screen recordings. So where the input has not changed, an output pixel
moves only a little way from its previous value to the new one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.frames import clamp_like

HELD_SHARE = 0.9
"""Weight of the picture before, where the input stands still.

Of an output that alternates, (1 - share) / (1 + share) is left, a nineteenth; a lasting change is
followed within about ten frames.
"""

CELL = 4
"""Side of the squares of input pixels that are judged together, each with the eight around it."""

AROUND_LEVELS = (0.6, 1.0)
"""Root mean square of the change around a place, in levels of 255: held in full up to the first,
not at all from the second on. Rounding alone changes 0.5 to 0.7."""

LARGEST_LEVELS = (2.0, 3.5)
"""The same for the largest change there: a faint line that moves changes only a few pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is on the screen, and the input that it stands for."""

    frame: Tensor
    """(3, H, W) input in [0, 1], held as the picture is.

    Holding lets it drift away from the newest input. So the next input is compared with it, and the
    picture is never further behind than ``LARGEST_LEVELS``.
    """

    picture: Tensor
    """(3, sH, sW) output."""

    quantiser_step: float | None = None
    """How coarsely a codec has rounded the input (``Frame.quantiser_step``)."""

    def cloned(self) -> "Shown":
        """Return the same in memory of its own."""
        return replace(self, frame=self.frame.clone(), picture=self.picture.clone())

    def on(self, device: torch.device) -> "Shown":
        """Return the same on a device."""
        return replace(self, frame=self.frame.to(device), picture=self.picture.to(device))


def hold_all(
    pictures: Tensor, frames: Tensor, before: Shown | None, steps: Iterable[float | None]
) -> list[Shown]:
    """Clamp pictures to what their sources span, and hold each as the one before was held.

    Args:
        pictures: ``(T, 3, sH, sW)``.
        frames: ``(T, 3, H, W)``, their sources.
        before: What was shown before; None holds nothing of the first.
        steps: The quantiser step of each source, as far as it is known.
    """
    shown: list[Shown] = []
    for picture, frame, step in zip(clamp_like(pictures, frames), frames, steps, strict=True):
        before = replace(hold_still(picture, frame, before), quantiser_step=step)
        shown.append(before)
    return shown


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
    cells = F.pad(change[None], _to_whole_cells(change), mode="replicate")[0]
    still = _stillness(cells)
    # A GPU is not asked: the answer would wait for all the work that is queued there.
    if still.is_cpu and not bool(still.any()):
        return Shown(frame, picture)
    smooth = F.interpolate(
        torch.cat((still, mean_around(cells[None], CELL)[0]))[None],
        scale_factor=CELL,
        mode="bilinear",
        align_corners=False,
    )
    smooth = smooth[..., : frame.shape[-2], : frame.shape[-1]]
    # A slow fade is no noise: what a whole neighbourhood changes by is added to what is held.
    still, fade = smooth[0, :1], smooth[0, 1:]
    enlarged = F.interpolate(smooth, size=picture.shape[-2:], mode="bilinear", align_corners=False)[
        0
    ]
    return Shown(
        frame=frame.lerp(before.frame + fade, HELD_SHARE * still),
        picture=picture.lerp(before.picture + enlarged[1:], HELD_SHARE * enlarged[:1]),
    )


def _to_whole_cells(planes: Tensor) -> list[int]:
    """Return how far the last two dimensions are from multiples of ``CELL``, as ``F.pad`` takes."""
    height, width = planes.shape[-2:]
    return [0, -width % CELL, 0, -height % CELL]


def _stillness(change: Tensor) -> Tensor:
    """Return how still cells of ``(3, H, W)`` are -> ``(1, h, w)``, from 0 (moving) to 1."""
    around = mean_around(change.square().mean(dim=0, keepdim=True)[None], CELL)[0].sqrt()
    largest = change.abs().amax(dim=0, keepdim=True)
    largest = F.max_pool2d(F.max_pool2d(largest[None], CELL), 3, stride=1, padding=1)[0]
    return _below(around, AROUND_LEVELS) * _below(largest, LARGEST_LEVELS)


def mean_around(planes: Tensor, cell: int) -> Tensor:
    """Return the mean of each cell of ``(B, C, H, W)`` and those around it -> ``(B, C, h, w)``.

    Args:
        planes: Those at the right and the bottom may be cut off in the middle of a cell.
        cell: Rows and columns of one.
    """
    # Apple's GPUs have no adaptive pooling for sides that are no whole number of cells.
    cells = F.avg_pool2d(planes, cell, ceil_mode=True)
    return F.avg_pool2d(cells, 3, stride=1, padding=1, count_include_pad=False)


def _below(values: Tensor, levels: tuple[float, float]) -> Tensor:
    """Return 1 up to the first level, 0 from the second on, and something in between there."""
    low, high = (level / 255.0 for level in levels)
    return ((high - values) / (high - low)).clamp(0.0, 1.0)
