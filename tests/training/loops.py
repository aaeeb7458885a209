"""What tests of the training loop share: a clock, and everything that a run decides."""

from itertools import count

import torch
from torch import Tensor

from dscvsr_cli.training.loop import Trainer

CPU = torch.device("cpu")


class FakeClock:
    """Every look at it is ``seconds`` after the one before."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._looks = count()
        self._seconds = seconds

    def __call__(self) -> float:
        return next(self._looks) * self._seconds


def everything(trainer: Trainer) -> dict[str, Tensor]:
    """All tensors of a run by name: weights, average, and what the optimiser remembers."""
    found = {f"network {k}": v.clone() for k, v in trainer.network.state_dict().items()}
    found |= {f"average {k}": v.clone() for k, v in trainer.average.weights.items()}
    for number, state in trainer.optimizer.state_dict()["state"].items():
        found |= {f"optimizer {number} {k}": v.clone() for k, v in state.items()}
    return found | {"generator": trainer.generator.get_state()}


def assert_same_to_the_bit(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
