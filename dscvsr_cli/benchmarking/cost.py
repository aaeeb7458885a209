"""Count the multiply-adds of a network, on the network itself.

torch counts the operations of convolutions and matrix products while a network of tensors without
numbers ("fake" tensors) runs. Additions, activations, warping and interpolation are left out, as in
papers; they are few.
"""

from functools import lru_cache

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig

REFERENCE_SIZE = Size(180, 320)
"""The input for which papers on video super-resolution give their cost."""


def multiply_adds_per_pixel(
    config: NetworkConfig, scale: float, *, source: Size = REFERENCE_SIZE
) -> float:
    """Return the multiply-adds of one frame inside a clip, per pixel of the input.

    Raises:
        UsageError: A factor that does not enlarge.
    """
    size = output_size(source, scale=scale)
    operations = _passes(config, source) + _reconstruction(config, source, size)
    # A multiply-add is two operations.
    return operations / 2 / (source.height * source.width)


@lru_cache(maxsize=16)
def _passes(config: NetworkConfig, source: Size) -> float:
    """Count both passes over one frame: the mean of an even and an odd frame inside a clip."""

    def count(network: RecurrentNetwork, frames: int) -> int:
        clip = torch.empty(1, frames, 3, source.height, source.width)
        with FlopCounterMode(display=False) as counter:
            network.backward_features(clip, first_index=0)
            network.forward_features(clip, first_index=0)
        return int(counter.get_total_flops())

    with FakeTensorMode(), torch.no_grad():
        network = RecurrentNetwork(config).eval()
        # What the first and the last frame spare is in both, so it falls out of the difference.
        return (count(network, 4) - count(network, 2)) / 2


@lru_cache(maxsize=256)
def _reconstruction(config: NetworkConfig, source: Size, size: Size) -> int:
    """Count what turns the features of one more frame into a picture."""

    def count(network: RecurrentNetwork, frames: int) -> int:
        clip = torch.empty(1, frames, 3, source.height, source.width)
        features = torch.empty(1, frames, config.channels, source.height, source.width)
        with FlopCounterMode(display=False) as counter:
            network.reconstruct(clip, features, features, size=size)
        return int(counter.get_total_flops())

    with FakeTensorMode(), torch.no_grad():
        network = RecurrentNetwork(config).eval()
        return count(network, 2) - count(network, 1)
