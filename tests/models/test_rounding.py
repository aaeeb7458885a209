"""Eight-bit arithmetic: what is rounded, how far it moves, and what stays as it is."""

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.models.network_config import DSCVSR_PAPER, NetworkConfig
from dscvsr_cli.models.rounding import (
    Rounding,
    RoundingConv,
    round_to_eight_bits,
    watched_ranges,
)


@given(
    low=st.floats(-100.0, 0.0),
    high=st.floats(0.01, 100.0),
    values=st.lists(st.floats(-200.0, 200.0, width=32), min_size=1, max_size=20),
)
def test_features_move_by_half_a_step_at_most_and_are_clipped_at_the_range(
    low: float, high: float, values: list[float]
) -> None:
    place = Rounding()
    place.range = low, high
    feat = torch.tensor(values)
    step = (high - low) / 255
    inside = feat.clamp(low, high)
    # Zero is one of the values, so the range may move by half a step.
    assert bool(((place(feat) - inside).abs() <= step * 1.01).all())
    assert place(torch.zeros(1)).item() == 0.0
    assert len(place(torch.linspace(low, high, 2000)).unique()) <= 256


def test_a_filter_has_at_most_127_values_and_keeps_its_largest_and_its_zeros() -> None:
    generator = torch.Generator().manual_seed(3)
    convolution = RoundingConv(16, 4, 3, padding=1)
    with torch.no_grad():
        convolution.weight.normal_(generator=generator)
        convolution.weight[:, 0] = 0.0
        # One output is a hundred times as large as the others, and must not coarsen them.
        convolution.weight[3] *= 100.0
    exact = convolution.weight.detach().clone()
    convolution.round_filters()
    # An impulse of each input channel shows the filters.
    impulses = torch.eye(16)[:, :, None, None] * torch.ones(1)
    seen = convolution(torch.nn.functional.pad(impulses, (2, 2, 2, 2)))
    filters = seen.detach()[:, :, 1:4, 1:4].flip(2, 3).transpose(0, 1)
    filters = filters - convolution.bias.detach()[:, None, None, None]  # type: ignore[union-attr]
    largest = exact.abs().amax(dim=(1, 2, 3), keepdim=True)
    assert bool(((filters - exact).abs() <= largest / 63 / 2 + 1e-4 * largest).all())
    assert all(len(one.mul(1e4).round().unique()) <= 127 for one in filters / largest)
    torch.testing.assert_close(filters.abs().amax(dim=(1, 2, 3), keepdim=True), largest)


def test_sums_of_two_products_fit_into_16_bits() -> None:
    convolution = RoundingConv(8, 8, 1)
    convolution.round_filters()
    codes = (convolution.weight[..., 0, 0] / convolution.steps[:, None]).round()  # type: ignore[index]
    assert 2 * 255 * int(codes.abs().max()) < 2**15


def test_a_network_that_was_given_ranges_computes_nearly_the_same(
    tiny_network: RecurrentNetwork,
) -> None:
    frames = torch.rand(1, 4, 3, 20, 24, generator=torch.Generator().manual_seed(0))
    size = Size(40, 48)
    with watched_ranges(tiny_network) as ranges:
        exact = tiny_network(frames, size)
    rounding = copy.deepcopy(tiny_network)
    round_to_eight_bits(rounding, ranges)
    assert set(rounding.state_dict()) == set(tiny_network.state_dict())
    made = rounding(frames, size)
    detail = (exact - interpolate(frames[0], size)).abs().mean()
    assert 0.0 < (made - exact).abs().mean() < 0.2 * detail
    # Watching leaves nothing behind.
    torch.testing.assert_close(tiny_network(frames, size), exact, atol=0.0, rtol=0.0)


def test_a_missing_range_is_named(tiny_network: RecurrentNetwork) -> None:
    with pytest.raises(KeyError, match=r"motion\.levels\.0"):
        round_to_eight_bits(copy.deepcopy(tiny_network), {})


def test_features_that_are_always_zero_have_a_range_all_the_same() -> None:
    place = torch.nn.Sequential(Rounding())
    with watched_ranges(place) as ranges:
        place(torch.zeros(3))
    round_to_eight_bits(place, ranges)
    assert place(torch.zeros(3)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "config", [DSCVSR_PAPER, NetworkConfig(block="dense"), NetworkConfig(block="residual")]
)
def test_every_convolution_that_rounds_its_filters_reads_rounded_features(
    config: NetworkConfig,
) -> None:
    # Integers need both: each such convolution must be given nothing but values of a grid.
    small = replace(config, channels=4, growth=4, blocks=2, layers=2, motion_channels=(4, 4))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RecurrentNetwork(small).eval()
    frames = torch.rand(1, 3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with watched_ranges(network) as ranges, torch.no_grad():
        network(frames, Size(32, 32))
    round_to_eight_bits(network, ranges)
    counts: list[int] = []
    for part in network.modules():
        if isinstance(part, RoundingConv):
            part.register_forward_pre_hook(lambda _, given: counts.append(len(given[0].unique())))
    with torch.no_grad():
        network(frames, Size(32, 32))
    # Concatenated features may come from two places with a range each.
    assert counts
    assert max(counts) <= 2 * 256
