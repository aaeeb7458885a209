"""NetworkCost of a network: the memory it needs, from its config and dtype."""

import torch

from dscvsr_cli.engine.stream_plan import NetworkCost
from dscvsr_cli.models.network_config import NetworkConfig


def network_cost(config: NetworkConfig, dtype: torch.dtype) -> NetworkCost:
    """Return what a network of this config holds in memory per input pixel."""
    widest = config.channels + config.layers * config.growth
    # The concatenation being made beside the one it grows from, every block's output for the
    # global fusion, and a few planes in passing.
    workspace = 2 * widest + (config.blocks + 4) * config.channels
    return NetworkCost(
        feature_channels=config.channels,
        workspace_channels=workspace,
        element_bytes=torch.finfo(dtype).bits // 8,
    )
