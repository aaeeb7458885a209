"""Graphs of single steps give what the network gives, step by step."""

import pytest
import torch
from torch import Tensor

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.filling import is_filled
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.runtimes.graphs import BicubicByTaps, Reconstruct, RecurrentStep

SOURCE = Size(20, 30)


@pytest.fixture
def clip() -> Tensor:
    return torch.rand(1, 3, 3, 20, 30, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [Size(40, 60), Size(54, 81), Size(33, 91), Size(21, 30)])
def test_bicubic_by_taps_is_the_interpolation_of_the_network(size: Size) -> None:
    picture = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    made = BicubicByTaps(SOURCE, size)(picture)
    torch.testing.assert_close(made, interpolate(picture, size), atol=1e-5, rtol=0)


@torch.inference_mode()
def walk(network: RecurrentNetwork, clip: Tensor, *, forward: bool) -> Tensor:
    """Run the steps of one pass over a clip, from zeros."""
    recurrent = network.forward_pass if forward else network.backward_pass
    steps = [RecurrentStep(network.motion, recurrent, filled=filled) for filled in (False, True)]
    state, neighbour = torch.zeros(1, network.config.channels, 20, 30), clip[:, 0]
    made = {}
    order = range(clip.shape[1])
    for place in order if forward else reversed(order):
        state = steps[is_filled(place)](clip[:, place], neighbour, state)
        neighbour = clip[:, place]
        made[place] = state
    return torch.stack([made[place] for place in order], dim=1)


@torch.inference_mode()
def test_steps_from_a_state_of_zeros_are_both_passes(
    tiny_network: RecurrentNetwork, clip: Tensor
) -> None:
    forward = tiny_network.forward_features(clip, first_index=0)
    backward = tiny_network.backward_features(clip, first_index=0)
    torch.testing.assert_close(walk(tiny_network, clip, forward=True), forward)
    torch.testing.assert_close(walk(tiny_network, clip, forward=False), backward)


@torch.inference_mode()
@pytest.mark.parametrize("size", [Size(40, 60), Size(54, 81), Size(80, 120), Size(50, 60)])
def test_the_graph_of_the_reconstruction_gives_the_same_pictures(
    tiny_network: RecurrentNetwork, clip: Tensor, size: Size
) -> None:
    features = torch.rand(2, 1, 1, 8, 20, 30, generator=torch.Generator().manual_seed(2))
    expected = tiny_network.reconstruct(clip[:, :1], *features, size=size)[:, 0]
    made = Reconstruct(tiny_network, SOURCE, size)(clip[:, 0], *features[:, :, 0])
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)


def test_a_ratio_that_needs_too_many_convolutions_is_refused(
    tiny_network: RecurrentNetwork,
) -> None:
    with pytest.raises(UsageError, match="too many convolutions"):
        Reconstruct(tiny_network, Size(101, 103), Size(211, 223))
