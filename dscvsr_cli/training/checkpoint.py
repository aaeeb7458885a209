"""Checkpoints: the whole state of a run in one file, replaced as a whole."""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dscvsr_cli.durable import DurableFile
from dscvsr_cli.errors import DatasetError, WeightsError
from dscvsr_cli.training.training_config import TrainingConfig

_HINT = "start the run without --resume"


@dataclass(slots=True, kw_only=True)
class RunState:
    """Everything that changes during a run, besides the network's own weights."""

    iteration: int = 0
    """Steps done."""

    seconds: float = 0.0
    """Time spent on them."""

    clips_seen: int = 0
    """Clips drawn for them."""


def save_checkpoint(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` to ``path`` durably: after any failure it is the old file or the new one.

    Raises:
        WeightsError: The file cannot be written; the one before it is still there.
    """
    try:
        with DurableFile(path) as file:
            torch.save(values, file)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"cannot write the checkpoint {path}: {error}",
            hint="check the folder's permissions and the free space, then --resume",
        ) from error


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what ``save_checkpoint`` wrote; only tensors and plain values are ever unpickled.

    Raises:
        DatasetError: The file is missing or is not a checkpoint.
    """
    if not path.is_file():
        raise DatasetError(f"there is no checkpoint {path}", hint=_HINT)
    # torch reads older formats as well, and warns about them at length: we never wrote any.
    if not zipfile.is_zipfile(path):
        raise DatasetError(f"{path} is cut short, or not a checkpoint of dscvsr", hint=_HINT)
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch would advise to unpickle it anyway.
        raise DatasetError(
            f"{path} holds more than tensors and plain values, and is not loaded", hint=_HINT
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(f"cannot read the checkpoint {path}: {reason}", hint=_HINT) from error
    if not isinstance(values, dict):
        raise DatasetError(f"{path} is not a checkpoint of dscvsr", hint=_HINT)
    return values


def recipe_of(checkpoint: Path) -> TrainingConfig:
    """Return the recipe that a checkpoint's run follows.

    Raises:
        DatasetError: The file is missing or is not a checkpoint.
    """
    try:
        return TrainingConfig.from_values(load_checkpoint(checkpoint)["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{checkpoint} is not a checkpoint of this version: {error}", hint=_HINT
        ) from error


class WeightAverage:
    """Exponential moving average of a network's weights, in float32."""

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        """Start from ``weights``."""
        self.decay = decay
        self.weights = {name: weight.detach().float().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def update(self, weights: Mapping[str, Tensor], iteration: int) -> None:
        """Move towards ``weights``; early steps move further, so the start is soon forgotten."""
        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        now = [weight.detach().float() for weight in weights.values()]
        torch._foreach_lerp_([self.weights[name] for name in weights], now, 1.0 - decay)
