"""A second network in the memory of the first, for what a runtime changes in it."""

import copy

from dscvsr_cli.models.network import RecurrentNetwork


def shared_twin(network: RecurrentNetwork) -> RecurrentNetwork:
    """Return a network of the same weights, in the same memory, whose parts can be exchanged."""
    weights = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in weights})
