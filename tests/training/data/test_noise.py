"""Disturbances: noise of the stated size that is fresh in every frame, and what a codec leaves."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.noise import add_noise, compress_clip, noise_level
from dscvsr_cli.training.data.sampler import Sampler
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.video.codec_roundtrip import CodecName


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_noise_has_the_deviation_it_was_given_and_differs_from_frame_to_frame() -> None:
    grey = torch.full((4, 3, 64, 64), 128 / 255)
    noisy = (add_noise(grey, 10.0, generator()) - grey) * 255
    assert float(noisy.mean()) == pytest.approx(0.0, abs=0.3)
    # Rounding to whole levels adds a twelfth to the variance.
    assert float(noisy.std()) == pytest.approx((100 + 1 / 12) ** 0.5, rel=0.02)
    related = torch.corrcoef(noisy.flatten(1))
    assert float((related - torch.eye(4)).abs().max()) < 0.05


def test_noisy_frames_are_still_8_bit_pictures() -> None:
    clip = torch.rand(2, 3, 8, 8, generator=generator())
    noisy = add_noise(clip, 60.0, generator(1)) * 255
    assert float(noisy.min()) >= 0.0
    assert float(noisy.max()) <= 255.0
    torch.testing.assert_close(noisy, noisy.round(), atol=1e-4, rtol=0)


@given(st.floats(0, 1), st.floats(0.01, 1))
def test_noise_fades_straight_to_nothing(done: float, until: float) -> None:
    level = noise_level(done, peak=20.0, until=until)
    assert level == pytest.approx(max(0.0, 20.0 * (1 - done / until)))


def test_a_run_without_noise_never_has_any() -> None:
    assert noise_level(0.0, peak=20.0, until=0.0) == 0.0
    assert noise_level(0.0, peak=0.0, until=0.5) == 0.0


@pytest.mark.parametrize("codec", get_args(CodecName))
def test_a_codec_keeps_the_clip_and_takes_more_of_it_at_a_higher_crf(
    moving_clip: torch.Tensor, codec: CodecName
) -> None:
    clip = moving_clip[:4].float() / 255
    losses = [float((compress_clip(clip, crf, codec) - clip).abs().mean()) for crf in (5, 45)]
    assert compress_clip(clip, 20, codec).shape == clip.shape
    assert 0 < losses[0] < losses[1] < 0.1


@pytest.mark.parametrize(("codec_share", "noise"), [(1.0, 0.0), (0.0, 30.0)])
def test_only_the_low_frames_of_a_batch_are_disturbed(
    footage: Footage, tiny_recipe: TrainingConfig, codec_share: float, noise: float
) -> None:
    recipe = replace(tiny_recipe, codec_share=codec_share)
    clean = Sampler(footage, tiny_recipe).draw(3, generator())
    noisy = Sampler(footage, recipe).draw(3, generator(), noise=noise)
    assert torch.equal(clean.high, noisy.high)
    assert not torch.equal(clean.low, noisy.low)
    assert float((clean.low - noisy.low).abs().mean()) < 0.2


def test_the_same_seed_disturbs_alike_whoever_makes_the_clip(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    sampler = Sampler(footage, replace(tiny_recipe, batch=4, codec_share=0.5))
    whole = sampler.draw(3, generator(), noise=20.0)
    shares = [sampler.draw(3, generator(), range(i, i + 2), noise=20.0) for i in (0, 2)]
    assert torch.equal(whole.low, torch.cat([share.low for share in shares]))
    assert torch.equal(whole.high, torch.cat([share.high for share in shares]))
