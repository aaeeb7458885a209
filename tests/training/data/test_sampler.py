"""Batches: shapes, ranges, the same ones for the same seed, and what they are made from."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.sampler import Sampler
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.warping import warp

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


def test_a_short_clip_is_played_to_and_fro(tiny_recipe: TrainingConfig) -> None:
    clip = (torch.arange(4, dtype=torch.uint8) * 10).view(4, 1, 1, 1).expand(4, 3, 24, 24)
    sampler, source = Sampler(Footage((clip,), ()), replace(tiny_recipe, batch=1)), generator()
    started: set[tuple[int, int]] = set()
    for _ in range(60):
        shown = (sampler.draw(7, source).high[0, :, 0, 0, 0] * 25.5).round().int().tolist()
        steps = [after - before for before, after in pairwise(shown)]
        assert set(shown) == {0, 1, 2, 3}
        assert set(steps) == {-1, 1}
        # It turns at the ends and nowhere else.
        turns = [place for place in range(1, 6) if steps[place - 1] != steps[place]]
        assert all(shown[place] in (0, 3) for place in turns)
        started.add((shown[0], steps[0]))
    assert len(started) == 6


class Changing:
    """Footage that is another one with every batch."""

    def __init__(self) -> None:
        self.batches = 0

    def next(self) -> Footage:
        self.batches += 1
        clip = torch.full((3, 3, 24, 24), 50 * self.batches, dtype=torch.uint8)
        return Footage((clip,), ())


def test_every_batch_asks_for_its_footage_once(tiny_recipe: TrainingConfig) -> None:
    changing = Changing()
    sampler = Sampler(changing, tiny_recipe)
    for batch in (1, 2, 3):
        high = sampler.draw(3, generator()).high
        assert changing.batches == batch
        torch.testing.assert_close(high, torch.full_like(high, 50 * batch / 255))


@pytest.mark.gpu
def test_footage_on_a_gpu_stays_there_and_gives_the_same_batches(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    there = Footage(
        tuple(clip.cuda() for clip in footage.clips), tuple(p.cuda() for p in footage.photos)
    )
    here_source, there_source = generator(), generator()
    for _ in range(8):
        here = Sampler(footage, tiny_recipe).draw(3, here_source)
        made = Sampler(there, tiny_recipe).draw(3, there_source)
        assert made.high.is_cuda
        assert made.low.is_cuda
        torch.testing.assert_close(made.high.cpu(), here.high, atol=1.01 / 255, rtol=0)
        torch.testing.assert_close(made.low.cpu(), here.low, atol=1.01 / 255, rtol=0)


def test_the_papers_factors_are_drawn_evenly_and_all_of_them(tiny_recipe: TrainingConfig) -> None:
    recipe = replace(tiny_recipe, patch=50, max_scale=4.0, scale_step=0.1)
    sampler, source = Sampler(NOTHING, recipe), generator()
    drawn = Counter(sampler.draw_target_side(source) for _ in range(6200))
    # 1.0, 1.1, ..., 4.0 of 50 pixels; each about two hundred times.
    assert sorted(drawn) == [50 + 5 * i for i in range(31)]
    assert min(drawn.values()) > 140
    assert max(drawn.values()) < 270


def test_shares_of_a_batch_make_up_the_batch(footage: Footage, tiny_recipe: TrainingConfig) -> None:
    sampler = Sampler(footage, replace(tiny_recipe, batch=4))
    sources = [generator(3) for _ in range(3)]
    whole = sampler.draw(3, sources[0])
    halves = [sampler.draw(3, s, range(2 * i, 2 * i + 2)) for i, s in enumerate(sources[1:])]
    assert torch.equal(whole.high, torch.cat([half.high for half in halves]))
    # Whatever was made, the next batch is drawn from the same place.
    assert sources[0].get_state().equal(sources[2].get_state())


def test_the_flow_of_filmed_clips_comes_along_where_it_counts(tiny_recipe: TrainingConfig) -> None:
    smooth = F.interpolate(
        torch.rand((1, 3, 9, 9), generator=generator(2)), (160, 160), mode="bicubic"
    )
    photo = smooth[0].clamp(0, 1).mul(255).byte()
    clip = torch.zeros((5, 3, 64, 64), dtype=torch.uint8)
    config = replace(tiny_recipe, patch=24, max_scale=2.0, camera_weight=0.1)
    filmed = Sampler(Footage((), (photo,)), config).draw(4, generator(1))
    assert filmed.flow is not None
    assert filmed.flow.shape == (2, 2, 3, 2, 24, 24)
    ways = ((filmed.low[:, :-1], filmed.low[:, 1:]), (filmed.low[:, 1:], filmed.low[:, :-1]))
    for way, pair in enumerate(ways):
        flow = filmed.flow[:, way].flatten(0, 1)
        known = flow.isfinite().all(dim=1)
        assert known.any()
        target, source = (frames.flatten(0, 1) for frames in pair)
        moved = (warp(source, flow.nan_to_num()) - target).abs().mean(dim=1)[known].mean()
        still = (source - target).abs().mean(dim=1)[known].mean()
        assert moved < 0.5 * still
    videos = Sampler(Footage((clip,), ()), config).draw(4, generator(1))
    assert videos.flow is not None
    assert videos.flow.isnan().all()
    unweighed = Sampler(Footage((), (photo,)), replace(config, camera_weight=0.0))
    assert unweighed.draw(4, generator(1)).flow is None


def test_a_still_clip_repeats_one_frame_and_has_no_flow(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    recipe = replace(tiny_recipe, still_share=1.0, camera_weight=0.1)
    batch = Sampler(footage, recipe).draw(4, generator())
    for frames in (batch.low, batch.high):
        assert torch.equal(frames, frames[:, :1].expand_as(frames))
    assert batch.flow is not None
    assert batch.flow.count_nonzero() == 0


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_share_of_stills_is_kept(
    footage: Footage, tiny_recipe: TrainingConfig, share: float
) -> None:
    sampler = Sampler(footage, replace(tiny_recipe, still_share=share, batch=100))
    batch = sampler.draw(3, generator(2))
    still = (batch.high.diff(dim=1) == 0).flatten(1).all(dim=1)
    assert abs(still.double().mean().item() - share) < 0.16
