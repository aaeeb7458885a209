"""Parameters and multiply-adds are those of the layers."""

import pytest

from dscvsr_cli.benchmarking.cost import multiply_adds_per_pixel
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network_config import NetworkConfig

CONFIG = NetworkConfig(
    block="dense",
    channels=8,
    growth=4,
    blocks=2,
    layers=3,
    filling_blocks=2,
    motion_levels=2,
    motion_channels=(6, 5),
    motion_kernel=3,
    head_hidden=7,
)
SOURCE = Size(16, 32)


def conv(kernel: int, channels_in: int, channels_out: int) -> int:
    return kernel * kernel * channels_in * channels_out


def by_hand(scale: int) -> float:
    block = conv(3, 8, 4) + conv(3, 12, 4) + conv(3, 16, 4) + conv(1, 20, 8)
    trunk = conv(3, 11, 8) + 2 * block + conv(1, 16, 8) + conv(3, 8, 8)
    filling = conv(1, 16, 8) + 2 * 2 * conv(3, 8, 8)
    level = conv(3, 8, 6) + conv(3, 6, 5) + conv(3, 5, 2)
    motion = level * (1 + 1 / 4)
    # Every second frame is filled; both passes need a flow and a trunk for every frame.
    passes = 2 * (trunk + filling / 2 + motion)
    return passes + conv(1, 16, 8) + conv(3, 8, 8) + scale * scale * conv(3, 8, 3)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_count_is_the_formula_of_the_layers(scale: int) -> None:
    assert multiply_adds_per_pixel(CONFIG, scale, source=SOURCE) == pytest.approx(by_hand(scale))


def test_a_separable_network_takes_less() -> None:
    separable = NetworkConfig(channels=32, growth=32, blocks=2, layers=3, filling_blocks=0)
    dense = NetworkConfig(
        block="dense", channels=32, growth=32, blocks=2, layers=3, filling_blocks=0
    )
    counts = [multiply_adds_per_pixel(one, 2, source=SOURCE) for one in (separable, dense)]
    assert counts[0] < counts[1]


def test_a_factor_that_does_not_enlarge_is_refused() -> None:
    with pytest.raises(UsageError):
        multiply_adds_per_pixel(CONFIG, 1.0, source=SOURCE)
