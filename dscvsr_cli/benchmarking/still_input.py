"""A picture that stands still, as a decoder gives it: again and again, except for rounding."""

from collections.abc import Iterator

import torch
from torch import Tensor

STILL_FRAMES = 16
"""Times that a picture is repeated to see how much it changes when it is enlarged."""

STIRRED_SHARE = 0.25
"""Share of the values of every frame that are a level above or below the picture's.

Identical frames would prove nothing: the engine enlarges them once.
"""


def still_frames(picture: Tensor) -> Iterator[Tensor]:
    """Yield ``picture`` ``(3, h, w)`` in [0, 1] ``STILL_FRAMES`` times, in levels of 8 bits.

    Whoever asks again gets the same frames.
    """
    generator = torch.Generator().manual_seed(0)
    levels = (picture.clamp(0.0, 1.0) * 255.0).round()
    for _ in range(STILL_FRAMES):
        drawn = torch.rand(levels.shape, generator=generator)
        above, below = drawn < STIRRED_SHARE / 2, drawn > 1.0 - STIRRED_SHARE / 2
        yield (levels + above.float() - below.float()).clamp(0.0, 255.0) / 255.0
