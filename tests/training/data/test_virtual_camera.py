"""The synthetic camera: sharp, in range, and moving as cameras do."""

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.training.data.sampler import Augmentation
from dscvsr_cli.training.data.virtual_camera import film, film_layers
from dscvsr_cli.warping import warp

seeds = st.integers(0, 2**31)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise_photo(height: int = 40, width: int = 56) -> Tensor:
    return torch.randint(0, 256, (3, height, width), generator=generator(0)).to(torch.uint8)


def map_photo(side: int = 256) -> Tensor:
    """A photograph that tells where it was looked at: red is the column, green the row."""
    places = torch.arange(side, dtype=torch.uint8)
    return torch.stack(
        (places.expand(side, side), places[:, None].expand(side, side), places.expand(side, side))
    )


def places_seen(frames: Tensor) -> Tensor:
    """Where each pixel of a film of ``map_photo`` looked -> ``(T, 2, side, side)`` pixels."""
    return frames[:, :2] * 255.0


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(1, 6), st.integers(1, 48))
def test_films_are_finite_and_in_range(seed: int, length: int, side: int) -> None:
    grid = min(side, 10)
    single = film(noise_photo(), length, side, generator(seed))
    layered = film_layers(noise_photo(), noise_photo(50, 44), length, side, generator(seed))
    for made in (single.frames, layered.frames):
        assert made.shape == (length, 3, side, side)
        assert made.dtype is torch.float32
        assert made.isfinite().all()
        assert made.min() >= 0.0
        assert made.max() <= 1.0 + 1e-6
    for flow in (single.flow(grid), layered.flow(grid)):
        assert flow.shape == (2, length - 1, 2, grid, grid)
        assert flow.dtype is torch.float32


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(16, 64))
def test_the_camera_moves_a_little_and_evenly(seed: int, side: int) -> None:
    seen = places_seen(film(map_photo(), 7, side, generator(seed)).frames)
    # Reflections at the photograph's border turn the map around: look away from it.
    inside = ((seen > 20) & (seen < 235)).all(dim=1, keepdim=True).all(dim=0, keepdim=True)
    speed = seen.diff(dim=0)
    change = speed.diff(dim=0)
    # Six pixels a frame, and what zooming, turning and wobbling add at the corners.
    assert (speed.abs() * inside).max() < 6.0 + 0.1 * side + 3.0
    assert (change.abs() * inside).max() < 3.0


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_neighbouring_pixels_look_at_neighbouring_places(seed: int) -> None:
    seen = places_seen(film(map_photo(), 3, 48, generator(seed)).frames)
    inside = ((seen > 20) & (seen < 235)).all(dim=1, keepdim=True)
    across = seen.diff(dim=-1).square().sum(dim=1, keepdim=True).sqrt()
    both = inside[..., 1:] & inside[..., :-1]
    if both.any():
        # The zoom is drawn from 0.8 to 1.6 photograph pixels per pixel, and drifts a little.
        assert across[both].min() > 0.6
        assert across[both].max() < 2.0


def test_the_camera_does_move() -> None:
    still = 0
    for seed in range(20):
        seen = places_seen(film(map_photo(), 5, 32, generator(seed)).frames)
        still += bool(seen.diff(dim=0).abs().max() < 0.1)
    assert still == 0


def test_one_generator_gives_one_film_and_another_another() -> None:
    films = [film(noise_photo(), 3, 16, generator(seed)) for seed in (1, 1, 2)]
    first, again, other = (made.frames for made in films)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_layered_film_shows_both_photographs() -> None:
    black, white = torch.zeros(3, 40, 40).byte(), torch.full((3, 40, 40), 255).byte()
    films = [film_layers(white, black, 3, 24, generator(seed)) for seed in range(12)]
    shown = [float(made.frames.mean()) for made in films]
    assert all(0.05 < share < 0.95 for share in shown)


def test_what_hides_moves_on_its_own() -> None:
    black, white = torch.zeros(3, 64, 64).byte(), torch.full((3, 64, 64), 255).byte()
    uncovered = film_layers(white, black, 6, 24, generator(4)).frames
    assert uncovered.diff(dim=0).abs().amax(dim=(1, 2, 3)).min() > 0.01


def test_a_photograph_smaller_than_the_film_is_mirrored_not_blackened() -> None:
    frames = film(torch.full((3, 10, 12), 200).byte(), 4, 30, generator(0)).frames
    torch.testing.assert_close(frames, torch.full_like(frames, 200 / 255))


def follow(seen: Tensor, flow: Tensor) -> Tensor:
    """Where the places lie that ``flow`` points to; both ``(N, 2, side, side)``."""
    return warp(seen, flow.nan_to_num())


def well_inside(seen: Tensor, flow: Tensor) -> Tensor:
    """Which pixels see the map's middle, and point into the picture -> ``(N, side, side)``."""
    side = flow.shape[-1]
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    to = flow + torch.stack((x, y))
    pointing = ((to >= 0) & (to <= side - 1)).all(dim=1)
    return pointing & ((seen > 20) & (seen < 235)).all(dim=1)


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(2, 6), st.integers(24, 64))
def test_the_flow_leads_to_the_place_that_is_seen(seed: int, length: int, side: int) -> None:
    made = film(map_photo(), length, side, generator(seed))
    seen = places_seen(made.frames)
    pairs = ((seen[:-1], seen[1:]), (seen[1:], seen[:-1]))
    for flow, (target, source) in zip(made.flow(side), pairs, strict=True):
        good = well_inside(target, flow) & well_inside(follow(source, flow), flow)
        gap = (follow(source, flow) - target).abs().amax(dim=1)
        # A pixel is the mean of four samples, and places bend a little within it.
        assert (gap * good).max() < 0.1


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from([1, 2, 3, 4]))
def test_the_flow_of_a_reduced_film_counts_its_own_pixels(seed: int, factor: int) -> None:
    fine = film(map_photo(), 3, 48, generator(seed)).flow(48)
    coarse = film(map_photo(), 3, 48, generator(seed)).flow(48 // factor)
    means = F.avg_pool2d(fine.flatten(0, 1), factor) / factor
    known = means.isfinite() & coarse.flatten(0, 1).isfinite()
    torch.testing.assert_close(
        means[known], coarse.flatten(0, 1)[known], atol=2e-3, rtol=0, check_stride=False
    )


def test_beyond_the_photograph_and_between_layers_the_flow_is_not_known() -> None:
    small = film(torch.full((3, 10, 12), 200).byte(), 4, 30, generator(0)).flow(30)
    assert small.isnan().any()
    assert small.isfinite().any()
    layered = film_layers(map_photo(), map_photo(), 4, 48, generator(0)).flow(48)
    assert layered.isnan().any()
    assert layered.isfinite().any()
    assert torch.equal(layered.isnan().any(dim=2), layered.isnan().all(dim=2))


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_each_layer_has_its_own_flow(seed: int) -> None:
    # Red tells the layer: the map's columns are left, its rows in green.
    near, far = torch.zeros(3, 256, 256).byte(), torch.zeros(3, 256, 256).byte()
    near[0] = 255
    near[1:], far[1:] = map_photo()[:2], map_photo()[:2]
    made = film_layers(near, far, 3, 48, generator(seed))
    flow, frames = made.flow(48)[0], made.frames
    fetched = follow(frames[1:], flow)
    # Where both ends show one layer, and the same one, whole.
    whole = (frames[:-1, 0] - frames[:-1, 0].round()).abs() < 1e-3
    same = whole & ((fetched[:, 0] - frames[:-1, 0]).abs() < 1e-3)
    places = frames[:, 1:] * 255.0
    good = same & well_inside(places[:-1], flow) & flow.isfinite().all(dim=1)
    gap = (follow(places[1:], flow) - places[:-1]).abs().amax(dim=1)
    assert (gap * good).max() < 0.3


@settings(deadline=None, max_examples=32)
@given(seeds, st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()))
def test_a_clips_flow_is_turned_with_it(seed: int, ways: tuple[bool, bool, bool, bool]) -> None:
    columns, rows, transposed, time = ways
    augmentation = Augmentation(columns=columns, rows=rows, transposed=transposed, time=time)
    made = film(map_photo(), 3, 32, generator(seed))
    seen, flow = (
        places_seen(augmentation.apply(made.frames)),
        augmentation.apply_to_flow(made.flow(32)),
    )
    pairs = ((seen[:-1], seen[1:]), (seen[1:], seen[:-1]))
    for way, (target, source) in zip(flow, pairs, strict=True):
        good = well_inside(target, way) & well_inside(follow(source, way), way)
        gap = (follow(source, way) - target).abs().amax(dim=1)
        assert (gap * good).max() < 0.1
