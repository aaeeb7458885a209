"""The common flow: found among others, taken where it fits, and only there."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.consensus import agree, common_flow
from tests.models.test_motion import constant_flow, texture

HEIGHT, WIDTH = 48, 64


def linear_flow(height: int, width: int, numbers: tuple[float, ...]) -> Tensor:
    """A flow ``(1, 2, H, W)`` linear in the place: of x, then of y, from 1, x and y in [-1, 1]."""
    y = (torch.arange(height)[:, None] + 0.5) / height * 2.0 - 1.0
    x = (torch.arange(width)[None, :] + 0.5) / width * 2.0 - 1.0
    planes = [a + b * x + c * y for a, b, c in (numbers[:3], numbers[3:])]
    return torch.stack(planes)[None]


def stripes(shift: float, period: float = 3.0) -> Tensor:
    """Upright stripes ``(1, 3, H, W)`` in the middle of a smooth texture, both moved by a shift."""
    picture = texture(HEIGHT, WIDTH, dx=shift)
    x = torch.arange(WIDTH, dtype=torch.float64) + shift
    picture[..., 12:36, 20:44] = (0.5 + 0.4 * torch.sin(x * (2 * torch.pi / period)))[20:44].float()
    return picture


@settings(deadline=None, max_examples=40)
@given(
    st.integers(9, 70),
    st.integers(9, 70),
    st.tuples(*[st.floats(-8, 8, width=32)] * 6),
)
def test_a_linear_flow_is_its_own_consensus(
    height: int, width: int, numbers: tuple[float, ...]
) -> None:
    flow = linear_flow(height, width, numbers)
    torch.testing.assert_close(common_flow(flow), flow, atol=0.02, rtol=0)


def test_what_moves_otherwise_does_not_count() -> None:
    flow = linear_flow(HEIGHT, WIDTH, (1.5, 0.4, 0.1, -0.5, -0.1, 0.4))
    disturbed = flow.clone()
    disturbed[..., 4:40, 30:] = torch.tensor([-3.0, 5.0]).view(2, 1, 1)
    assert (disturbed != flow).float().mean() > 0.35
    torch.testing.assert_close(common_flow(disturbed), flow, atol=0.05, rtol=0)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_any_size_has_a_consensus(height: int, width: int, seed: int) -> None:
    flow = torch.randn(2, 2, height, width, generator=torch.Generator().manual_seed(seed)) * 9
    found = common_flow(flow)
    assert found.shape == flow.shape
    assert found.isfinite().all()
    assert found.abs().max() <= 100


def test_pictures_of_a_batch_do_not_touch_each_other() -> None:
    flow = torch.randn(3, 2, 20, 24, generator=torch.Generator().manual_seed(1))
    pictures = torch.rand(2, 3, 3, 20, 24, generator=torch.Generator().manual_seed(2))
    together = agree(flow, pictures[0], pictures[1])
    for number in range(3):
        one = slice(number, number + 1)
        alone = agree(flow[one], pictures[0, one], pictures[1, one])
        torch.testing.assert_close(together[one], alone, atol=1e-5, rtol=0)


def test_a_pattern_that_repeats_takes_the_motion_of_what_surrounds_it() -> None:
    # Half a period on is half a pattern on: one period further, stripes look the same.
    truth = constant_flow(HEIGHT, WIDTH, 0.5, 0.0)
    estimate = truth.clone()
    estimate[:, 0, 14:34, 24:40] -= 3.0
    found = agree(estimate, stripes(0.5), stripes(0.0))
    inside = (..., slice(16, 32), slice(26, 38))
    torch.testing.assert_close(found[inside], truth[inside], atol=0.1, rtol=0)
    assert (found - truth).abs().mean() < 0.1 * (estimate - truth).abs().mean()


def test_an_object_that_moves_by_itself_keeps_its_motion() -> None:
    source = texture(HEIGHT, WIDTH)
    target = source.clone()
    target[..., 12:36, 20:44] = texture(HEIGHT, WIDTH, dx=3.0, dy=-2.0)[..., 12:36, 20:44]
    estimate = torch.zeros(1, 2, HEIGHT, WIDTH)
    estimate[..., 12:36, 20:44] = torch.tensor([3.0, -2.0]).view(2, 1, 1)
    found = agree(estimate, target, source)
    inside = (..., slice(16, 32), slice(24, 40))
    torch.testing.assert_close(found[inside], estimate[inside], atol=0.05, rtol=0)


def test_an_estimate_that_is_nearly_the_same_stays() -> None:
    estimate = constant_flow(HEIGHT, WIDTH, 1.0, 0.0).clone()
    estimate[..., 10:20, 10:20] += 0.12
    found = agree(estimate, stripes(1.0), stripes(0.0))
    torch.testing.assert_close(found, estimate, atol=1e-4, rtol=0)


def test_a_flow_that_is_no_number_does_not_become_one() -> None:
    flow = constant_flow(HEIGHT, WIDTH, 1.0, 0.0).clone()
    flow[0, 0, 5, 7] = torch.nan
    assert agree(flow, stripes(1.0), stripes(0.0))[0, 0, 5, 7].isnan()


def test_what_is_near_the_common_flow_takes_it_too_where_that_is_wanted() -> None:
    truth = constant_flow(HEIGHT, WIDTH, 1.0, 0.0)
    noise = torch.randn(1, 2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3)) * 0.08
    found = agree(truth + noise, stripes(1.0), stripes(0.0), near=True)
    assert (found - truth).abs().mean() < 0.2 * noise.abs().mean()
