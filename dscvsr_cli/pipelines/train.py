"""Train a network from footage: recipe and folders in, a weights file out."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dscvsr_cli import __version__
from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.config import TrainingConfig
from dscvsr_cli.training.footage import Footage, load_footage
from dscvsr_cli.training.loop import StepReport, Trainer
from dscvsr_cli.training.sampler import Sampler
from dscvsr_cli.weights.files import read_network, save_network

CHECKPOINT_NAME = "checkpoint.pt"
WEIGHTS_NAME = "weights.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """What a run made."""

    weights: Path
    """The averaged weights, with config and training record."""
    parameters: int
    iterations: int
    clips_seen: int
    minutes: float
    """Of training, restarts included, reading of the footage excluded."""


def train(
    config: TrainingConfig,
    folders: Sequence[Path],
    run: Path,
    *,
    device: torch.device,
    resume: bool = False,
    init: Path | None = None,
    on_reading: Callable[[int, int], None] | None = None,
    on_step: Callable[[StepReport], None] | None = None,
) -> TrainReport:
    """Train by ``config`` on everything below ``folders``, in the folder ``run``.

    Args:
        config: The recipe; with ``resume`` the checkpoint's own recipe is used instead.
        folders: Videos and photographs to learn from.
        run: Where the checkpoint and the weights go.
        device: Where to train.
        resume: Go on from the checkpoint in ``run``.
        init: A weights file of the same network to begin with, instead of fresh weights.
        on_reading: Called with files read and files found.
        on_step: Called after every step.

    Raises:
        UsageError: ``run`` holds a run already and ``resume`` is off, or cannot be a folder.
        DatasetError: No usable footage, a broken checkpoint, or a run that diverges.
        WeightsError: A checkpoint or the weights cannot be written.
    """
    checkpoint = run / CHECKPOINT_NAME
    if checkpoint.exists() and not resume:
        raise UsageError(
            f"{run} holds a run already", hint="go on with --resume, or choose another -o"
        )
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {run}: {error.strerror or error}", hint="choose another -o"
        ) from error
    trainer = (
        Trainer.resume(checkpoint, device=device) if resume else Trainer(config, device=device)
    )
    if init is not None and not resume:
        _start_from(trainer, init)
    footage = load_footage(
        folders,
        min_frames=max(trainer.config.sequence),
        min_side=trainer.config.reach(trainer.config.patch),
        on_progress=on_reading,
    )
    trainer.run(Sampler(footage, trainer.config), checkpoint=checkpoint, on_step=on_step)
    return export(trainer, footage, run / WEIGHTS_NAME)


def _start_from(trainer: Trainer, init: Path) -> None:
    state, config, _ = read_network(init)
    if config != trainer.config.network:
        raise UsageError(
            f"{init} holds another network than the recipe",
            hint="train with the recipe that made it, or without --init",
        )
    try:
        trainer.start_from(state)
    except ValueError as error:
        raise WeightsError(f"{init} does not fit its own network: {error}") from error


def export(trainer: Trainer, footage: Footage, path: Path) -> TrainReport:
    """Write the run's averaged weights with their record, and report."""
    network = RecurrentNetwork(trainer.config.network)
    network.load_state_dict({name: w.cpu() for name, w in trainer.average.weights.items()})
    state = trainer.state
    record = {
        "recipe": repr(trainer.config),
        "footage": f"{len(footage.clips)} clips, {len(footage.photos)} photographs",
        "iterations": str(state.iteration),
        "clips seen": str(state.clips_seen),
        "minutes": f"{state.seconds / 60:.1f}",
        "device": f"{trainer.device.type}, {platform.machine()}, {torch.get_num_threads()} threads",
        "versions": f"dscvsr {__version__}, torch {torch.__version__}",
    }
    save_network(network.state_dict(), trainer.config.network, path, record=record)
    return TrainReport(
        weights=path,
        parameters=sum(p.numel() for p in network.parameters()),
        iterations=state.iteration,
        clips_seen=state.clips_seen,
        minutes=state.seconds / 60,
    )
