"""Whether a folder of pictures is a clip taken apart, or a collection of photographs."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.errors import VideoError
from dscvsr_cli.video.read.picture_reader import read_picture

PAIRS = 3
"""Pairs of neighbours that are compared: one of them may be at a cut."""

LIKENESS = 0.7
"""Correlation of thumbnails from which two pictures count as neighbours in time."""

THUMBNAIL = 16
"""Side of a thumbnail: so coarse that motion between frames hardly shows."""


def are_frames(pictures: Sequence[Path]) -> bool:
    """Return whether pictures, in their order, are the frames of one clip.

    They are if neighbours have one size and look alike; of many pictures a few are read. Pictures
    that cannot be read say nothing.
    """
    last = len(pictures) - 1
    if last < 1:
        return False
    firsts = sorted({round(last * (place + 0.5) / PAIRS - 0.5) for place in range(PAIRS)})
    found = [
        likeness
        for first in firsts
        if (likeness := _likeness(pictures[first], pictures[min(first + 1, last)])) is not None
    ]
    return bool(found) and median(found) >= LIKENESS


def _likeness(first: Path, second: Path) -> float | None:
    """Return how similar two pictures are, in [-1, 1]; -1 if their sizes differ."""
    try:
        one, other = read_picture(first), read_picture(second)
    except VideoError:
        return None
    if one.shape != other.shape:
        return -1.0
    return likeness(one, other)


def likeness(one: Tensor, other: Tensor) -> float:
    """Correlate the thumbnails of two ``(3, H, W)`` pictures -> a number in [-1, 1]."""
    first, second = _thumbnail(one), _thumbnail(other)
    scale = float(first.norm() * second.norm())
    if scale < 1e-3:
        # One of them is blank: they are similar only if both are.
        return 1.0 if float((one.mean() - other.mean()).abs()) < 0.05 else 0.0
    return float((first * second).sum()) / scale


def _thumbnail(picture: Tensor) -> Tensor:
    small = F.adaptive_avg_pool2d(picture, THUMBNAIL)
    return small - small.mean(dim=(-2, -1), keepdim=True)
