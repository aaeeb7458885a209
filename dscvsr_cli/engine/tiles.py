"""Tiles: how a plane too large for memory is cut, and how the tiles are blended together.

Only features are made in tiles. They are on the source's own pixel grid, so a tile's pixels are
the plane's pixels whatever the scale factor is; enlarging happens on the joined plane.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from dscvsr_cli.geometry import Size

ALIGNMENT = 8
"""Tiles begin at multiples of this, so that a network's halved grids fall on the plane's own."""


@dataclass(frozen=True, slots=True)
class PixelRange:
    """Pixels ``[start, stop)`` of one axis, and where its weight rises and falls."""

    start: int
    stop: int

    rise: int | None
    """Position where the weight passes one half on its way up; None at the plane's edge."""

    fall: int | None
    """Position where the weight passes one half on its way down; None at the plane's edge."""

    ramp: int
    """Pixels over which the weight goes from 0 to 1."""

    def weights(self) -> list[float]:
        """Return the weight of each pixel; over all ranges of an axis they sum to 1."""
        return [
            (1.0 if self.rise is None else self._climb(i - self.rise))
            - (0.0 if self.fall is None else self._climb(i - self.fall))
            for i in range(self.start, self.stop)
        ]

    def _climb(self, distance: int) -> float:
        return min(1.0, max(0.0, (distance + 0.5) / self.ramp + 0.5))


@dataclass(frozen=True, slots=True)
class Tile:
    """One rectangle of the plane."""

    rows: PixelRange
    columns: PixelRange

    def cut(self, plane: Tensor) -> Tensor:
        """Return this tile's view of ``(..., H, W)``."""
        return plane[..., self.rows.start : self.rows.stop, self.columns.start : self.columns.stop]


def plan_ranges(length: int, *, tile: int, overlap: int) -> list[PixelRange]:
    """Cut one axis of ``length`` pixels into equal ranges of at most ``tile`` pixels.

    Neighbours share at least ``overlap`` pixels. The weights change over the middle half of them,
    so the outer quarter, where a network misses its surroundings, does not count. Both values are
    brought to multiples of ``ALIGNMENT``.

    Raises:
        ValueError: The overlap takes more than half of the tile.
    """
    tile = tile // ALIGNMENT * ALIGNMENT
    overlap = -(-overlap // ALIGNMENT) * ALIGNMENT
    if overlap < ALIGNMENT or tile < 2 * overlap:
        raise ValueError(f"expected tile >= 2 * overlap > 0, got {tile = }, {overlap = }")
    if length <= tile:
        return [PixelRange(0, length, None, None, overlap // 2)]
    count = -(-(length - overlap) // (tile - overlap))
    stride = -(-(length - overlap) // (count * ALIGNMENT)) * ALIGNMENT
    count = -(-(length - overlap) // stride)
    seams = [None, *(i * stride + overlap // 2 for i in range(1, count)), None]
    return [
        PixelRange(i * stride, min(i * stride + stride + overlap, length), rise, fall, overlap // 2)
        for i, (rise, fall) in enumerate(pairwise(seams))
    ]


def plan_tiles(size: Size, *, tile: int, overlap: int) -> list[Tile]:
    """Cover a plane with tiles of at most ``tile`` x ``tile`` pixels, row by row.

    Raises:
        ValueError: The overlap takes more than half of the tile.
    """
    rows = plan_ranges(size.height, tile=tile, overlap=overlap)
    columns = plan_ranges(size.width, tile=tile, overlap=overlap)
    return [Tile(row, column) for row in rows for column in columns]


def join_tiles(size: Size, tiles: list[Tile], make: Callable[[Tile], Tensor]) -> Tensor:
    """Make the tiles one after the other and blend them into one plane ``(..., H, W)``.

    Args:
        size: H and W of the plane.
        tiles: From ``plan_tiles``, so that the weights of every pixel sum to 1.
        make: Gives a tile's values ``(..., h, w)``; all leading dimensions are equal.
    """
    if len(tiles) == 1:
        return make(tiles[0])
    plane: Tensor | None = None
    for tile in tiles:
        values = make(tile)
        if plane is None:
            plane = values.new_zeros((*values.shape[:-2], size.height, size.width))
        rows = torch.tensor(tile.rows.weights(), dtype=values.dtype, device=values.device)
        columns = torch.tensor(tile.columns.weights(), dtype=values.dtype, device=values.device)
        tile.cut(plane).addcmul_(values, rows[:, None] * columns)
    if plane is None:
        raise ValueError("expected at least one tile")
    return plane
