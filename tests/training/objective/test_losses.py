"""Losses: their values where they are known, and what they prefer."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.training.objective.losses import (
    CHANGE_EPSILON,
    CHARBONNIER_EPSILON,
    change_loss,
    charbonnier,
    photometric,
)


def test_equal_pictures_cost_epsilon() -> None:
    picture = torch.rand(2, 3, 4, 5)
    assert float(charbonnier(picture, picture)) == pytest.approx(CHARBONNIER_EPSILON)


@settings(deadline=None)
@given(st.floats(-1, 1, width=32))
def test_charbonnier_is_the_absolute_difference_rounded_off_near_zero(difference: float) -> None:
    wanted = torch.full((2, 3, 3), 0.25)
    loss = float(charbonnier(wanted + difference, wanted))
    assert abs(difference) * 0.999 - 1e-6 <= loss <= abs(difference) + CHARBONNIER_EPSILON * 1.001


def test_charbonnier_has_a_gradient_everywhere_and_none_at_its_best() -> None:
    made = torch.tensor([0.0, 0.5, -0.5]).requires_grad_()
    torch.autograd.backward(charbonnier(made, torch.zeros(3)))
    assert made.grad is not None
    torch.testing.assert_close(made.grad, torch.tensor([0.0, 1 / 3, -1 / 3]), atol=1e-5, rtol=0)


def test_charbonnier_is_computed_in_float32() -> None:
    assert charbonnier(torch.rand(4).bfloat16(), torch.rand(4)).dtype is torch.float32


def both_ways(dx: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Judge the same motion everywhere, from the first of two pictures to the second and back."""
    size = (1, *first.shape[-2:])
    there = torch.cat((dx.expand(size), torch.zeros(size)))[None]
    flow = torch.cat((there, -there))
    return photometric(flow, torch.cat((first, second)), torch.cat((second, first)))


@pytest.fixture(scope="module")
def moving() -> Tensor:
    """Three frames ``(1, 3, 3, 16, 40)``; what is at x is at x - 2 in the next one."""
    x = torch.arange(44, dtype=torch.float32)
    row = 0.5 + 0.3 * torch.sin(x / 3.0)
    frames = [row[2 * i : 2 * i + 40].expand(3, 16, 40) for i in range(3)]
    return torch.stack(frames)[None]


def test_the_true_motion_costs_least(moving: Tensor) -> None:
    # Found again at x - 2: the flow from target to source is -2.
    motions = (-4.0, -2.0, 0.0, 2.0)
    costs = {dx: float(both_ways(torch.tensor(dx), moving[:, 0], moving[:, 1])) for dx in motions}
    assert min(costs, key=lambda dx: costs[dx]) == -2
    assert costs[-2] < costs[0] / 4


def test_the_loss_leads_towards_the_true_motion(moving: Tensor) -> None:
    dx = torch.tensor(-1.0, requires_grad=True)
    torch.autograd.backward(both_ways(dx, moving[:, 1], moving[:, 2]))
    assert dx.grad is not None
    assert dx.grad > 0


def test_a_still_clip_costs_epsilon_at_rest(moving: Tensor) -> None:
    still = moving[:, 0]
    cost = both_ways(torch.zeros(()), still, still)
    assert float(cost) == pytest.approx(CHARBONNIER_EPSILON)


def test_a_rough_flow_costs_more_than_a_smooth_one() -> None:
    flat = torch.full((1, 3, 8, 8), 0.5)
    smooth = torch.zeros(1, 2, 8, 8)
    rough = smooth.clone()
    rough[..., ::2] += 1.0
    assert photometric(rough, flat, flat) > photometric(smooth, flat, flat)


def still(dx: float = 0.0) -> Tensor:
    """A flow ``(1, 2, 2, 4, 10)`` that is the same everywhere."""
    return torch.tensor([dx, 0.0]).view(1, 1, 2, 1, 1).expand(1, 2, 2, 4, 10)


def test_where_nothing_moves_the_change_is_that_from_frame_to_frame() -> None:
    made, wanted = torch.rand(2, 1, 3, 3, 16, 40).unbind()
    by_hand = charbonnier(made.diff(dim=1), wanted.diff(dim=1), CHANGE_EPSILON)
    torch.testing.assert_close(change_loss(made, wanted, still()), by_hand)


def test_an_error_that_moves_with_the_picture_does_not_flicker(moving: Tensor) -> None:
    # What is at x is at x - 2 in the next frame: half a pixel of a grid of a quarter of the size.
    blurred = 0.5 + 0.8 * (moving - 0.5)
    along = float(change_loss(blurred, moving, still(-0.5)))
    apart = float(change_loss(blurred, moving, still()))
    assert along < 0.25 * apart


def test_the_flow_does_not_learn_to_hide_flicker(moving: Tensor) -> None:
    flow = still(-0.5).clone().requires_grad_()
    made = (moving * 0.9).requires_grad_()
    torch.autograd.backward(change_loss(made, moving, flow))
    assert flow.grad is None
    assert made.grad is not None
