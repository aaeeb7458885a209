"""The synthetic camera: sharp, in range, and moving as cameras do."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.training.camera import film, film_layers

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
    frames = film(noise_photo(), length, side, generator(seed))
    layered = film_layers(noise_photo(), noise_photo(50, 44), length, side, generator(seed))
    for made in (frames, layered):
        assert made.shape == (length, 3, side, side)
        assert made.dtype is torch.float32
        assert made.isfinite().all()
        assert made.min() >= 0.0
        assert made.max() <= 1.0 + 1e-6


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(16, 64))
def test_the_camera_moves_a_little_and_evenly(seed: int, side: int) -> None:
    seen = places_seen(film(map_photo(), 7, side, generator(seed)))
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
    seen = places_seen(film(map_photo(), 3, 48, generator(seed)))
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
        seen = places_seen(film(map_photo(), 5, 32, generator(seed)))
        still += bool(seen.diff(dim=0).abs().max() < 0.1)
    assert still == 0


def test_one_generator_gives_one_film_and_another_another() -> None:
    first, again, other = (film(noise_photo(), 3, 16, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_layered_film_shows_both_photographs() -> None:
    black, white = torch.zeros(3, 40, 40).byte(), torch.full((3, 40, 40), 255).byte()
    shown = [float(film_layers(white, black, 3, 24, generator(seed)).mean()) for seed in range(12)]
    assert all(0.05 < share < 0.95 for share in shown)


def test_what_hides_moves_on_its_own() -> None:
    black, white = torch.zeros(3, 64, 64).byte(), torch.full((3, 64, 64), 255).byte()
    uncovered = film_layers(white, black, 6, 24, generator(4))
    assert uncovered.diff(dim=0).abs().amax(dim=(1, 2, 3)).min() > 0.01


def test_a_photograph_smaller_than_the_film_is_mirrored_not_blackened() -> None:
    frames = film(torch.full((3, 10, 12), 200).byte(), 4, 30, generator(0))
    torch.testing.assert_close(frames, torch.full_like(frames, 200 / 255))
