"""The smallest network there is, for tests that need one but not what it makes."""

from pathlib import Path
from typing import Final

import torch

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.network_file import save_network

SMALLEST: Final = NetworkConfig(
    channels=4,
    growth=4,
    blocks=1,
    layers=1,
    filling_blocks=1,
    motion_levels=2,
    motion_channels=(4,),
    motion_kernel=3,
    head_hidden=4,
)


def save_smallest(path: Path) -> Path:
    """Write such a network, whose detail can be seen, the same every time -> ``path``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RecurrentNetwork(SMALLEST)
        torch.nn.init.normal_(network.head.filters.weight, std=0.1)
    save_network(network.state_dict(), SMALLEST, path, record={})
    return path


def save_plain(path: Path) -> Path:
    """Write one that adds nothing to what bicubic makes, so that outputs look like their inputs."""
    network = RecurrentNetwork(SMALLEST)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    save_network(network.state_dict(), SMALLEST, path, record={})
    return path
