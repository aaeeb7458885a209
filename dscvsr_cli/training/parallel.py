"""Parallel: this process's place among those that train one network together under torchrun."""

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """Every process draws the same batch, and makes and learns from its own share of the clips."""

    rank: int = 0
    """This process's number; 0 writes the files."""

    world: int = 1
    """How many processes there are."""

    def __post_init__(self) -> None:
        """Refuse a place that does not exist."""
        if not 0 <= self.rank < self.world:
            raise ValueError(f"expected 0 <= rank < world, got {self}")

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and reports."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """Return which clips of a batch are this process's.

        Raises:
            ValueError: The batch cannot be shared out evenly.
        """
        if batch % self.world:
            raise ValueError(f"a batch of {batch} cannot be shared by {self.world} processes")
        each = batch // self.world
        return range(self.rank * each, (self.rank + 1) * each)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of each value over all processes, the same everywhere."""
        if self.world == 1:
            return values
        values = values.detach().clone()
        dist.all_reduce(values)
        return values / self.world

    def agree(self, value: float, *, device: torch.device) -> float:
        """Return the first process's ``value`` everywhere, a time for example."""
        if self.world == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=device)
        dist.broadcast(shared, src=0)
        return float(shared)


ALONE = Parallel()
"""The only process."""
