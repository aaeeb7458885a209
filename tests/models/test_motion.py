"""Optical flow and warping: identity, known shifts found back, any size."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from dscvsr_cli.consensus import agree
from dscvsr_cli.models.motion import MotionEstimator
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.objective.losses import photometric
from dscvsr_cli.warping import resize_flow, stays_inside, warp

SMALL = NetworkConfig(motion_levels=3, motion_finest=0, motion_channels=(8,), motion_kernel=3)


def texture(height: int, width: int, *, dx: float = 0.0, dy: float = 0.0) -> Tensor:
    """A smooth picture ``(1, 3, H, W)``, known between its pixels: moved by (dx, dy) exactly."""
    y = torch.arange(height, dtype=torch.float64)[:, None] + dy
    x = torch.arange(width, dtype=torch.float64)[None, :] + dx
    planes = [
        0.5 + 0.2 * torch.sin(x / 3.1 + y / 7.3) + 0.2 * torch.cos(y / 2.7 - x / 9.1),
        0.5 + 0.2 * torch.sin(x / 5.3 - y / 4.1) + 0.2 * torch.cos(x / 2.9 + 0.3 * y),
        0.5 + 0.2 * torch.cos(x / 4.7 + y / 3.7) + 0.2 * torch.sin(y / 6.1 + x / 11.0),
    ]
    return torch.stack(planes)[None].float()


def constant_flow(height: int, width: int, dx: float, dy: float) -> Tensor:
    return torch.tensor([dx, dy]).view(1, 2, 1, 1).expand(1, 2, height, width)


def waken(estimator: MotionEstimator, seed: int = 0) -> None:
    """Give the silent last layers weights, so that the estimator estimates something."""
    generator = torch.Generator().manual_seed(seed)
    for level in estimator.levels:
        for parameter in list(level.parameters())[-2:]:
            nn.init.normal_(parameter, std=0.1, generator=generator)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40))
def test_without_motion_warping_changes_nothing(height: int, width: int) -> None:
    picture = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(height))
    torch.testing.assert_close(
        warp(picture, torch.zeros(2, 2, height, width)), picture, atol=1e-5, rtol=0
    )


@settings(deadline=None, max_examples=30)
@given(st.integers(-9, 9), st.integers(-9, 9))
def test_a_flow_stays_inside_where_it_points_to_a_pixel(dx: int, dy: int) -> None:
    height, width = 6, 8
    found = stays_inside(constant_flow(height, width, dx + 0.4, dy - 0.4))
    expected = [
        [0 <= row + dy < height and 0 <= column + dx < width for column in range(width)]
        for row in range(height)
    ]
    assert found[0, 0].tolist() == expected


@settings(deadline=None, max_examples=30)
@given(st.integers(-4, 4), st.integers(-4, 4))
def test_whole_steps_fetch_whole_pixels_and_the_border_beyond(dx: int, dy: int) -> None:
    picture = texture(12, 15)
    rows = (torch.arange(12) + dy).clamp(0, 11)
    columns = (torch.arange(15) + dx).clamp(0, 14)
    expected = picture[..., rows[:, None], columns]
    fetched = warp(picture, constant_flow(12, 15, dx, dy))
    torch.testing.assert_close(fetched, expected, atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=30)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_shift_between_pixels_is_found_back(dx: float, dy: float) -> None:
    # What lies at (x + dx, y + dy) in the still picture lies at (x, y) in the moved one.
    found = warp(texture(24, 28), constant_flow(24, 28, dx, dy))
    moved = texture(24, 28, dx=dx, dy=dy)
    inner = (..., slice(4, -4), slice(4, -4))
    # Linear interpolation of waves no shorter than 17 pixels errs by under 0.015.
    torch.testing.assert_close(found[inner], moved[inner], atol=0.015, rtol=0)


def test_every_pixel_follows_its_own_flow() -> None:
    picture = texture(10, 12)
    turned_rows = torch.arange(9, -10, -2, dtype=torch.float32)  # from row i to row 9 - i
    flow = torch.zeros(1, 2, 10, 12)
    flow[:, 1] = turned_rows[:, None]
    torch.testing.assert_close(warp(picture, flow), picture.flip(-2), atol=1e-5, rtol=0)


def test_warped_features_keep_their_type_and_positions_stay_exact() -> None:
    wide = torch.arange(1000, dtype=torch.float32).remainder(2).expand(1, 1, 1, 1000)
    fetched = warp(wide.bfloat16(), constant_flow(1, 1000, 1.0, 0.0))
    assert fetched.dtype is torch.bfloat16
    torch.testing.assert_close(fetched[..., :-1].float(), wide[..., 1:], atol=0.01, rtol=0)


@pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])
def test_a_flow_that_is_not_finite_gives_nan_there_and_harms_nothing_else(broken: float) -> None:
    # Handed to grid_sample as it is, a nan comes out as a finite pixel and kills the process when
    # gradients are asked for.
    flow = constant_flow(8, 9, 0.5, 0.25).clone()
    picture = texture(8, 9)
    expected = warp(picture, flow)
    flow[0, 1, 3, 4] = broken
    flow.requires_grad_()
    features = picture.clone().requires_grad_()
    fetched = warp(features, flow)
    assert fetched[..., 3, 4].isnan().all()
    hole = torch.ones(8, 9, dtype=torch.bool)
    hole[3, 4] = False
    assert torch.equal(fetched[..., hole], expected[..., hole])
    torch.autograd.backward(fetched[..., hole].sum())
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_an_estimator_starts_from_rest() -> None:
    estimator = MotionEstimator(SMALL)
    flow = estimator(texture(20, 24), texture(20, 24, dx=2.0))
    assert torch.equal(flow, torch.zeros(1, 2, 20, 24))


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 37), st.integers(1, 37), st.integers(0, 2), st.integers(1, 4))
def test_pictures_of_any_size_get_a_flow_of_that_size(
    height: int, width: int, finest: int, levels: int
) -> None:
    estimator = MotionEstimator(replace(SMALL, motion_finest=finest, motion_levels=levels))
    waken(estimator)
    pictures = torch.rand(2, 3, height, width)
    flow = estimator(pictures, pictures.flip(0))
    assert flow.shape == (2, 2, height, width)
    assert flow.isfinite().all()
    assert flow.abs().max() > 0


def test_the_alignment_covers_every_halving() -> None:
    assert MotionEstimator(replace(SMALL, motion_levels=4, motion_finest=1)).alignment == 16
    assert MotionEstimator(replace(SMALL, motion_levels=1)).alignment == 1


def test_pictures_of_whole_alignment_and_padded_ones_agree_away_from_the_border() -> None:
    # 40 x 40 is padded inside to whole multiples of the alignment; the content there is the same
    # as in the larger picture, so the flow far from the cut must be the same too.
    estimator = MotionEstimator(replace(SMALL, motion_levels=2))
    waken(estimator)
    target, source = texture(48, 48), texture(48, 48, dx=0.5)
    whole = estimator(target, source)
    cut = estimator(target[..., :41, :41], source[..., :41, :41])
    torch.testing.assert_close(cut[..., :24, :24], whole[..., :24, :24], atol=1e-4, rtol=0)


def test_flow_is_float32_whatever_the_parameters_are() -> None:
    estimator = MotionEstimator(SMALL)
    waken(estimator)
    target, source = texture(16, 16), texture(16, 16, dx=1.0)
    exact = estimator(target, source)
    rough = estimator.bfloat16()(target, source)
    assert exact.dtype is rough.dtype is torch.float32
    assert not torch.equal(rough, exact)
    torch.testing.assert_close(rough, exact, atol=0.05 * float(exact.detach().abs().max()), rtol=0)


def test_a_flow_estimated_at_half_size_is_in_pixels_of_the_whole() -> None:
    estimator = MotionEstimator(replace(SMALL, motion_levels=1, motion_finest=2))
    bias = list(estimator.levels[0].parameters())[-1]
    with torch.no_grad():
        bias.copy_(torch.tensor([1.5, -0.5]))
    flow = estimator(texture(16, 24), texture(16, 24))
    torch.testing.assert_close(flow, constant_flow(16, 24, 6.0, -2.0))


def test_every_level_adds_to_twice_the_flow_of_the_coarser_one() -> None:
    estimator = MotionEstimator(replace(SMALL, motion_levels=3))
    with torch.no_grad():
        for level in estimator.levels:
            list(level.parameters())[-1].copy_(torch.tensor([1.0, 0.25]))
    flow = estimator(texture(16, 16), texture(16, 16))
    torch.testing.assert_close(flow, constant_flow(16, 16, 7.0, 1.75))


def test_the_photometric_loss_teaches_a_known_shift() -> None:
    torch.manual_seed(0)
    estimator = MotionEstimator(replace(SMALL, motion_levels=3, motion_channels=(8, 8)))
    optimizer = torch.optim.Adam(estimator.parameters(), lr=1e-2)
    first, second = texture(24, 24), texture(24, 24, dx=1.7, dy=-0.8)
    target, source = torch.cat((first, second)), torch.cat((second, first))
    for _ in range(60):
        optimizer.zero_grad()
        torch.autograd.backward(photometric(estimator(target, source), target, source))
        optimizer.step()
    # The second frame shows at x what the first shows at x + 1.7: so first(x) = second(x - 1.7).
    with torch.no_grad():
        flow = estimator(first, second)[..., 4:-4, 4:-4]
        back = estimator(second, first)[..., 4:-4, 4:-4]
    wanted = torch.tensor([-1.7, 0.8]).view(1, 2, 1, 1)
    assert (flow - wanted).abs().mean() < 0.3
    assert (back + wanted).abs().mean() < 0.3


def test_gradients_reach_the_flow_through_warping() -> None:
    flow = constant_flow(12, 12, 0.3, -0.2).clone().requires_grad_()
    picture = texture(12, 12)
    F.mse_loss(warp(picture, flow), texture(12, 12, dx=1.0)).backward()  # type: ignore[no-untyped-call]
    assert flow.grad is not None
    # Downhill leads to the right: towards dx = 1.
    assert flow.grad[:, 0, 2:-2, 2:-2].mean() < 0


def test_a_flow_keeps_what_it_points_to_at_another_size() -> None:
    flow = torch.tensor([2.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 6, 8)
    resized = resize_flow(flow, (9, 24))
    assert resized.shape == (1, 2, 9, 24)
    torch.testing.assert_close(resized[0, 0], torch.full((9, 24), 6.0))
    torch.testing.assert_close(resized[0, 1], torch.full((9, 24), -1.5))


@pytest.mark.parametrize("consensus", [False, True])
def test_the_config_decides_about_the_common_flow(consensus: bool) -> None:
    estimator = MotionEstimator(replace(SMALL, motion_consensus=consensus))
    waken(estimator)
    target, source = texture(48, 64, dx=0.5), texture(48, 64)
    with torch.no_grad():
        learning = estimator.train()(target, source)
        applied = estimator.eval()(target, source)
    expected = agree(learning, target, source) if consensus else learning
    assert torch.equal(applied, expected)
    assert torch.equal(applied, learning) is not consensus
