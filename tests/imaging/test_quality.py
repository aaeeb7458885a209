"""Luma, rounding, PSNR and SSIM, held against scikit-image."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.ssim import WINDOW, gaussian_window, ssim

seeds = st.integers(0, 2**16)


def planes(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator).double()


def disturbed(picture: Tensor, amount: float) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(picture.shape, generator=generator, dtype=picture.dtype)
    return (picture + amount * noise).clamp(0, 255)


def test_luma_is_that_of_scikit_image() -> None:
    picture = planes(1, 3, 13, 17) / 255
    theirs = rgb2ycbcr(picture.permute(1, 2, 0).numpy())[..., 0]
    np.testing.assert_allclose(luma(picture).numpy(), theirs, rtol=0, atol=1e-9)


def test_black_is_16_and_white_is_235() -> None:
    ends = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)]).double()
    assert luma(ends).mean(dim=(1, 2)).tolist() == pytest.approx([16.0, 235.0])


def test_luma_wants_three_channels_of_floating_point() -> None:
    for wrong in (torch.zeros(4, 5, 5), torch.zeros(5, 5), torch.zeros(3, 5, 5).byte()):
        with pytest.raises(ValueError, match="expected floating point"):
            luma(wrong)


def test_rounding_keeps_every_level_of_8_bits() -> None:
    levels = torch.arange(256, dtype=torch.float32) / 255
    assert torch.equal(quantise(levels), levels)
    assert torch.equal(quantise(levels + 0.4 / 255), levels)


def test_rounding_sends_ties_up_and_clamps() -> None:
    values = torch.tensor([-0.5, 0.5 / 255, 1.5 / 255, 1.7], dtype=torch.float64)
    assert (quantise(values) * 255).tolist() == pytest.approx([0, 1, 2, 255])


@settings(deadline=None, max_examples=25)
@given(seeds, st.floats(0.5, 60))
def test_psnr_is_that_of_scikit_image(seed: int, amount: float) -> None:
    picture = planes(seed, 12, 15)
    other = disturbed(picture, amount)
    theirs = peak_signal_noise_ratio(  # type: ignore[no-untyped-call]
        picture.numpy(), other.numpy(), data_range=255
    )
    assert psnr(picture, other).item() == pytest.approx(theirs, abs=1e-9)


def test_psnr_of_one_level_everywhere_is_48_db() -> None:
    assert psnr(torch.zeros(4, 4), torch.ones(4, 4)).item() == pytest.approx(20 * math.log10(255))


@settings(deadline=None, max_examples=25)
@given(seeds, st.floats(0, 60), st.integers(11, 40), st.integers(11, 40))
def test_ssim_is_that_of_scikit_image(seed: int, amount: float, height: int, width: int) -> None:
    picture = planes(seed, height, width)
    other = disturbed(picture, amount)
    theirs = structural_similarity(  # type: ignore[no-untyped-call]
        picture.numpy(),
        other.numpy(),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(picture, other).item() == pytest.approx(theirs, abs=1e-10)


def test_the_window_is_a_gaussian_that_sums_to_one() -> None:
    window = gaussian_window()
    assert window.sum().item() == pytest.approx(1)
    assert (window[5] / window[8]).item() == pytest.approx(math.exp(2))
    assert torch.equal(window, window.flip(0))


@settings(deadline=None, max_examples=25)
@given(seeds, seeds)
def test_both_measures_are_symmetric_and_best_on_equals(seed: int, other_seed: int) -> None:
    one, two = planes(seed, 14, 12), planes(other_seed + 2**17, 14, 12)
    for measure in (psnr, ssim):
        assert torch.equal(measure(one, two), measure(two, one))
        assert measure(one, one) > measure(one, two)
    assert psnr(one, one).item() == math.inf
    assert ssim(one, one).item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_more_noise_is_worse(measure: object) -> None:
    assert callable(measure)
    picture = planes(3, 30, 30)
    values = [measure(picture, disturbed(picture, amount)) for amount in (1, 5, 25, 100)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_planes_of_a_batch_are_measured_one_by_one_in_float64(measure: object) -> None:
    assert callable(measure)
    one, two = planes(4, 2, 3, 16, 12), planes(5, 2, 3, 16, 12)
    together = measure(one.float(), two.float())
    assert together.shape == (2, 3)
    assert together.dtype == torch.float64
    assert together[1, 2] == pytest.approx(measure(one[1, 2], two[1, 2]).item())


def test_measures_refuse_pictures_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="expected two"):
        psnr(torch.zeros(4, 4), torch.zeros(4, 5))
    with pytest.raises(ValueError, match="at least 11"):
        ssim(torch.zeros(WINDOW, WINDOW - 1), torch.zeros(WINDOW, WINDOW - 1))
