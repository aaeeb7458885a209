"""Scenes: where a film cuts, decided on thumbnails while it streams.

A network that remembers earlier frames must forget them at a cut, or the old scene shows through
the new one. A cut stands out in three ways: much of the frame changes relative to its contrast,
far more than in the frames around it, and no frame after it shows what frames before it showed (a
flash does return). The change between two frames is what block motion does not explain plus what
the colour histograms do not share: a fast pan keeps its colours, a change of shot rarely does.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dscvsr_cli.frames import Frame

LOOK_AHEAD = 3
"""Frames that must be known after a frame before it is decided; also the longest flash."""

_MEMORY = 6
_SIDE = 32
_BLOCK = 8
_SEARCH = 6
_STILL = 0.008
_MIN_CHANGE = 0.012
_CONTRAST_FLOOR = 0.02
_PLAIN = (0.45, 1.8)
_STRONG = (0.7, 1.1)
_RETURN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One frame as the detector sees it."""

    thumbnail: Tensor
    """(3, 32, 32) float32."""

    contrast: float
    """Mean distance of the thumbnail's pixels from its mean colour."""

    change: float
    """Change from the frame before; 0 for the first frame of a scene."""


def thumbnail(pixels: Tensor) -> Tensor:
    """Shrink ``(3, H, W)`` in [0, 1] to the ``(3, 32, 32)`` float32 that cuts are found on."""
    # Averages of a thousand pixels suffice: in a large frame every second or third is read.
    stride = max(1, min(pixels.shape[-2:]) // 270)
    return functional.adaptive_avg_pool2d(pixels[:, ::stride, ::stride].float(), _SIDE)


def mark_scene_starts(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Yield every frame, in order, with whether it is the first one of a scene.

    Reads ``LOOK_AHEAD`` frames further than it yields.
    """
    waiting: deque[Frame] = deque()

    def thumbnails() -> Iterator[Tensor]:
        for frame in frames:
            waiting.append(frame)
            yield thumbnail(frame.pixels)

    for starts_scene in find_scene_starts(thumbnails()):
        yield waiting.popleft(), starts_scene


def find_scene_starts(thumbnails: Iterable[Tensor]) -> Iterator[bool]:
    """Yield for each ``(3, 32, 32)`` thumbnail whether a scene starts there; the first one does."""
    before: deque[_Look] = deque(maxlen=_MEMORY)
    ahead: deque[_Look] = deque()
    for look in _looks(thumbnails):
        ahead.append(look)
        if len(ahead) > LOOK_AHEAD:
            yield _advance(before, ahead)
    while ahead:
        yield _advance(before, ahead)


def change_between(first: Tensor, second: Tensor) -> float:
    """Return how much of ``second`` neither motion nor colours of ``first`` explain, from 0 to 2.

    Both are ``(3, 32, 32)`` in [0, 1]. Blocks of 8x8 may move by up to 6 of the 32 pixels.
    """
    plain = (first - second).abs().mean().item()
    unexplained = plain if plain < _STILL else _moved_difference(first, second)
    # The distance of two histograms (how far values must be moved) is that of the sorted values.
    colours = first.flatten(1).sort(dim=1).values - second.flatten(1).sort(dim=1).values
    return unexplained + colours.abs().mean().item()


def _looks(thumbnails: Iterable[Tensor]) -> Iterator[_Look]:
    last: Tensor | None = None
    for small in thumbnails:
        mean = small.mean(dim=(1, 2), keepdim=True)
        change = 0.0 if last is None else change_between(last, small)
        yield _Look(small, (small - mean).abs().mean().item(), change)
        last = small


def _advance(before: deque[_Look], ahead: deque[_Look]) -> bool:
    """Decide the first frame of ``ahead`` and move it to ``before``."""
    now = ahead.popleft()
    starts_scene = not before or _is_cut(before, now, ahead)
    if starts_scene:
        before.clear()
        now = _Look(now.thumbnail, now.contrast, 0.0)
    before.append(now)
    return starts_scene


def _is_cut(before: Sequence[_Look], now: _Look, after: Sequence[_Look]) -> bool:
    relative = now.change / ((before[-1].contrast + now.contrast) / 2 + _CONTRAST_FLOOR)
    if now.change < _MIN_CHANGE or relative < _PLAIN[0]:
        return False
    # A blended frame spreads one cut over two steps, so the steps beside this one do not count as
    # motion; the larger of them is the cut.
    if before[-1].change >= now.change or (after and after[0].change > now.change):
        return False
    motion = [look.change for look in (*list(before)[:-1], *list(after)[1:])]
    # The second largest: one of the neighbours may be a cut itself.
    ratio = now.change / max(sorted(motion)[-2] if len(motion) > 1 else 0.0, 1e-6)
    if not any(relative >= least and ratio >= times for least, times in (_PLAIN, _STRONG)):
        return False
    return not _returns(before, now, after)


def _returns(before: Sequence[_Look], now: _Look, after: Sequence[_Look]) -> bool:
    """Return whether a frame from here on shows again what a frame before showed."""
    limit = _RETURN * now.change
    earlier = list(before)[-LOOK_AHEAD - 1 :]
    pairs = [(earlier[-1], later) for later in after]
    pairs += [(look, later) for look in earlier[:-1] for later in (now, *after)]
    return any(change_between(a.thumbnail, b.thumbnail) < limit for a, b in pairs)


def _moved_difference(first: Tensor, second: Tensor) -> float:
    """Mean absolute difference once every block of ``second`` found its place in ``first``."""
    padded = functional.pad(first[None], (_SEARCH,) * 4, mode="replicate")
    shifted = padded.unfold(2, _SIDE, 1).unfold(3, _SIDE, 1)  # (1, 3, shifts, shifts, 32, 32)
    difference = (shifted - second[None, :, None, None]).abs().mean(dim=1).flatten(0, 2)
    per_block = functional.avg_pool2d(difference[:, None], _BLOCK)
    return float(torch.amin(per_block, dim=0).mean())
