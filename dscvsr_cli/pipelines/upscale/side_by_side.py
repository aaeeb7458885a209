"""Comparison views: bicubic on the left and the network on the right, in one frame."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from dscvsr_cli.frames import Frame, clamp_like
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize

CompareView = Literal["split", "side"]
"""One frame with a line down its middle, or both whole frames side by side."""

_LINE_PIXELS = 2


def view_size(size: Size, view: CompareView | None) -> Size:
    """Return the size of the frames that are written, for enlarged ones of ``size``."""
    return Size(size.height, 2 * size.width) if view == "side" else size


def compared(
    frames: Iterable[Frame],
    enlarge: Callable[[Iterable[Frame]], Iterator[Frame]],
    *,
    size: Size,
    view: CompareView,
    skipped: Sequence[range] = (),
) -> Generator[Frame, None, None]:
    """Enlarge frames and show each beside its bicubic version.

    Args:
        frames: ``(3, H, W)`` pixels each.
        enlarge: Returns the enlarged frames, alpha included, in order.
        size: Size of an enlarged frame.
        view: How both are shown.
        skipped: Indices of frames that ``enlarge`` does not return.
    """
    waiting: deque[Tensor] = deque()

    def remembered() -> Iterator[Frame]:
        for index, frame in enumerate(frames):
            if not any(index in span for span in skipped):
                waiting.append(frame.pixels)
            yield frame

    for frame in enlarge(remembered()):
        source = waiting.popleft()
        bicubic = clamp_like(resize(source, size), source)
        # Both halves have the same alpha: the network does not see it.
        alpha = None if frame.alpha is None else show(frame.alpha, frame.alpha, view)
        yield replace(frame, pixels=show(bicubic, frame.pixels, view), alpha=alpha)


def show(left: Tensor, right: Tensor, view: CompareView) -> Tensor:
    """Put two ``(C, H, W)`` frames into one: ``(C, H, W)`` split, ``(C, H, 2W)`` side by side.

    The line of a split frame is 1 in every channel: white, or opaque.
    """
    if view == "side":
        return torch.cat((left, right), dim=-1)
    middle = right.shape[-1] // 2
    picture = right.clone()
    picture[..., :middle] = left[..., :middle]
    picture[..., middle - _LINE_PIXELS // 2 : middle + _LINE_PIXELS // 2] = 1.0
    return picture
