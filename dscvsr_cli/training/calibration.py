"""Calibration: find the ranges that eight-bit arithmetic spreads a network's features over."""

from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor

from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.rounding import Ranges, watched_ranges
from dscvsr_cli.training.validation import VALIDATION_SCALES, middle

CLIPS: Final = 16
"""Clips that are enough: their ranges hardly grow with more."""

_FASTER: Final = 3
"""Every clip is also seen with only each third frame, since large motion widens the ranges of what
finds it."""


@torch.inference_mode()
def calibrate(network: RecurrentNetwork, clips: Iterable[Tensor]) -> Ranges:
    """Run both passes over shrunken clips -> the range of what passes each ``Rounding``.

    Args:
        network: In evaluation mode, float32, on the CPU.
        clips: Each ``(T, 3, H, W)`` uint8 RGB, sides of 64 pixels at least; the middle counts.
    """
    with watched_ranges(network) as ranges:
        for clip in clips:
            whole = middle(clip).float() / 255.0
            for scale in VALIDATION_SCALES:
                low = torch.stack([degrade_picture(frame, scale).low for frame in whole])
                for frames in (low[None], low[None, ::_FASTER]):
                    # One frame in two is filled, and the first one has no neighbour.
                    network.backward_features(frames, first_index=1)
                    network.forward_features(frames, first_index=0)
    return ranges
