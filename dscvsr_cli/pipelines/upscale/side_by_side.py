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
from dscvsr_cli.video.display_matrix import DisplayMatrix, swaps_sides

CompareView = Literal["split", "side"]
"""One frame with a line down its middle, or both whole frames side by side."""

_LINE_PIXELS = 2


def view_size(size: Size, view: CompareView | None, matrix: DisplayMatrix | None = None) -> Size:
    """Return the size of the frames that are written, for enlarged ones of ``size``.

    Args:
        size: As the network makes them.
        view: How two are shown.
        matrix: How players will turn them: what they show on the left may be stored above.
    """
    if view != "side":
        return size
    if swaps_sides(matrix):
        return Size(2 * size.height, size.width)
    return Size(size.height, 2 * size.width)


def compared(
    frames: Iterable[Frame],
    enlarge: Callable[[Iterable[Frame]], Iterator[Frame]],
    *,
    size: Size,
    view: CompareView,
    matrix: DisplayMatrix | None = None,
    skipped: Sequence[range] = (),
) -> Generator[Frame, None, None]:
    """Enlarge frames and show each beside its bicubic version.

    Args:
        frames: ``(3, H, W)`` pixels each.
        enlarge: Returns the enlarged frames, alpha included, in order.
        size: Size of an enlarged frame.
        view: How both are shown.
        matrix: How players will turn the frames.
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
        alpha = None if frame.alpha is None else show(frame.alpha, frame.alpha, view, matrix)
        yield replace(frame, pixels=show(bicubic, frame.pixels, view, matrix), alpha=alpha)


def show(
    left: Tensor, right: Tensor, view: CompareView, matrix: DisplayMatrix | None = None
) -> Tensor:
    """Put two ``(C, H, W)`` frames into one: ``(C, H, W)`` split, ``(C, H, 2W)`` side by side.

    The line of a split frame is 1 in every channel: white, or opaque. With a display matrix, left
    and right are those of the turned frame: side by side may be ``(C, 2H, W)``.
    """
    axis = -2 if swaps_sides(matrix) else -1
    first, second = (right, left) if _runs_backwards(matrix) else (left, right)
    if view == "side":
        return torch.cat((first, second), dim=axis)
    length = right.shape[axis]
    middle, line = length // 2, _LINE_PIXELS // 2
    picture = second.clone()
    picture.narrow(axis, 0, middle).copy_(first.narrow(axis, 0, middle))
    picture.narrow(axis, middle - line, 2 * line).fill_(1.0)
    return picture


def _runs_backwards(matrix: DisplayMatrix | None) -> bool:
    """Return whether what is stored first, along the axis that runs across, is shown last."""
    if matrix is None:
        return False
    return (matrix[3] if swaps_sides(matrix) else matrix[0]) < 0
