"""Feature blocks: sizes against their formulas, identities, shapes."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dscvsr_cli.models.blocks import DenseBlock, ResidualBlock, SeparableConv
from dscvsr_cli.models.network_config import DSCVSR_PAPER, METAVSR_PAPER, NetworkConfig

PAPER_DENSE = 1_364_544
"""RDN's block with 64 channels and 8 layers, counted from its definition."""

PAPER_SEPARABLE = 207_936
"""The same, each 3x3 convolution as depthwise and pointwise, both with biases."""

KINDS = (
    replace(DSCVSR_PAPER, separable_order="depthwise-first"),
    replace(DSCVSR_PAPER, separable_order="pointwise-first"),
    METAVSR_PAPER,
)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def layer_inputs(config: NetworkConfig) -> list[int]:
    return [config.channels + i * config.growth for i in range(config.layers)]


def fusion_size(config: NetworkConfig) -> int:
    joined = config.channels + config.layers * config.growth
    return joined * config.channels + config.channels


def expected_size(config: NetworkConfig) -> int:
    """Parameters of a block from the textbook formulas of its convolutions."""
    growth = config.growth
    if config.block == "dense":
        layers = sum(9 * wide * growth + growth for wide in layer_inputs(config))
    elif config.separable_order == "depthwise-first":
        layers = sum(9 * wide + wide * growth + growth for wide in layer_inputs(config))
    else:
        layers = sum(wide * growth + 9 * growth + growth for wide in layer_inputs(config))
    return layers + fusion_size(config)


def build(config: NetworkConfig) -> DenseBlock:
    with torch.device("meta"):
        return DenseBlock(config)


def test_the_dense_block_has_the_published_number_of_parameters() -> None:
    assert count(build(METAVSR_PAPER)) == PAPER_DENSE


def test_the_separable_block_has_it_less_the_biases_between_its_halves() -> None:
    # Nothing stands between a depthwise and its pointwise half, so a bias there adds nothing that
    # the second bias cannot: ours has one bias less for every channel that enters a layer.
    needless = sum(layer_inputs(DSCVSR_PAPER))
    assert needless == 2304
    assert count(build(DSCVSR_PAPER)) == PAPER_SEPARABLE - needless == 205_632


def test_the_papers_separable_block_is_over_six_times_smaller() -> None:
    assert count(build(METAVSR_PAPER)) / count(build(DSCVSR_PAPER)) > 6.5
    assert count(build(KINDS[1])) == 189_504 < count(build(KINDS[0]))


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(1, 6),
)
def test_every_block_has_the_size_its_formula_gives(
    kind: NetworkConfig, channels: int, growth: int, layers: int
) -> None:
    config = replace(kind, channels=channels, growth=growth, layers=layers)
    assert count(build(config)) == expected_size(config)


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_without_fusion_is_the_identity(kind: NetworkConfig) -> None:
    torch.manual_seed(0)
    block = DenseBlock(replace(kind, channels=6, growth=4, layers=3))
    nn.init.zeros_(block.fusion.weight)
    assert block.fusion.bias is not None
    nn.init.zeros_(block.fusion.bias)
    features = torch.randn(2, 6, 5, 7)
    assert torch.equal(block(features), features)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_keep_the_shape_even_of_a_single_pixel(kind: NetworkConfig) -> None:
    block = DenseBlock(replace(kind, channels=6, growth=4, layers=2))
    for height, width in ((1, 1), (1, 8), (5, 3)):
        assert block(torch.randn(2, 6, height, width)).shape == (2, 6, height, width)


def test_every_layer_sees_all_layers_before_it() -> None:
    torch.manual_seed(0)
    config = replace(DSCVSR_PAPER, channels=3, growth=2, layers=4)
    block = DenseBlock(config)
    widths: list[int] = []
    for layer in block.layers:
        layer.register_forward_pre_hook(lambda _, seen: widths.append(seen[0].shape[1]))
    block(torch.randn(1, 3, 4, 4))
    assert widths == [3, 5, 7, 9]


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_reaches_one_pixel_further_with_every_layer(kind: NetworkConfig) -> None:
    torch.manual_seed(0)
    block = DenseBlock(replace(kind, channels=4, growth=4, layers=3)).double()
    features = torch.randn(1, 4, 11, 11, dtype=torch.float64)
    touched = features.clone()
    touched[..., 5, 5] += 1.0
    changed = (block(touched) - block(features)).abs().amax(dim=(0, 1)) > 0
    assert changed[2:9, 2:9].sum() > 25
    changed[2:9, 2:9] = False
    assert not changed.any()


@pytest.mark.parametrize("order", ["depthwise-first", "pointwise-first"])
def test_a_separable_convolution_is_an_ordinary_one_of_low_rank(order: str) -> None:
    torch.manual_seed(0)
    separable = SeparableConv(5, 4, order).double()  # type: ignore[arg-type]
    first, second = (half.weight for half in separable)
    assert isinstance(first, torch.Tensor)
    assert isinstance(second, torch.Tensor)
    kernel = second * first.transpose(0, 1) if order == "depthwise-first" else first * second
    bias = separable[1].bias
    assert isinstance(bias, torch.Tensor)
    features = torch.randn(1, 5, 6, 7, dtype=torch.float64)
    ordinary = nn.functional.conv2d(features, kernel, bias, padding=1)
    torch.testing.assert_close(separable(features), ordinary)


def test_a_residual_block_with_a_silent_second_half_is_the_identity() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(4)
    for parameter in block.second.parameters():
        nn.init.zeros_(parameter)
    features = torch.randn(1, 4, 5, 5)
    assert torch.equal(block(features), features)


def test_the_papers_residual_block_has_two_full_convolutions() -> None:
    assert count(ResidualBlock(64)) == 73_856
