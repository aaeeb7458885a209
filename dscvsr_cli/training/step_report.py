"""What the training loop reports: a finished step, and that it was stopped between two."""

from dataclasses import dataclass


class Stopped(KeyboardInterrupt):
    """The run was stopped between two steps, and its checkpoint is written."""

    def __init__(self, iteration: int) -> None:
        super().__init__(f"stopped after step {iteration}")
        self.iteration = iteration


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One finished step."""

    iteration: int
    losses: dict[str, float]
    """What ``Trainer.step`` returned."""
    learning_rate: float
    progress: float
    """Share of the run that is done, in [0, 1]."""
    clips_seen: int
    seconds: float
    """Seconds of training so far, restarts included."""
