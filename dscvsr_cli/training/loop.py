"""The training loop, told from top to bottom."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dscvsr_cli.errors import DatasetError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.checkpoint import (
    RunState,
    WeightAverage,
    load_checkpoint,
    save_checkpoint,
)
from dscvsr_cli.training.config import TrainingConfig
from dscvsr_cli.training.losses import charbonnier, photometric
from dscvsr_cli.training.sampler import Batch, Sampler
from dscvsr_cli.training.schedule import learning_rate, progress, sequence_length

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 120.0
MAX_SKIPPED_STEPS = 20
"""Steps in a row with a non-finite loss that a run bears; it gives up at the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One finished step."""

    iteration: int
    loss: float
    """What ``Trainer.step`` returned."""
    learning_rate: float
    progress: float
    """Share of the run that lies behind, in [0, 1]."""
    clips_seen: int
    seconds: float
    """Of training so far, restarts included."""


class Trainer:
    """One run: its network, optimiser, average and place in the schedule."""

    def __init__(self, config: TrainingConfig, *, device: torch.device) -> None:
        """Build fresh weights from the config's seed."""
        self.config = config
        self.device = device
        self.state = RunState()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            network = RecurrentNetwork(config.network)
        self.network = network.to(device)
        # torch's stubs leave out this form of to().
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = WeightAverage(dict(self.network.named_parameters()), config.average_decay)
        motion = list(self.network.motion.parameters())
        others = [p for name, p in self.network.named_parameters() if not _is_motion(name)]
        self.optimizer = torch.optim.Adam(
            [{"params": others}, {"params": motion}], betas=(0.9, 0.99)
        )
        self.generator = torch.Generator().manual_seed(config.seed)

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        """Begin with given weights instead of fresh ones.

        Raises:
            ValueError: They belong to another network.
        """
        try:
            self.network.load_state_dict(dict(state))
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        weights = dict(self.network.named_parameters())
        self.average = WeightAverage(weights, self.config.average_decay)

    def run(
        self,
        sampler: Sampler,
        *,
        checkpoint: Path | None = None,
        on_step: Callable[[StepReport], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Train to the end of the schedule, saving to ``checkpoint`` on the way and at the end.

        Raises:
            DatasetError: The loss was not finite more than ``MAX_SKIPPED_STEPS`` times in a row.
        """
        last = saved = clock()
        skipped = 0
        while (done := self.progress()) < 1.0:
            rate = learning_rate(
                done,
                peak=self.config.learning_rate,
                final=self.config.final_learning_rate,
                warmup=self.config.warmup,
            )
            length = sequence_length(done, self.config.sequence)
            loss = self.step(sampler.draw(length, self.generator), rate)
            skipped = 0 if math.isfinite(loss) else skipped + 1
            if skipped > MAX_SKIPPED_STEPS:
                raise DatasetError(
                    f"the loss was not finite {skipped} times in a row",
                    hint="lower learning_rate, or resume from the last checkpoint",
                )
            now = clock()
            self.state.seconds += now - last
            last = now
            if on_step:
                on_step(self._report(loss, rate, done))
            if checkpoint and now - saved > CHECKPOINT_SECONDS:
                self.save(checkpoint)
                saved = now
        if checkpoint:
            self.save(checkpoint)

    def progress(self) -> float:
        """Return the share of the run that lies behind."""
        return progress(
            iteration=self.state.iteration,
            iterations=self.config.iterations,
            seconds=self.state.seconds,
            max_minutes=self.config.max_minutes,
        )

    def step(self, batch: Batch, rate: float) -> float:
        """Learn from one batch; a step whose loss or gradient is not finite changes nothing.

        Returns:
            The pictures' Charbonnier loss, or the frames' mismatch while the flow alone learns;
            nan where the step was skipped.
        """
        low, high = batch.low.to(self.device), batch.high.to(self.device)
        motion_alone = self.progress() < self.config.motion_first
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bfloat16):
            loss, total = self._flow_loss(low) if motion_alone else self._losses(low, high)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_norm)
        # Both, for the root of a square that overflows has a gradient of zero.
        finite = bool(torch.isfinite(norm) & torch.isfinite(total.detach()))
        if finite:
            others, motion = self.optimizer.param_groups
            others["lr"] = rate
            motion["lr"] = rate if motion_alone else rate * self.config.motion_rate
            self.optimizer.step()
            self.average.update(dict(self.network.named_parameters()), self.state.iteration)
        else:
            logger.warning("step %d skipped: not finite", self.state.iteration)
        self.state.iteration += 1
        self.state.clips_seen += low.shape[0]
        return float(loss.detach()) if finite else math.nan

    def _flow_loss(self, low: Tensor) -> tuple[Tensor, Tensor]:
        """Match all neighbouring frames -> that loss, twice."""
        loss = photometric(self.network.motion, low[:, :-1].flatten(0, 1), low[:, 1:].flatten(0, 1))
        return loss, loss

    def _losses(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Enlarge and compare -> the pictures' loss, and all that is minimised."""
        pictures = charbonnier(self.network(low, Size(high.shape[-2], high.shape[-1])), high)
        if not self.config.motion_weight:
            return pictures, pictures
        pair = self.state.iteration % (low.shape[1] - 1)
        flow = photometric(self.network.motion, low[:, pair], low[:, pair + 1])
        return pictures, pictures + self.config.motion_weight * flow

    def save(self, path: Path) -> None:
        """Write the whole run, from which ``resume`` goes on as if nothing had happened."""
        values: dict[str, Any] = {
            "config": self.config.to_values(),
            "state": asdict(self.state),
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
        }
        save_checkpoint(path, values)

    @classmethod
    def resume(cls, path: Path, *, device: torch.device) -> "Trainer":
        """Rebuild a run from its checkpoint, recipe included.

        Raises:
            DatasetError: The file is missing or is not a checkpoint.
        """
        values = load_checkpoint(path)
        try:
            trainer = cls(TrainingConfig.from_values(values["config"]), device=device)
            trainer.state = RunState(**values["state"])
            trainer.network.load_state_dict(values["network"])
            trainer.average.weights = {k: v.to(device) for k, v in values["average"].items()}
            trainer.optimizer.load_state_dict(values["optimizer"])
            trainer.generator.set_state(values["generator"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise DatasetError(
                f"{path} is not a checkpoint of this version: {error}",
                hint="start the run without --resume",
            ) from error
        return trainer

    def _report(self, loss: float, rate: float, done: float) -> StepReport:
        return StepReport(
            iteration=self.state.iteration,
            loss=loss,
            learning_rate=rate,
            progress=done,
            clips_seen=self.state.clips_seen,
            seconds=self.state.seconds,
        )


def _is_motion(name: str) -> bool:
    return name.startswith("motion.")
