"""PSNR and SSIM, compared with scikit-image."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.ssim import SSIM_WINDOW, gaussian_window, ssim

seeds = st.integers(0, 2**16)


def planes(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator).double()


def disturbed(picture: Tensor, amount: float) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(picture.shape, generator=generator, dtype=picture.dtype)
    return (picture + amount * noise).clamp(0, 255)


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
        ssim(torch.zeros(SSIM_WINDOW, SSIM_WINDOW - 1), torch.zeros(SSIM_WINDOW, SSIM_WINDOW - 1))
