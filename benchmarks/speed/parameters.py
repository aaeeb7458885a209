"""Print parameters and multiply-adds of each preset, part by part.

::

    python benchmarks/speed/parameters.py
"""

import torch

from dscvsr_cli.benchmarking.cost import multiply_adds_per_pixel
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import DSCVSR_PAPER, METAVSR_PAPER, NetworkConfig
from dscvsr_cli.training.training_config import load_recipe

SCALES = (2, 2.7, 4)


def main() -> None:
    presets = {
        "lite": load_recipe("lite").network,
        "paper (DSCVSR)": DSCVSR_PAPER,
        "paper (MetaVSR)": METAVSR_PAPER,
    }
    for name, config in presets.items():
        describe(name, config)


def describe(name: str, config: NetworkConfig) -> None:
    # Shapes alone are enough to count: the meta device holds no numbers.
    with torch.device("meta"):
        network = RecurrentNetwork(config).eval()
    print(f"\n{name}")
    for part, module in network.named_children():
        print(f"  {part:15} {count(module):>12,} parameters")
    print(f"  {'total':15} {count(network):>12,} parameters")
    for scale in SCALES:
        each = multiply_adds_per_pixel(config, scale)
        print(f"  at x{scale:<12g} {each:>12,.0f} multiply-adds per input pixel")


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


if __name__ == "__main__":
    main()
