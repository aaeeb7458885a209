"""Rounding to 8 bits: what a picture is after it was stored as PNG, as papers store theirs."""

import torch
from torch import Tensor


def quantise(pictures: Tensor) -> Tensor:
    """Round pictures in [0, 1] to the 256 levels of 8 bits; same shape, type and range.

    Values outside [0, 1] are clamped; a tie goes up, as in MATLAB's ``uint8``.
    """
    return round_levels(pictures * 255) / 255


def round_levels(levels: Tensor) -> Tensor:
    """Round levels to whole numbers in [0, 255]; same shape and type, ties go up."""
    return torch.floor(levels.clamp(0, 255) + 0.5)
