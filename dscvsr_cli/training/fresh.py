"""What a run begins with: weights drawn from its seed, and an optimiser for them."""

import torch
from torch.optim import Optimizer

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.muon import Muon
from dscvsr_cli.training.objective.objective import Objective
from dscvsr_cli.training.training_config import TrainingConfig


def fresh_network(config: TrainingConfig) -> RecurrentNetwork:
    """Return the recipe's network with weights drawn from its seed, some of them frozen."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = RecurrentNetwork(config.network)
    # torch's stubs leave out this form of to().
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for part in config.frozen:
        network.get_submodule(part).requires_grad_(requires_grad=False)
    return network


def build_optimizer(
    config: TrainingConfig, network: RecurrentNetwork, objective: Objective
) -> Optimizer:
    """Return the optimiser with two groups of weights; the flow's come last."""
    motion = list(network.motion.parameters())
    others = [w for name, w in network.named_parameters() if not name.startswith("motion.")]
    if objective.distillation is not None:
        others += objective.distillation.parameters()
    groups = [{"params": others}, {"params": motion}]
    if config.optimizer == "muon":
        return Muon(groups)
    return torch.optim.Adam(groups, betas=(0.9, 0.99))
