"""Picture: what one or several frames show; a picture that repeats goes through the network once.

Slides, screen recordings and title cards repeat pictures exactly where the encoder skips what
stands still. Such frames hold nothing new for the network, and their enlarged pictures must be
equal anyway.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dscvsr_cli.frames import Frame

MOST_FRAMES = 24
"""Most frames that one picture stands for: a second of film. Without a limit, a long still would
fill windows with minutes of video, all of which would be read before the first frame is made."""

SPARSE_STEP = 16
"""Rows and columns that are compared first: nearly all frames that differ do so there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """What some frames, one after the other, show."""

    pixels: Tensor
    """(3, H, W), or (3, sH, sW) once it is enlarged."""

    frames: tuple[Frame, ...]
    """Those that show it, at least one; their own pixels are not used."""

    def shown(self) -> Iterator[Frame]:
        """Yield the frames with the picture's pixels, each with its own copy of them."""
        for frame in self.frames[:-1]:
            yield replace(frame, pixels=self.pixels.clone())
        yield replace(self.frames[-1], pixels=self.pixels)


def join_repeats(frames: Iterable[Frame]) -> Iterator[Picture]:
    """Yield the pictures of a scene's frames; equal frames in a row share one.

    Reads one frame ahead. If a picture ends depends on nothing before its first frame.

    Args:
        frames: ``(3, H, W)`` pixels each, all of one size.
    """
    showing: list[Frame] = []

    def picture() -> Picture:
        return Picture(pixels=showing[0].pixels, frames=tuple(showing))

    try:
        for frame in frames:
            if showing and not (len(showing) < MOST_FRAMES and _are_equal(showing[0], frame)):
                yield picture()
                showing.clear()
            # With the first one's pixels, so that its own are not held.
            showing.append(replace(frame, pixels=showing[0].pixels) if showing else frame)
    except Exception:
        # Frames that were read before the error are still made.
        if showing:
            yield picture()
        raise
    if showing:
        yield picture()


def _are_equal(one: Frame, other: Frame) -> bool:
    sparse = (..., slice(None, None, SPARSE_STEP), slice(None, None, SPARSE_STEP))
    return torch.equal(one.pixels[sparse], other.pixels[sparse]) and torch.equal(
        one.pixels, other.pixels
    )
