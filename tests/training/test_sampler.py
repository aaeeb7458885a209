"""Batches: shapes, ranges, the same ones for the same seed, and what they are made from."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.training.config import TrainingConfig
from dscvsr_cli.training.footage import Footage
from dscvsr_cli.training.sampler import Sampler

NOTHING = Footage(clips=(), photos=())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_batch_has_the_shape_and_range_of_its_recipe(
    footage: Footage, tiny_recipe: TrainingConfig, length: int
) -> None:
    sampler, source = Sampler(footage, tiny_recipe), generator()
    for _ in range(10):
        batch = sampler.draw(length, source)
        side = batch.high.shape[-1]
        assert batch.low.shape == (2, length, 3, 8, 8)
        assert batch.high.shape == (2, length, 3, side, side)
        assert 8 < side <= 20
        for frames in (batch.low, batch.high):
            assert frames.dtype is torch.float32
            assert frames.min() >= 0.0
            assert frames.max() <= 1.0 + 1e-6


def test_low_frames_are_antialiased_bicubic_of_the_high_ones_rounded_to_bytes(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    sampler = Sampler(footage, replace(tiny_recipe, patch=16, max_scale=2.0))
    batch = sampler.draw(3, generator(1))
    levels = batch.low * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    independent = F.interpolate(
        batch.high.flatten(0, 1), (16, 16), mode="bicubic", antialias=True, align_corners=False
    ).view_as(batch.low)
    inner = (..., slice(2, -2), slice(2, -2))  # beyond the edge the two differ by design
    difference = (batch.low - independent)[inner].abs() * 255
    assert difference.max() <= 0.51
    assert difference.max() > 0.1  # it was rounded


def test_the_same_seed_draws_the_same_batches_and_another_others(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    def draw(seed: int) -> list[Tensor]:
        source, sampler = generator(seed), Sampler(footage, tiny_recipe)
        return [frames for _ in range(4) for frames in _pair(sampler, source)]

    first, again, other = draw(0), draw(0), draw(1)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(
        a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, other, strict=True)
    )


def _pair(sampler: Sampler, source: torch.Generator) -> tuple[Tensor, Tensor]:
    batch = sampler.draw(3, source)
    return batch.low, batch.high


def test_drawing_leaves_the_global_generator_alone(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    before = torch.random.get_rng_state()
    Sampler(footage, tiny_recipe).draw(3, generator())
    assert torch.equal(torch.random.get_rng_state(), before)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(4, 64),
    st.integers(1, 6),
    st.integers(11, 60).map(lambda tenths: tenths / 10),
    st.floats(0, 1),
    st.integers(0, 2**31),
)
def test_target_sides_enlarge_and_stay_within_reach(
    patch: int, max_denominator: int, max_scale: float, awkward_share: float, seed: int
) -> None:
    if int(patch * Fraction(str(max_scale))) == patch:
        return
    config = TrainingConfig(
        patch=patch,
        max_denominator=max_denominator,
        max_scale=max_scale,
        awkward_share=awkward_share,
    )
    sampler, source = Sampler(NOTHING, config), generator(seed)
    for _ in range(20):
        assert patch < sampler.draw_target_side(source) <= patch * Fraction(str(max_scale))


def test_factors_are_fractions_with_small_denominators_unless_awkward() -> None:
    config = TrainingConfig(patch=48, max_denominator=4, max_scale=4.0, awkward_share=0.0)
    sampler, source = Sampler(NOTHING, config), generator()
    drawn = {Fraction(sampler.draw_target_side(source), 48) for _ in range(400)}
    assert max(factor.denominator for factor in drawn) == 4
    assert {Fraction(2), Fraction(3), Fraction(4), Fraction(3, 2), Fraction(5, 4)} <= drawn
    awkward = replace(config, awkward_share=1.0)
    sides = {Sampler(NOTHING, awkward).draw_target_side(source) for _ in range(2000)}
    assert sides == set(range(49, 193))


def test_a_clip_of_just_the_needed_size_can_be_drawn(tiny_recipe: TrainingConfig) -> None:
    # 50 * 2.3 is 115, and a little less in binary.
    config = replace(tiny_recipe, patch=50, max_scale=2.3, max_denominator=10, batch=1)
    side = config.reach(config.patch)
    clip = torch.zeros((3, 3, side, side), dtype=torch.uint8)
    sampler, source = Sampler(Footage((clip,), ()), config), generator()
    sides = {sampler.draw(3, source).high.shape[-1] for _ in range(60)}
    assert max(sides) == side


def test_crops_are_the_clip_turned_and_mirrored_in_all_ways(tiny_recipe: TrainingConfig) -> None:
    config = replace(tiny_recipe, max_scale=2.0, max_denominator=1, awkward_share=0.0, batch=1)
    clip = torch.randint(0, 256, (3, 3, 16, 16), generator=generator()).to(torch.uint8)
    expected = [
        turned.flip(list(axes))
        for turned in (clip, clip.mT)
        for axes in ((), (-1,), (-2,), (-1, -2), (0,), (0, -1), (0, -2), (0, -1, -2))
    ]
    sampler, source = Sampler(Footage((clip,), ()), config), generator()
    seen: set[int] = set()
    for _ in range(200):
        drawn = (sampler.draw(3, source).high[0] * 255).round().to(torch.uint8)
        found = [i for i, turned in enumerate(expected) if torch.equal(turned, drawn)]
        assert len(found) == 1
        seen.update(found)
    assert seen == set(range(16))


def test_crops_come_from_everywhere_in_the_clip(tiny_recipe: TrainingConfig) -> None:
    places = torch.arange(40, dtype=torch.uint8).expand(6, 1, 30, 40)
    times = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1).expand(6, 1, 30, 40)
    rows = torch.arange(30, dtype=torch.uint8).view(1, 1, 30, 1).expand(6, 1, 30, 40)
    clip = torch.cat((places, times, rows), dim=1)
    sampler, source = Sampler(Footage((clip,), ()), tiny_recipe), generator()
    seen = torch.cat(
        [sampler.draw(3, source).high.movedim(2, 0).flatten(1) * 255 for _ in range(150)], dim=1
    ).round()
    assert [len(values.unique()) for values in seen] == [40, 6, 30]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_photographs_is_kept(tiny_recipe: TrainingConfig, share: float) -> None:
    black = torch.zeros((4, 3, 32, 32), dtype=torch.uint8)
    white = torch.full((3, 32, 32), 255, dtype=torch.uint8)
    sampler = Sampler(Footage((black,), (white,)), replace(tiny_recipe, photo_share=share))
    source = generator()
    for _ in range(5):
        high = sampler.draw(3, source).high
        torch.testing.assert_close(high, torch.full_like(high, share))


def test_where_one_kind_of_footage_is_missing_the_other_serves(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    for part in (Footage(footage.clips, ()), Footage((), footage.photos)):
        for share in (0.0, 1.0):
            sampler = Sampler(part, replace(tiny_recipe, photo_share=share))
            assert sampler.draw(3, generator()).high.std() > 0.01
