"""Checkpoints: the whole state of a run in one file, replaced as a whole."""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dscvsr_cli.errors import DatasetError


@dataclass(slots=True, kw_only=True)
class RunState:
    """Everything that changes while a run goes on, besides the network's own weights."""

    iteration: int = 0
    """Steps done."""

    seconds: float = 0.0
    """Time spent on them."""

    clips_seen: int = 0
    """Clips drawn for them."""


def save_checkpoint(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` to ``path``: beside it first, then in its place, so it is never half."""
    partial = path.with_name(path.name + ".part")
    torch.save(values, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what ``save_checkpoint`` wrote; only tensors and plain values are ever unpickled.

    Raises:
        DatasetError: The file is missing or is not a checkpoint.
    """
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise DatasetError(
            f"cannot read the checkpoint {path}: {error}", hint="start the run without --resume"
        ) from error
    if not isinstance(values, dict):
        raise DatasetError(f"{path} is not a checkpoint of dscvsr")
    return values


class WeightAverage:
    """Exponential moving average of a network's weights, in float32."""

    def __init__(self, weights: dict[str, Tensor], decay: float) -> None:
        """Start from ``weights``."""
        self.decay = decay
        self.weights = {name: weight.detach().float().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def update(self, weights: dict[str, Tensor], iteration: int) -> None:
        """Move towards ``weights``; early steps move further, so the start is soon forgotten."""
        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        for name, weight in weights.items():
            self.weights[name].lerp_(weight.detach().float(), 1.0 - decay)
