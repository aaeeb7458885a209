"""Tiles cover a plane, and blend into it without a seam."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.engine.tiles import ALIGNMENT, Tile, join_tiles, plan_ranges, plan_tiles
from dscvsr_cli.geometry import Size

overlaps = st.integers(1, 5).map(lambda n: n * ALIGNMENT)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, int, int]:
    """Length of an axis, tile and overlap."""
    overlap = draw(st.integers(1, 40))
    aligned = -(-overlap // ALIGNMENT) * ALIGNMENT
    return draw(st.integers(1, 700)), draw(st.integers(2 * aligned, 300)), overlap


@settings(deadline=None, max_examples=200)
@given(layout=layouts())
def test_weights_of_every_pixel_sum_to_one(layout: tuple[int, int, int]) -> None:
    length, tile, overlap = layout
    total = [0.0] * length
    for pixels in plan_ranges(length, tile=tile, overlap=overlap):
        assert 0 <= pixels.start < pixels.stop <= length
        weights = pixels.weights()
        assert len(weights) == pixels.stop - pixels.start
        for i, weight in enumerate(weights):
            assert 0.0 <= weight <= 1.0
            total[pixels.start + i] += weight
    assert total == pytest.approx([1.0] * length)


@settings(deadline=None, max_examples=200)
@given(layout=layouts())
def test_spans_are_small_aligned_and_overlap_enough(layout: tuple[int, int, int]) -> None:
    length, tile, overlap = layout
    ranges = plan_ranges(length, tile=tile, overlap=overlap)
    assert all(pixels.stop - pixels.start <= tile for pixels in ranges) or len(ranges) == 1
    assert all(pixels.start % ALIGNMENT == 0 for pixels in ranges)
    for left, right in pairwise(ranges):
        assert left.stop - right.start >= overlap
        assert left.start < right.start
        assert left.stop < right.stop or right.stop == length


@settings(deadline=None, max_examples=200)
@given(layout=layouts())
def test_pixels_near_a_cut_edge_do_not_count(layout: tuple[int, int, int]) -> None:
    length, tile, overlap = layout
    ranges = plan_ranges(length, tile=tile, overlap=overlap)
    for i, pixels in enumerate(ranges):
        margin = overlap // 4
        weights = pixels.weights()
        if i > 0:
            assert all(weight == 0.0 for weight in weights[:margin])
        if i < len(ranges) - 1:
            assert all(weight == 0.0 for weight in weights[len(weights) - margin :])


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 150), width=st.integers(1, 150), overlap=overlaps)
def test_cutting_and_joining_gives_the_plane_back(height: int, width: int, overlap: int) -> None:
    generator = torch.Generator().manual_seed(height * 151 + width)
    plane = torch.rand((2, height, width), generator=generator)
    size = Size(height, width)
    tiles = plan_tiles(size, tile=2 * overlap, overlap=overlap)
    joined = join_tiles(size, tiles, lambda tile: tile.cut(plane))
    torch.testing.assert_close(joined, plane)


def test_a_plane_that_fits_is_one_tile_and_is_not_copied() -> None:
    size = Size(30, 40)
    plane = torch.rand(1, 30, 40)
    tiles = plan_tiles(size, tile=64, overlap=16)
    assert len(tiles) == 1
    assert join_tiles(size, tiles, lambda _: plane) is plane


def test_a_seam_fades_from_one_tile_to_the_next() -> None:
    size = Size(8, 180)
    tiles = plan_tiles(size, tile=112, overlap=32)
    left, right = tiles

    def number(tile: Tile) -> torch.Tensor:
        return tile.cut(torch.zeros(1, 8, 180)) + (0.0 if tile is left else 1.0)

    row = join_tiles(size, tiles, number)[0, 0]
    assert (row[: right.columns.start] == 0).all()
    assert (row[left.columns.stop :] == 1).all()
    assert (row.diff() >= 0).all()
    assert row.diff().max() <= 1 / 16 + 1e-6


@pytest.mark.parametrize(("tile", "overlap"), [(32, 32), (64, 0), (0, 16)])
def test_an_overlap_that_leaves_no_tile_is_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        plan_ranges(500, tile=tile, overlap=overlap)
