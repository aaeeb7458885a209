"""Recorder: watches a run; writes its log, measures held-out clips at set moments, draws curves."""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from dscvsr_cli.durable import write_durably
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.curves import draw_curves
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.run_log import RunLog, read_log
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.validation import Score, Validator, is_due

LOG_EVERY_STEPS = 50

_MOST_VALIDATION = 0.2
"""Share of a run's time that validations before its end may take."""


class Recorder:
    """Call it after every step."""

    def __init__(
        self,
        trainer: Trainer,
        log: RunLog,
        validator: Validator | None,
        *,
        on_validation: Callable[[float, tuple[Score, ...]], None] | None = None,
    ) -> None:
        """Watch ``trainer`` from where it stands.

        Args:
            trainer: The run.
            log: Where to write.
            validator: What to be measured on; None leaves that out.
            on_validation: Called with the share of the run that is done, and the scores.
        """
        self.scores: tuple[Score, ...] = ()
        """The latest ones."""
        self._trainer, self._log, self._validator = trainer, log, validator
        self._on_validation = on_validation
        self._progress = trainer.progress()
        self._reserved = trainer.reserved_seconds
        self._validating = 0.0
        self._window = _Window(trainer)
        # The weights that a run gives are the averaged ones, so those are measured.
        self._network = RecurrentNetwork(trainer.config.network).to(trainer.device)

    def __call__(self, step: StepReport) -> None:
        """Take note of a step; measure if it is time to."""
        self._window.add(step)
        if step.iteration % LOG_EVERY_STEPS == 0:
            self._flush()
        before, self._progress = self._progress, self._trainer.progress()
        times = self._trainer.config.validations
        if self._validator is None or not is_due(before, self._progress, times=times):
            return
        affordable = self._validating <= _MOST_VALIDATION * self._trainer.state.seconds
        if affordable or self._progress >= 1.0:
            self._validate(self._validator)

    def finish(self) -> None:
        """Write what is left, and the end."""
        self._flush()
        state = self._trainer.state
        self._log.write("end", iteration=state.iteration, seconds=round(state.seconds, 3))

    def _validate(self, validator: Validator) -> None:
        started = time.monotonic()
        self._network.load_state_dict(self._trainer.average.weights)
        self.scores = validator.measure(self._network)
        seconds = time.monotonic() - started
        self._validating += seconds
        # The last one comes after the last step, and belongs to the time that the run may take.
        self._trainer.reserved_seconds = self._reserved + seconds
        scores = [
            {"scale": s.scale, "psnr_y": s.psnr_y, "bicubic_psnr_y": s.bicubic_psnr_y}
            for s in self.scores
        ]
        self._log.write("validation", iteration=self._trainer.state.iteration, scores=scores)
        if self._on_validation:
            self._on_validation(self._progress, self.scores)

    def _flush(self) -> None:
        if self._window.steps:
            self._log.write("steps", **self._window.summary())
            self._window = _Window(self._trainer)


class _Window:
    """The steps since the last line of the log."""

    def __init__(self, trainer: Trainer) -> None:
        self.steps = 0
        self._seconds, self._clips = trainer.state.seconds, trainer.state.clips_seen
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)
        self._skipped = 0
        self._last: StepReport | None = None

    def add(self, step: StepReport) -> None:
        self.steps += 1
        self._last = step
        if not math.isfinite(step.losses["total"]):
            self._skipped += 1
            return
        for name, value in step.losses.items():
            self._sums[name] += value
            self._counts[name] += 1

    def summary(self) -> dict[str, object]:
        step = self._last
        if step is None:
            return {}
        seconds = step.seconds - self._seconds
        return {
            "iteration": step.iteration,
            "losses": {name: self._sums[name] / self._counts[name] for name in self._sums},
            "skipped_steps": self._skipped,
            "learning_rate": step.learning_rate,
            "progress": round(step.progress, 6),
            "samples_per_second": round((step.clips_seen - self._clips) / max(seconds, 1e-9), 3),
            "clips_seen": step.clips_seen,
            "seconds": round(step.seconds, 3),
        }


def write_curves(log: Path, target: Path) -> bool:
    """Draw the curves of a log into an SVG file; False if there is nothing to draw.

    Raises:
        OSError: The file cannot be written.
    """
    drawn = draw_curves(read_log(log))
    if drawn is not None:
        write_durably(target, drawn.encode())
    return drawn is not None
