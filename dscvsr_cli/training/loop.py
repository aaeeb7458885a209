"""The training loop: draw a batch, take a step, report it, save now and then."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from dscvsr_cli.errors import DatasetError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.capture import CapturedPasses
from dscvsr_cli.training.checkpoint import (
    RunState,
    WeightAverage,
    load_checkpoint,
    save_checkpoint,
)
from dscvsr_cli.training.data.noise import noise_level
from dscvsr_cli.training.data.prefetch import batches
from dscvsr_cli.training.data.sampler import Batch, BatchPlan, Sampler
from dscvsr_cli.training.dtype import agree_on_dtype
from dscvsr_cli.training.fresh import build_optimizer, fresh_network
from dscvsr_cli.training.objective.blockwise import TeacherTrace
from dscvsr_cli.training.objective.objective import Objective
from dscvsr_cli.training.objective.perceptual import PerceptualLoss
from dscvsr_cli.training.parallel import ALONE, Parallel
from dscvsr_cli.training.schedule import (
    TrainingPhase,
    learning_rate,
    periodic_rate,
    phase,
    progress,
    sequence_length,
)
from dscvsr_cli.training.shared_objective import SharedObjective
from dscvsr_cli.training.step_report import StepReport, Stopped
from dscvsr_cli.training.training_config import TrainingConfig

_log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 120.0
LEAST_SHARE_OF_STEPS = 0.1
"""Share of ``max_minutes`` that is for steps, however long reading takes."""
MAX_SKIPPED_STEPS = 20
"""Steps in a row with a non-finite loss that a run tolerates; it stops at the next one."""


class Trainer:
    """One run: its network, optimiser, average and place in the schedule."""

    def __init__(
        self,
        config: TrainingConfig,
        *,
        device: torch.device,
        teacher: RecurrentNetwork | None = None,
        perceptual: PerceptualLoss | None = None,
        parallel: Parallel = ALONE,
    ) -> None:
        """Build fresh weights from the config's seed.

        Args:
            config: The recipe; ``self.config`` is the same with "auto" resolved for ``device``.
            device: Where to train.
            teacher: Its features, flow or pictures are learned, as the recipe says.
            perceptual: VGG-19, if the recipe gives it a weight.
            parallel: This process's place among those that train together.

        Raises:
            ValueError: The teacher does not match, or the batch cannot be shared out.
        """
        # Resolved here and saved so: a run that resumes elsewhere keeps the dtype it started with.
        self.config = config = replace(config, dtype=agree_on_dtype(config.dtype, device, parallel))
        self.device = device
        self.parallel = parallel
        self.state = RunState()
        self.reserved_seconds = 0.0
        """Part of ``max_minutes`` that is not for steps: reading before, a validation after."""
        self._step_seconds = 0.0
        self.network = fresh_network(config).to(device)
        self.average = WeightAverage(dict(self.network.named_parameters()), config.average_decay)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            objective = Objective(config, self.network, teacher=teacher, perceptual=perceptual)
        self.objective = objective.to(device)
        self.optimizer = build_optimizer(config, self.network, objective)
        self.losses = SharedObjective(self.objective, parallel)
        parallel.share(config.batch)
        self.generator = torch.Generator().manual_seed(config.seed)
        self._drawn = self.generator.get_state()
        """Where the generator stood when the last batch that was used had been drawn."""

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        """Start from given weights instead of fresh ones.

        Raises:
            ValueError: They belong to another network.
        """
        try:
            self.network.load_state_dict(dict(state))
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        weights = dict(self.network.named_parameters())
        self.average = WeightAverage(weights, self.config.average_decay)

    def capture(self) -> None:
        """Replay the network's passes as CUDA graphs from now on, if that can be.

        It can for a process that trains alone on a CUDA device without a teacher, whose features
        are collected where the network runs step by step.
        """
        alone = self.parallel.world == 1 and self.objective.teacher is None
        if self.device.type == "cuda" and alone:
            half = self.config.dtype == "bfloat16"
            self.objective.passes = CapturedPasses(self.network, bfloat16=half)

    def run(
        self,
        sampler: Sampler,
        *,
        checkpoint: Path | None = None,
        workers: int = 0,
        on_step: Callable[[StepReport], None] | None = None,
        stop: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Train to the end of the schedule, saving to ``checkpoint`` on the way and at the end.

        Args:
            sampler: Draws the batches.
            checkpoint: The file to save to; None saves nothing.
            workers: Processes that make batches ahead (see ``prefetch``).
            on_step: Called after every step.
            stop: Asked after every step whether to save and stop early.
            clock: Seconds that only grow.

        Raises:
            Stopped: ``stop`` said so; the checkpoint is written.
            DatasetError: The loss was not finite more than ``MAX_SKIPPED_STEPS`` times in a row.
        """
        last = saved = clock()
        skipped = 0
        share = self.parallel.share(self.config.batch)
        made = batches(sampler, self._plans(sampler), share, workers=workers, device=self.device)
        while self._goes_on():
            plan, batch = next(made)
            done = self.progress()
            rate = self._rate(done)
            losses = self.step(batch, rate)
            self._drawn = plan.after
            skipped = 0 if math.isfinite(losses["total"]) else skipped + 1
            if skipped > MAX_SKIPPED_STEPS:
                raise DatasetError(
                    f"the loss was not finite {skipped} times in a row",
                    hint="lower learning_rate, or resume from the last checkpoint",
                )
            now = clock()
            self._step_seconds = self.parallel.agree(now - last, device=self.device)
            self.state.seconds += self._step_seconds
            last = now
            if on_step:
                on_step(self._report(losses, rate, done))
            stopped = stop is not None and stop()
            due = stopped or now - saved > CHECKPOINT_SECONDS
            if checkpoint and self.parallel.leads and due:
                self.save(checkpoint)
                saved = now
            if stopped:
                raise Stopped(self.state.iteration)
        if checkpoint and self.parallel.leads:
            self.save(checkpoint)

    def _plans(self, sampler: Sampler) -> Iterator[BatchPlan]:
        """Draw what decides the next batches, without end."""
        while True:
            done = self.progress()
            yield sampler.plan(
                sequence_length(done, self.config.sequence),
                self.generator,
                noise=noise_level(done, peak=self.config.noise, until=self.config.noise_until),
            )

    def _rate(self, done: float) -> float:
        peak, final = self.config.learning_rate, self.config.final_learning_rate
        if self.config.cosine_period is not None:
            return periodic_rate(
                self.state.iteration, period=self.config.cosine_period, peak=peak, final=final
            )
        return learning_rate(done, peak=peak, final=final, warmup=self.config.warmup)

    def progress(self) -> float:
        """Return the share of the run that is done, in [0, 1]."""
        limit = self.config.max_minutes
        if limit is not None and self.reserved_seconds:
            # The last step is not started when less than half of it fits.
            kept = (self.reserved_seconds + self._step_seconds / 2) / 60
            limit = max(limit - kept, limit * LEAST_SHARE_OF_STEPS)
        return progress(
            iteration=self.state.iteration,
            iterations=self.config.iterations,
            seconds=self.state.seconds,
            max_minutes=limit,
        )

    def _goes_on(self) -> bool:
        """Return whether there is another step, the same in all processes."""
        if self.config.max_minutes is not None and self.parallel.world > 1:
            # All must end together, so they keep as much time free as the first.
            self.reserved_seconds = self.parallel.agree(self.reserved_seconds, device=self.device)
        return self.progress() < 1.0

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Learn from one batch, in many small steps while the parts learn apart.

        If the loss or the gradient is not finite, nothing changes.

        Returns:
            The parts of the loss by name, unweighted, and their weighted "total", averaged over all
            processes and small steps; the total is nan if one was skipped.
        """
        batch = batch.to(self.device)
        now = phase(
            self.progress(),
            motion_first=self.config.motion_first,
            apart_first=self.config.apart_first,
            distill_until=self.config.distill_until,
        )
        traces = self._traces(batch) if now == "apart" else iter((None,))
        found = [self._learn(batch, rate, now, trace) for trace in traces]
        self.state.iteration += 1
        self.state.clips_seen += self.config.batch
        return {name: fmean(losses[name] for losses in found) for name in found[0]}

    def _autocast(self) -> torch.autocast:
        half = self.config.dtype == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)

    def _traces(self, batch: Batch) -> Iterator[TeacherTrace]:
        with self._autocast():
            trace = self.objective.trace_teacher(batch.low, batch.high)
        # A generator of its own: the run's may be some batches ahead.
        generator = torch.Generator().manual_seed(self.config.seed + self.state.iteration)
        return trace.parts(self.config.apart_frames, self.config.apart_repeats, generator)

    def _learn(
        self, batch: Batch, rate: float, now: TrainingPhase, trace: TeacherTrace | None
    ) -> dict[str, float]:
        with self._autocast():
            losses = self.losses(batch, iteration=self.state.iteration, phase=now, trace=trace)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["total"])
        learning = (w for group in self.optimizer.param_groups for w in group["params"])
        norm = torch.nn.utils.clip_grad_norm_(learning, self.config.gradient_norm)
        # All in one tensor: every number fetched separately makes a GPU wait.
        parts = torch.stack([part.detach().float() for part in losses.values()])
        means = dict(zip(losses, self.parallel.mean(parts).tolist(), strict=True))
        # Check both: the root of a square that overflows has a gradient of zero.
        finite = bool(torch.isfinite(norm)) and math.isfinite(means["total"])
        if finite:
            others, motion = self.optimizer.param_groups
            others["lr"] = rate
            motion["lr"] = rate if now == "motion" else rate * self.config.motion_rate
            self.optimizer.step()
            self.average.update(dict(self.network.named_parameters()), self.state.iteration)
        else:
            _log.warning("step %d skipped: not finite", self.state.iteration)
            means["total"] = math.nan
        return means

    def save(self, path: Path) -> None:
        """Write the whole run; ``resume`` continues from it as if nothing had happened."""
        values: dict[str, Any] = {
            "config": self.config.to_values(),
            "state": asdict(self.state),
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "optimizer": self.optimizer.state_dict(),
            "generator": self._drawn,
        }
        if self.objective.distillation is not None:
            values["distillation"] = self.objective.distillation.state_dict()
        save_checkpoint(path, values)

    @classmethod
    def resume(
        cls,
        path: Path,
        *,
        device: torch.device,
        teacher: RecurrentNetwork | None = None,
        perceptual: PerceptualLoss | None = None,
        parallel: Parallel = ALONE,
    ) -> "Trainer":
        """Rebuild a run from its checkpoint, recipe included; a teacher must be the same again.

        Raises:
            DatasetError: The file is missing or is not a checkpoint.
        """
        values = load_checkpoint(path)
        try:
            trainer = cls(
                TrainingConfig.from_values(values["config"]),
                device=device,
                teacher=teacher,
                perceptual=perceptual,
                parallel=parallel,
            )
            trainer.state = RunState(**values["state"])
            trainer.network.load_state_dict(values["network"])
            trainer.average.weights = {k: v.to(device) for k, v in values["average"].items()}
            trainer.optimizer.load_state_dict(values["optimizer"])
            trainer._drawn = values["generator"]
            trainer.generator.set_state(trainer._drawn)
            if trainer.objective.distillation is not None:
                trainer.objective.distillation.load_state_dict(values["distillation"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise DatasetError(
                f"{path} is not a checkpoint of this version: {error}",
                hint="start the run without --resume",
            ) from error
        return trainer

    def _report(self, losses: dict[str, float], rate: float, done: float) -> StepReport:
        return StepReport(
            iteration=self.state.iteration,
            losses=losses,
            learning_rate=rate,
            progress=done,
            clips_seen=self.state.clips_seen,
            seconds=self.state.seconds,
        )
