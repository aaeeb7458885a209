"""Estimate a training run: sizes, memory and time, from a few real steps that are thrown away."""

import time
from dataclasses import dataclass

import torch

from dscvsr_cli.benchmarking.cost import multiply_adds_per_pixel
from dscvsr_cli.engine.memory import peak_held_bytes
from dscvsr_cli.pipelines.train.build_trainer import build_trainer
from dscvsr_cli.pipelines.train.data import DataReader
from dscvsr_cli.training.data.sampler import Sampler
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.schedule import sequence_length
from dscvsr_cli.training.training_config import TrainingConfig

TIMED_STEPS = 10
COUNTED_SCALES = (2.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What a run would take."""

    footage: str
    held_out: int
    """Clips that would not be learned from."""
    skipped: int
    """Items of the data that are of no use."""
    notes: tuple[str, ...]
    parameters: int
    multiply_adds_per_pixel: dict[str, float]
    """Multiply-adds of one frame inside a clip, per input pixel, by scale."""
    device: str
    dtype: str
    """dtype of the convolutions; the weights are float32."""
    footage_bytes: int
    """Memory of the footage, on the device."""
    peak_bytes: int | None
    """Peak memory of the process (on CUDA, of the device); None if it cannot be measured."""
    seconds_per_step: float
    """Mean over steps spread evenly over the run; the sampling of clips is in it."""
    sampling_share: float
    """Share of that spent on making the clips."""
    samples_per_second: float
    iterations: int
    """Steps that the run would have."""
    minutes: float
    """Time that the run would take, without reading and validation."""


def plan_training(
    config: TrainingConfig, data: DataReader, *, device: torch.device
) -> TrainingPlan:
    """Read the data, take ``TIMED_STEPS`` real steps spread over the schedule, and extrapolate.

    Nothing is written, and the network is thrown away.

    Raises:
        DatasetError: No usable footage.
    """
    found = data.read(
        config, device=device, budget_bytes=data.budget_bytes(device), validated=False
    )
    trainer = build_trainer(config, device=device)
    trainer.capture()
    with found.footage:
        drawing, stepping = _time_steps(trainer, Sampler(found.footage.stream, config))
    each = (drawing + stepping) / TIMED_STEPS
    by_clock = config.max_minutes * 60 / each if config.max_minutes else float(config.iterations)
    iterations = max(1, min(config.iterations, round(by_clock)))
    return TrainingPlan(
        footage=str(found.footage),
        held_out=found.held_out,
        skipped=len(found.skipped),
        notes=found.notes,
        parameters=sum(p.numel() for p in trainer.network.parameters()),
        multiply_adds_per_pixel={
            f"x{scale:g}": multiply_adds_per_pixel(config.network, scale)
            for scale in COUNTED_SCALES
        },
        device=str(device),
        dtype=trainer.config.dtype,
        footage_bytes=found.footage.held_bytes,
        peak_bytes=peak_held_bytes(device),
        seconds_per_step=each,
        sampling_share=drawing / (drawing + stepping),
        samples_per_second=config.batch / each,
        iterations=iterations,
        minutes=iterations * each / 60,
    )


def _time_steps(trainer: Trainer, sampler: Sampler) -> tuple[float, float]:
    """Time steps at places spread over the run -> seconds of drawing, and of learning."""
    drawing = stepping = 0.0
    for place in range(-1, TIMED_STEPS):
        # The first one warms up and is not counted. Clips grow longer during a run, and the flow
        # may learn alone at first, so every tenth of the run has its own step.
        done = max(0, place) / TIMED_STEPS
        trainer.state.iteration = int(done * trainer.config.iterations)
        start = time.perf_counter()
        batch = sampler.draw(sequence_length(done, trainer.config.sequence), trainer.generator)
        _finish(trainer.device)
        drawn = time.perf_counter()
        trainer.step(batch, trainer.config.final_learning_rate)
        _finish(trainer.device)
        if place >= 0:
            drawing += drawn - start
            stepping += time.perf_counter() - drawn
    return drawing, stepping


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
