"""Fresh weights: what a network sees is still there, at its size, behind all of its layers."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from dscvsr_cli.models.initialisation import initialise
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import METAVSR_PAPER, NetworkConfig

SMALL = NetworkConfig(
    channels=16, growth=16, blocks=6, layers=4, filling_blocks=2, motion_levels=2, head_hidden=8
)


@pytest.mark.parametrize("order", ["depthwise-first", "pointwise-first"])
@pytest.mark.parametrize("block", ["separable", "dense", "residual"])
def test_features_neither_fade_nor_explode_over_many_frames(block: str, order: str) -> None:
    config = replace(SMALL, block=block, separable_order=order)  # type: ignore[arg-type]
    torch.manual_seed(0)
    network = RecurrentNetwork(config)
    frames = torch.rand(1, 12, 3, 24, 24)
    with torch.no_grad():
        features = network.forward_features(frames, first_index=0)
    # Over space: a constant, however large, tells nothing of the picture.
    sizes = features.std(dim=(-1, -2)).mean(dim=(0, 2))
    assert float(sizes.min()) > 0.05
    assert float(sizes.max()) < 5.0
    assert float(sizes[-1] / sizes[2]) < 3.0


def test_pytorchs_own_start_would_have_faded() -> None:
    # What the module is for: this is how much of the picture is left without it.
    torch.manual_seed(0)
    network = RecurrentNetwork(SMALL)
    ours = network.forward_pass.extraction
    before = _through(ours)
    for part in ours.modules():
        if isinstance(part, nn.Conv2d):
            part.reset_parameters()
    assert _through(ours) < 0.5 * before


def _through(extraction: nn.Module) -> float:
    frame = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        made = extraction(torch.zeros(1, SMALL.channels, 24, 24), frame)
    return float(made.std(dim=(-1, -2)).mean())


def test_the_same_seed_gives_the_same_weights() -> None:
    made = []
    for _ in range(2):
        torch.manual_seed(3)
        network = RecurrentNetwork(replace(SMALL, block=METAVSR_PAPER.block))
        initialise(network.forward_pass)
        made.append(network.state_dict())
    assert all(torch.equal(weight, made[1][name]) for name, weight in made[0].items())
