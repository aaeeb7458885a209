"""Low-resolution frames are made by their definition, and fit the ground truth."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.filters import gaussian

from dscvsr_cli.datasets.degrade import (
    Degradation,
    degrade_frames,
    degrade_picture,
    degraded_sizes,
)
from dscvsr_cli.errors import DatasetError, UsageError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.imaging.resize import resize
from tests.goldens.make import resample

sides = st.integers(1, 800)
scales = st.integers(11, 80).map(lambda tenths: tenths / 10)


def picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    levels = torch.randint(0, 256, (3, height, width), generator=torch.manual_seed(seed))
    return levels.float() / 255


@settings(deadline=None)
@given(sides, sides, scales)
def test_the_truth_is_what_enlarging_the_low_picture_gives_and_fits(
    height: int, width: int, scale: float
) -> None:
    assume(min(height, width) >= scale)
    try:
        sizes = degraded_sizes(Size(height, width), scale)
    except UsageError:
        # A factor so near 1 that a tiny side rounds back to itself.
        assert min(height, width) * (scale - 1) < 1
        return
    assert sizes.low.height == int(Fraction(height) / Fraction(str(scale)))
    assert sizes.truth == output_size(sizes.low, scale=scale)
    assert sizes.truth.height <= height
    assert sizes.truth.width <= width
    assert height - sizes.truth.height < scale + 1


@settings(deadline=None)
@given(sides, sides, st.integers(2, 8))
def test_for_a_whole_factor_the_truth_is_cropped_to_a_multiple(
    height: int, width: int, scale: int
) -> None:
    assume(min(height, width) >= scale)
    sizes = degraded_sizes(Size(height, width), float(scale))
    assert sizes.truth == Size(height - height % scale, width - width % scale)
    assert sizes.low == Size(height // scale, width // scale)


def test_576_rows_at_2_7_become_213_of_575() -> None:
    sizes = degraded_sizes(Size(576, 720), 2.7)
    assert (sizes.low, sizes.truth) == (Size(213, 266), Size(575, 718))


def test_the_truth_is_the_top_left_of_the_picture() -> None:
    whole = picture(23, 30)
    pair = degrade_picture(whole, 4.0)
    assert torch.equal(pair.truth, whole[:, :20, :28])


@pytest.mark.parametrize("scale", [2.0, 2.7, 4.0])
def test_the_low_picture_is_a_plain_loop_over_pixels_rounded_to_8_bits(scale: float) -> None:
    pair = degrade_picture(picture(22, 31, seed=3), scale)
    for low, truth in zip(pair.low, pair.truth, strict=True):
        levels = np.rint(truth.double().numpy() * 255)
        exact = resample(levels, low.shape[0], low.shape[1], "bicubic")
        expected = np.floor(np.clip(exact, 0, 255) + 0.5)
        np.testing.assert_array_equal(np.rint(low.double().numpy() * 255), expected)


def test_both_pictures_hold_8_bit_levels_in_float32() -> None:
    pair = degrade_picture(torch.rand(3, 20, 20, generator=torch.manual_seed(5)), 2.5)
    for part in (pair.low, pair.truth):
        assert part.dtype == torch.float32
        levels = part.double() * 255
        assert torch.allclose(levels, levels.round(), rtol=0, atol=1e-4)
        assert 0 <= part.min() <= part.max() <= 1


def test_frames_are_degraded_when_they_are_asked_for() -> None:
    read: list[int] = []

    def frames() -> Iterator[torch.Tensor]:
        for index in range(3):
            read.append(index)
            yield picture(8, 8, seed=index)

    pairs = degrade_frames(frames(), 2.0)
    assert read == []
    first = next(pairs)
    assert read == [0]
    assert torch.equal(first.truth, picture(8, 8))


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.0, -2.0, float("nan"), float("inf")])
def test_a_factor_that_does_not_enlarge_is_refused(scale: float) -> None:
    with pytest.raises(UsageError, match="above 1"):
        degraded_sizes(Size(20, 20), scale)


def test_a_picture_smaller_than_the_factor_is_refused() -> None:
    with pytest.raises(DatasetError, match="20x3 are too small") as caught:
        degraded_sizes(Size(3, 20), 4.0)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["bi", "bd", "codec:0", "codec:25", "codec:51"])
def test_a_degradation_is_written_as_it_is_read(text: str) -> None:
    assert str(Degradation.parse(text)) == text


@pytest.mark.parametrize("text", ["", "BI", "codec", "codec:", "codec:52", "codec:-1", "blur"])
def test_an_unknown_degradation_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(UsageError, match="no degradation") as caught:
        Degradation.parse(text)
    assert "codec:CRF" in caught.value.hint


def test_blurred_pictures_are_scikit_images_gaussian_subsampled_and_rounded() -> None:
    whole = picture(30, 36)
    pair = degrade_picture(whole, 3.0, kind="bd")
    for low, levels in zip(pair.low, whole.double().numpy() * 255, strict=True):
        blurred = gaussian(levels, sigma=1.6, mode="nearest", truncate=6 / 1.6)[1::3, 1::3]  # type: ignore[no-untyped-call]
        np.testing.assert_allclose(low.numpy() * 255, blurred, rtol=0, atol=0.5 + 1e-4)
    assert torch.equal(pair.truth, whole)


def test_a_codec_stands_on_top_of_bicubic_and_keeps_pairs_together() -> None:
    smooth = [resize(picture(6, 8, seed), Size(48, 64)).clamp(0, 1) for seed in range(5)]
    plain = list(degrade_frames(smooth, 2.0))
    coded = list(degrade_frames(smooth, 2.0, Degradation("codec", 5)))
    assert len(coded) == 5
    for one, other in zip(plain, coded, strict=True):
        assert torch.equal(one.truth, other.truth)
        difference = (one.low - other.low).abs().mean()
        assert 0 < difference < 0.03
