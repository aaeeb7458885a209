"""Load a teacher: from a weights file of dscvsr, or a ``.pth`` of MetaVSR or BasicVSR."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import DSCVSR_PAPER, METAVSR_PAPER, NetworkConfig
from dscvsr_cli.weights.external.basicvsr import convert_basicvsr, read_pickled_weights
from dscvsr_cli.weights.load import build_network
from dscvsr_cli.weights.network_file import read_network

PICKLED_SUFFIXES: Final = frozenset({".pth", ".pt", ".ckpt"})


def load_teacher(path: Path, student: NetworkConfig) -> RecurrentNetwork:
    """Return the network in a file, float32 on the CPU.

    A ``.pth`` says nothing about its network. It may hold MetaVSR or DSCVSR in our names and in
    the paper's sizes or the student's, or the public BasicVSR.

    Args:
        path: A safetensors file of ours, or a ``.pth``, which is read without running anything.
        student: The network that is to learn.

    Raises:
        WeightsError: The file is missing, damaged, or of a network that is none of these.
    """
    if path.suffix.lower() in PICKLED_SUFFIXES:
        state, config = _recognise(read_pickled_weights(path), path, student)
    else:
        state, config, _ = read_network(path)
    return build_network(state, config, path).eval()


def _recognise(
    weights: dict[str, Tensor], path: Path, student: NetworkConfig
) -> tuple[dict[str, Tensor], NetworkConfig]:
    twin = replace(student, block="dense", filling_blocks=0)
    shapes = {name: tensor.shape for name, tensor in weights.items()}
    for config in (METAVSR_PAPER, twin, student, DSCVSR_PAPER):
        if _shapes(config) == shapes:
            return weights, config
    if any(name.startswith("spynet.") for name in weights):
        return convert_basicvsr(weights)
    raise WeightsError(
        f"{path} is neither MetaVSR nor DSCVSR in the sizes of the paper or of this recipe, nor "
        "BasicVSR",
        hint="give the safetensors file of the run that trained it: dscvsr weights export RUN",
    )


def _shapes(config: NetworkConfig) -> dict[str, torch.Size]:
    with torch.device("meta"):
        return {name: w.shape for name, w in RecurrentNetwork(config).state_dict().items()}
