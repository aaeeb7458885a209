"""Optical flow finds known motion, and knows where it cannot be trusted."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.registration import optical_flow_tvl1
from torch import Tensor

from dscvsr_cli.imaging.lucas_kanade import optical_flow
from dscvsr_cli.imaging.warp import warp_picture
from dscvsr_cli.imaging.warping_error import (
    Motion,
    change_along,
    flicker,
    true_motion,
    warping_error,
)


def scene(
    height: int, width: int, *, dx: float = 0.0, dy: float = 0.0, turn: float = 0.0
) -> Tensor:
    """Draw soft waves, moved right and down by so many pixels and turned about the middle."""
    rows, columns = torch.meshgrid(
        torch.arange(height).double(), torch.arange(width).double(), indexing="ij"
    )
    y, x = rows - dy - height / 2, columns - dx - width / 2
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    waves = (
        torch.sin(x / 3) + torch.sin(y / 4 + 1) + torch.sin((x + y) / 7) + torch.sin((x - y) / 5)
    )
    return 128 + 30 * waves


@settings(deadline=None, max_examples=12)
@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_known_shift_is_found_to_a_twentieth_of_a_pixel(dx: float, dy: float) -> None:
    flow = optical_flow(scene(64, 80), scene(64, 80, dx=dx, dy=dy))
    middle = flow[:, 16:-16, 16:-16]
    expected = torch.tensor([dx, dy]).view(2, 1, 1).expand_as(middle)
    assert (middle - expected).norm(dim=0).median() < 0.05


def test_two_equal_pictures_do_not_move() -> None:
    assert optical_flow(scene(40, 50), scene(40, 50)).abs().max() < 1e-4


def test_a_turning_scene_moves_as_scikit_image_says() -> None:
    before, after = scene(72, 72), scene(72, 72, turn=0.04)
    ours = optical_flow(before, after)[:, 8:-8, 8:-8]
    rows, columns = optical_flow_tvl1(before.numpy() / 255, after.numpy() / 255)  # type: ignore[no-untyped-call]
    theirs = torch.from_numpy(np.stack((columns, rows)))[:, 8:-8, 8:-8]
    assert (ours - theirs).norm(dim=0).median() < 0.16
    # Which must be real agreement: the motion itself is many times as long.
    assert theirs.norm(dim=0).median() > 0.8


def test_warping_by_a_whole_shift_moves_pixels_and_repeats_the_border() -> None:
    picture = torch.arange(12, dtype=torch.float32).view(1, 3, 4)
    flow = torch.stack((torch.ones(3, 4), torch.zeros(3, 4)))
    moved = warp_picture(picture, flow)
    assert torch.allclose(moved[..., :3], picture[..., 1:], atol=1e-5)
    assert torch.allclose(moved[..., 3], picture[..., 3], atol=1e-5)


def test_smooth_motion_has_almost_no_warping_error_and_flicker_has_its_own_square() -> None:
    before, after = scene(64, 80), scene(64, 80, dx=2, dy=-1)
    motion = true_motion(before, after)
    assert motion.trusted[16:-16, 16:-16].float().mean() > 0.95
    calm = warping_error(change_along(before, after, motion))
    flickering = warping_error(change_along(before, after + 6, motion))
    assert calm is not None
    assert flickering is not None
    assert calm < 1
    assert flickering == pytest.approx(36, abs=6)


def test_what_leaves_the_picture_is_not_trusted() -> None:
    motion = true_motion(scene(64, 80), scene(64, 80, dx=5))
    assert not motion.trusted[:, -5:].any()
    assert motion.trusted[16:-16, 16:-16].all()


def test_where_nothing_is_trusted_there_is_no_error() -> None:
    nothing = Motion(torch.zeros(2, 8, 8).half(), torch.zeros(8, 8, dtype=torch.bool))
    change = change_along(torch.zeros(8, 8), torch.ones(8, 8), nothing)
    assert warping_error(change) is None
    assert flicker(change, change) is None


def test_blur_lowers_the_warping_error_but_only_the_truth_has_no_flicker() -> None:
    before, after = scene(64, 80), scene(64, 80, dx=2, dy=-1)
    after = after + 8 * torch.randn(after.shape, generator=torch.Generator().manual_seed(0))
    motion = true_motion(before, after)
    true = change_along(before, after, motion)
    blurred = change_along(_blur(before), _blur(after), motion)
    restless = change_along(before, after + 6, motion)
    assert warping_error(blurred) < warping_error(true)  # type: ignore[operator]
    assert flicker(true, true) == 0
    assert flicker(blurred, true) > 1  # type: ignore[operator]
    assert flicker(restless, true) == pytest.approx(36, rel=1e-4)


def _blur(plane: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(plane[None], 3, 1, 1, count_include_pad=False)[0]


def test_planes_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="two"):
        optical_flow(torch.zeros(8, 8), torch.zeros(8, 9))
