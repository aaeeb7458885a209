"""Gaussian blur with subsampling, against scikit-image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import gaussian

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.blur import blur_and_subsample, blur_matrix


def noise(height: int, width: int) -> torch.Tensor:
    return torch.rand(height, width, generator=torch.manual_seed(1), dtype=torch.float64)


def test_every_third_pixel_is_scikit_images_gaussian_at_the_middle_one() -> None:
    picture = noise(24, 33)
    # scikit-image's window reaches truncate * sigma pixels: 6, as ours.
    expected = gaussian(picture.numpy(), sigma=1.6, mode="nearest", truncate=6 / 1.6)[1::3, 1::3]  # type: ignore[no-untyped-call]
    made = blur_and_subsample(picture, Size(8, 11), scale=3.0)
    np.testing.assert_allclose(made.numpy(), expected, rtol=0, atol=1e-12)


def test_at_x4_the_window_is_12_taps_around_the_middle_of_four_pixels() -> None:
    # The script of BasicVSR: fspecial("gaussian", 12, 1.6), replicated edges, pixels 2, 6, 10, ...
    picture = noise(16, 20).numpy()
    distances = np.arange(12) - 5.5
    taps = np.exp(-(distances**2) / (2 * 1.6**2))
    kernel = np.outer(taps, taps) / np.outer(taps, taps).sum()
    padded = np.pad(picture, 6, mode="edge")
    expected = [
        [
            (padded[6 + y - 4 : 6 + y + 8, 6 + x - 4 : 6 + x + 8] * kernel).sum()
            for x in range(0, 20, 4)
        ]
        for y in range(0, 16, 4)
    ]
    made = blur_and_subsample(torch.from_numpy(picture), Size(4, 5), scale=4.0)
    np.testing.assert_allclose(made.numpy(), expected, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(11, 50).map(lambda tenths: tenths / 10))
def test_rows_sum_to_one_and_a_ramp_keeps_its_place(target: int, scale: float) -> None:
    source = int(target * scale) + 1
    matrix = blur_matrix(source, target, scale=scale, sigma=1.6)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(target, dtype=torch.float64))
    centres = (torch.arange(target, dtype=torch.float64) + 0.5) * scale - 0.5
    inside = (centres > 7) & (centres < source - 8)
    found = matrix @ torch.arange(source, dtype=torch.float64)
    # The window is cut at whole pixels, so for odd phases its middle moves by a thousandth.
    torch.testing.assert_close(found[inside], centres[inside], rtol=0, atol=2e-3)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        blur_matrix(0, 4, scale=2, sigma=1.6)
    with pytest.raises(ValueError, match="positive"):
        blur_matrix(8, 4, scale=2, sigma=0)
