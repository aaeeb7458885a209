"""Captured passes give what the network gives, for its pictures, flows and gradients."""

import pytest
import torch
from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.capture import CapturedPasses, Passes, run_passes

SIZE = Size(40, 56)


def clip(seed: int, length: int = 4) -> Tensor:
    return torch.rand((2, length, 3, 20, 28), generator=torch.Generator().manual_seed(seed))


def moving(config: NetworkConfig) -> RecurrentNetwork:
    """Build a network whose flow is not zero."""
    torch.manual_seed(0)
    network = RecurrentNetwork(config)
    for weight in network.motion.parameters():
        torch.nn.init.normal_(weight, std=0.05)
    return network


def test_the_passes_are_those_of_the_whole_network(tiny_config: NetworkConfig) -> None:
    network, low = moving(tiny_config), clip(1)
    passes = run_passes(network, low)
    made = network.reconstruct(low, passes.backward, passes.forward, size=SIZE)
    assert torch.equal(made, network(low, SIZE))


def test_flows_come_in_the_order_of_pairs_both_ways(tiny_config: NetworkConfig) -> None:
    network, low = moving(tiny_config), clip(2)
    flow = run_passes(network, low).flow
    assert flow.shape == (2, 2, 3, 2, 20, 28)
    for pair in range(3):
        ahead = network.motion(low[:, pair], low[:, pair + 1])
        back = network.motion(low[:, pair + 1], low[:, pair])
        torch.testing.assert_close(flow[:, 0, pair], ahead, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(flow[:, 1, pair], back, rtol=1e-4, atol=1e-5)


def gradients(network: RecurrentNetwork, passes: Passes) -> dict[str, Tensor]:
    network.zero_grad()
    loss = passes.backward.square().mean() + passes.forward.mean() + passes.flow.abs().mean()
    torch.autograd.backward(loss)
    return {n: w.grad.clone() for n, w in network.named_parameters() if w.grad is not None}


def test_graphs_give_the_same_features_flows_and_gradients(tiny_config: NetworkConfig) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    network = moving(tiny_config).cuda()
    captured = CapturedPasses(network, bfloat16=False)
    # Other values, other lengths, and weights that have moved since the capture.
    for seed, length in ((1, 4), (2, 4), (3, 3), (4, 3)):
        low = clip(seed, length).cuda()
        wanted = run_passes(network, low)
        wanted_gradients = gradients(network, wanted)
        found = captured(low)
        for name, one, other in zip(Passes._fields, found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4, msg=name)
        found_gradients = gradients(network, found)
        assert found_gradients.keys() == wanted_gradients.keys()
        for name, gradient in found_gradients.items():
            torch.testing.assert_close(gradient, wanted_gradients[name], rtol=1e-2, atol=1e-4)
        with torch.no_grad():
            for weight in network.parameters():
                weight.add_(0.01 * torch.randn_like(weight))
