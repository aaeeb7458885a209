"""Decide the dtype of a training run's convolutions from the recipe and the device."""

import logging

import torch

from dscvsr_cli.engine.device import choose_dtype
from dscvsr_cli.training.parallel import Parallel
from dscvsr_cli.training.training_config import TrainingDtype

_log = logging.getLogger(__name__)


def resolve_dtype(name: TrainingDtype, device: torch.device) -> TrainingDtype:
    """Return the dtype that ``name`` means on ``device``: never "auto".

    "auto" decides as ``upscale`` does, except that float16 becomes float32: float16 gradients
    underflow unless the loss is scaled, which this program does not do.
    """
    if name != "auto":
        return name
    return "bfloat16" if choose_dtype("auto", device) is torch.bfloat16 else "float32"


def agree_on_dtype(name: TrainingDtype, device: torch.device, parallel: Parallel) -> TrainingDtype:
    """Return what ``name`` means for the first process, in all of them.

    Warns if that is bfloat16 and the device only emulates it.
    """
    half = resolve_dtype(name, device) == "bfloat16"
    half = bool(parallel.agree(float(half), device=device))
    if half and parallel.leads and emulates_bfloat16(device):
        _log.warning(
            "this processor only emulates bfloat16, which is slow; start a run with "
            "-O dtype=float32 to avoid it"
        )
    return "bfloat16" if half else "float32"


def emulates_bfloat16(device: torch.device) -> bool:
    """Return whether bfloat16 is computed, but slower than float32, on ``device``."""
    return device.type == "cpu" and resolve_dtype("auto", device) == "float32"
