"""PSNR, SSIM, flicker and warping error of frames, against scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from dscvsr_cli.benchmarking.frame_meter import FrameMeter, TrueMotions, frame_quality
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.imaging.warping_error import true_motion


def levels(seed: int) -> Tensor:
    coarse = torch.rand(3, 10, 12, generator=torch.manual_seed(seed))
    smooth = resize(coarse, Size(40, 48)).clamp(0, 1).double()
    return (smooth * 255).round() / 255


def test_all_four_figures_are_scikit_images() -> None:
    truth = levels(1)
    noise = torch.rand(3, 40, 48, generator=torch.manual_seed(2)).double() - 0.5
    made = ((truth + 0.1 * noise).clamp(0, 1) * 255).round() / 255
    quality = frame_quality(made, truth)
    first, second = (picture.permute(1, 2, 0).numpy() * 255 for picture in (made, truth))
    weights = np.array([65.481, 128.553, 24.966]) / 255
    options = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5}
    options |= {"use_sample_covariance": False, "full": True}

    def similarity(one: object, other: object) -> float:
        # scikit-image's map is padded at the border; papers leave out windows that reach beyond.
        _, whole = structural_similarity(one, other, **options)  # type: ignore[no-untyped-call]
        return float(whole[5:-5, 5:-5].mean())

    luma = [picture @ weights + 16 for picture in (first, second)]
    for ours, one, other in (
        (quality.psnr_rgb, first, second),
        (quality.psnr_y, luma[0], luma[1]),
    ):
        theirs = peak_signal_noise_ratio(other, one, data_range=255)  # type: ignore[no-untyped-call]
        assert ours == pytest.approx(theirs, abs=1e-9)
    assert quality.ssim_y == pytest.approx(similarity(*luma), abs=1e-7)
    channels = [similarity(first[..., index], second[..., index]) for index in range(3)]
    assert quality.ssim_rgb == pytest.approx(np.mean(channels), abs=1e-7)


def moving(place: int) -> Tensor:
    return torch.roll(levels(3), 2 * place, dims=2)


def test_a_steady_picture_flickers_less_than_one_that_changes_its_light() -> None:
    steady, restless = (FrameMeter(motions=TrueMotions()) for _ in range(2))
    for place in range(4):
        truth = moving(place)
        steady.add(place, truth, truth)
        restless.add(place, (truth + 0.05 * (place % 2)).clamp(0, 1), truth)
    calm, loud = steady.quality(), restless.quality()
    assert calm.warping == calm.true_warping == loud.true_warping
    assert calm.warping is not None
    assert loud.warping is not None
    assert loud.warping > calm.warping + 3
    assert calm.flicker == 0
    assert loud.flicker is not None
    assert 8 < loud.flicker < 12.75


def test_without_motions_or_neighbours_there_is_no_warping_error() -> None:
    plain, lonely = FrameMeter(), FrameMeter(motions=TrueMotions())
    for place in (0, 2):
        plain.add(place, moving(place), moving(place))
        lonely.add(place, moving(place), moving(place))
    assert plain.quality().warping is None
    assert lonely.quality().warping is None
    assert lonely.quality().flicker is None
    assert plain.frames == 2
    with pytest.raises(ValueError, match="no frame"):
        FrameMeter().quality()


def test_motion_is_found_once_unless_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def counted(frame: Tensor, following: Tensor) -> object:
        found.append(1)
        return true_motion(frame, following)

    monkeypatch.setattr("dscvsr_cli.benchmarking.frame_meter.true_motion", counted)
    one, two = torch.zeros(24, 24), torch.ones(24, 24)
    for motions, expected in ((TrueMotions(), 1), (TrueMotions(limit_bytes=10), 2)):
        found.clear()
        for _ in range(2):
            motions.between(0, one, two)
        assert len(found) == expected
