"""Train a network from footage: recipe and folders in, a weights file out."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.made_folder import made_folder
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.train.build_trainer import build_trainer
from dscvsr_cli.pipelines.train.data import DataReader, TrainingData
from dscvsr_cli.pipelines.train.start_record import last_start, log_start, trained_on
from dscvsr_cli.training.data.sampler import Sampler
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.parallel import ALONE, Parallel
from dscvsr_cli.training.recorder import Recorder, write_curves
from dscvsr_cli.training.run_log import Event, RunLog
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.training_config import NETWORK_PARTS, TrainingConfig
from dscvsr_cli.training.validation import Score
from dscvsr_cli.weights.network_file import read_network, save_network

_log = logging.getLogger(__name__)

CHECKPOINT_NAME = "checkpoint.pt"
WEIGHTS_NAME = "weights.safetensors"
LOG_NAME = "log.jsonl"
CURVES_NAME = "curves.svg"
MOST_WORKERS = 16
"""Processes that make batches for one GPU, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainEvents:
    """Callbacks of a running training."""

    on_start: Callable[[Trainer, TrainingData], None] | None = None
    """Called when all is read, just before the first step."""
    on_step: Callable[[StepReport], None] | None = None
    on_validation: Callable[[float, tuple[Score, ...]], None] | None = None
    """Called with the share of the run that is done and the scores on held-out clips."""


SILENT = TrainEvents()
"""No callbacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """What a run made."""

    weights: Path
    """The averaged weights, with config and training record."""
    parameters: int
    iterations: int
    clips_seen: int
    minutes: float
    """Minutes of training, including those before a restart, without reading the footage."""
    scores: tuple[Score, ...]
    """On held-out clips, at the end; empty if none were held out."""
    log: Path
    """What happened when, a JSON object per line."""
    curves: Path | None
    """The log as a drawing."""


def train(
    config: TrainingConfig,
    data: DataReader,
    run: Path,
    *,
    device: torch.device,
    resume: bool = False,
    init: Path | None = None,
    events: TrainEvents = SILENT,
    stop: Callable[[], bool] | None = None,
    started: float | None = None,
    parallel: Parallel = ALONE,
    workers: int | None = None,
) -> TrainReport | None:
    """Train by ``config`` on ``data``, in the folder ``run``.

    Args:
        config: The recipe; with ``resume`` the checkpoint's own recipe is used instead.
        data: Reads the footage.
        run: Where the checkpoint, the weights, the log and the curves go.
        device: Where to train.
        resume: Continue from the checkpoint in ``run``.
        init: A weights file to start from instead of fresh weights; if it holds another network
            than the recipe's, the parts that fit are taken.
        events: Callbacks.
        stop: Asked after every step whether to save a checkpoint and stop.
        started: Value of ``time.monotonic()`` from which ``max_minutes`` count; None is now.
        parallel: This process's place among those that train together.
        workers: Processes that make batches ahead; None lets the device decide.

    Returns:
        What was made; None in every process but the first, the only one that writes files.

    Raises:
        Stopped: ``stop`` said so; the checkpoint is written, and ``resume`` continues from it.
        UsageError: ``run`` holds a run already and ``resume`` is off, or cannot be a folder.
        DatasetError: No usable footage, a broken checkpoint, or a run that diverges.
        WeightsError: A checkpoint or the weights cannot be written.
    """
    started = time.monotonic() if started is None else started
    with _folder_for(run, resume=resume):
        checkpoint = run / CHECKPOINT_NAME if resume else None
        trainer = build_trainer(config, device=device, checkpoint=checkpoint, parallel=parallel)
        if init is not None and not resume:
            _start_from(trainer, init)
        before = last_start(run / LOG_NAME) if resume else {}
        trainer.capture()
        workers = default_workers(device, parallel) if workers is None else workers
        found = _read(data, trainer, before, held_on=torch.device("cpu") if workers else device)
        if found.footage.in_turns:
            workers = 0
        # What reading took belongs to the minutes that the run may take.
        trainer.reserved_seconds = time.monotonic() - started
        with found.footage:
            if not parallel.leads:
                sampler = Sampler(found.footage.stream, trainer.config)
                trainer.run(sampler, workers=workers, stop=stop)
                return None
            scores = _run_recorded(
                trainer, found, run, before=before, workers=workers, events=events, stop=stop
            )
        return _report(trainer, found, scores, run)


def default_workers(device: torch.device, parallel: Parallel = ALONE) -> int:
    """Return how many processes make batches ahead: none for a processor, which has no time over.

    A GPU is fed by all processors but one, shared among the processes that train together.
    """
    if device.type == "cpu":
        return 0
    return min(MOST_WORKERS, ((os.cpu_count() or 1) - 1) // parallel.world)


def _read(
    data: DataReader, trainer: Trainer, before: Event, *, held_on: torch.device
) -> TrainingData:
    """Read the footage: as much as options, an earlier start of the run, or free memory allow."""
    parallel, device = trainer.parallel, trainer.device
    earlier_bytes = before.get("data_memory_bytes")
    budget_bytes = data.memory_bytes or earlier_bytes or data.budget_bytes(held_on)
    return data.read(
        trainer.config,
        device=device,
        held_on=held_on,
        # Processes that hold other clips at other times would not draw the same batch.
        budget_bytes=int(parallel.agree(budget_bytes, device=device)),
        batches_done=trainer.state.iteration,
        validated=parallel.leads,
    )


def _run_recorded(
    trainer: Trainer,
    found: TrainingData,
    run: Path,
    *,
    before: Event,
    workers: int,
    events: TrainEvents,
    stop: Callable[[], bool] | None,
) -> tuple[Score, ...]:
    """Run the loop, with a log, validations and checkpoints -> the last scores."""
    with RunLog(run / LOG_NAME) as log:
        log_start(log, trainer, found, before=before)
        recorder = Recorder(trainer, log, found.validator, on_validation=events.on_validation)
        if events.on_start:
            events.on_start(trainer, found)

        def after_step(step: StepReport) -> None:
            recorder(step)
            if events.on_step:
                events.on_step(step)

        sampler = Sampler(found.footage.stream, trainer.config)
        trainer.run(
            sampler,
            checkpoint=run / CHECKPOINT_NAME,
            workers=workers,
            on_step=after_step,
            stop=stop,
        )
        recorder.finish()
    return recorder.scores


@contextmanager
def _folder_for(run: Path, *, resume: bool) -> Iterator[None]:
    """Make the folder of a run, for the block that writes in it."""
    if (run / CHECKPOINT_NAME).exists() and not resume:
        raise UsageError(
            f"{run} holds a run already", hint="continue it with --resume, or choose another -o"
        )
    with ExitStack() as stack:
        try:
            stack.enter_context(made_folder(run))
        except OSError as error:
            raise UsageError(
                f"cannot make the folder {run}: {error.strerror or error}", hint="choose another -o"
            ) from error
        yield


def _start_from(trainer: Trainer, init: Path) -> None:
    """Begin with the weights in a file: all of them, or the parts that fit another network."""
    state, config, _ = read_network(init)
    if config != trainer.config.network:
        fresh = trainer.network.state_dict()
        fitting = [part for part in NETWORK_PARTS if _part(state, part) == _part(fresh, part)]
        if not fitting:
            raise UsageError(
                f"{init} holds another network than the recipe, and no part of it fits",
                hint="train with the recipe that made it, or without --init",
            )
        taken = tuple(f"{part}." for part in fitting)
        state = fresh | {name: w for name, w in state.items() if name.startswith(taken)}
        _log.warning(
            "%s holds another network: its %s is taken over, the rest starts from random weights",
            init,
            ", ".join(fitting),
        )
    try:
        trainer.start_from(state)
    except ValueError as error:
        raise WeightsError(
            f"{init} does not fit its own network: {error}",
            hint="give another file with --init, or train without it",
        ) from error


def _part(state: Mapping[str, Tensor], part: str) -> dict[str, torch.Size]:
    """Return the shapes of one part's weights by name."""
    return {name: w.shape for name, w in state.items() if name.startswith(f"{part}.")}


def _report(
    trainer: Trainer, found: TrainingData, scores: tuple[Score, ...], run: Path
) -> TrainReport:
    """Write the averaged weights with their record, and the curves."""
    network = RecurrentNetwork(trainer.config.network)
    network.load_state_dict({name: w.cpu() for name, w in trainer.average.weights.items()})
    record = training_record(
        trainer.config,
        iterations=trainer.state.iteration,
        clips_seen=trainer.state.clips_seen,
        seconds=trainer.state.seconds,
        footage=str(found.footage),
        scores=scores,
        machine=trained_on(trainer.device),
    )
    save_network(network.state_dict(), trainer.config.network, run / WEIGHTS_NAME, record=record)
    curves, log = run / CURVES_NAME, run / LOG_NAME
    try:
        drawn = write_curves(log, curves)
    except OSError as error:
        _log.warning("cannot write %s: %s", curves, error.strerror or error)
        drawn = False
    return TrainReport(
        weights=run / WEIGHTS_NAME,
        parameters=sum(p.numel() for p in network.parameters()),
        iterations=trainer.state.iteration,
        clips_seen=trainer.state.clips_seen,
        minutes=trainer.state.seconds / 60,
        scores=scores,
        log=log,
        curves=curves if drawn else None,
    )


def training_record(
    config: TrainingConfig,
    *,
    iterations: int,
    clips_seen: int,
    seconds: float,
    footage: str,
    scores: Sequence[Score],
    machine: Mapping[str, str],
) -> dict[str, str]:
    """Return the training record of a weights file."""
    if config.teacher is not None:
        # Weights are published: they must not reveal where their teacher was stored.
        config = replace(config, teacher=Path(config.teacher).name)
    record = {
        "recipe": repr(config),
        "dtype": config.dtype,
        "footage": footage,
        "iterations": str(iterations),
        "clips seen": str(clips_seen),
        "minutes": f"{seconds / 60:.1f}",
        **machine,
    }
    if scores:
        record["validation"] = ", ".join(map(str, scores))
    return record
