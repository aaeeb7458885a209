"""The recorder: means over the steps of a line, and moments that a resumed run does not repeat."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.recorder import LOG_EVERY_STEPS, Recorder, write_curves
from dscvsr_cli.training.run_log import RunLog, read_log
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.training.validation import Validator

CPU = torch.device("cpu")


@pytest.fixture
def trainer(tiny_recipe: TrainingConfig) -> Trainer:
    return Trainer(tiny_recipe, device=CPU)


def take_step(trainer: Trainer, recorder: Recorder, **losses: float) -> None:
    """Let a step have happened: one second, four clips."""
    progress = trainer.progress()
    trainer.state.iteration += 1
    trainer.state.seconds += 1.0
    trainer.state.clips_seen += 4
    recorder(
        StepReport(
            iteration=trainer.state.iteration,
            losses=losses,
            learning_rate=1e-3,
            progress=progress,
            clips_seen=trainer.state.clips_seen,
            seconds=trainer.state.seconds,
        )
    )


def test_a_line_holds_the_means_of_its_steps_alone(trainer: Trainer, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        recorder = Recorder(trainer, log, None)
        for step in range(LOG_EVERY_STEPS):
            take_step(trainer, recorder, pictures=float(step), total=float(step))
        take_step(trainer, recorder, motion=4.0, total=5.0)
        take_step(trainer, recorder, motion=9.0, total=math.nan)
        take_step(trainer, recorder, motion=6.0, total=8.0)
        recorder.finish()
    first, last, end = read_log(path)
    mean = (LOG_EVERY_STEPS - 1) / 2
    assert first["iteration"] == LOG_EVERY_STEPS
    assert first["losses"] == {"pictures": mean, "total": mean}
    assert (last["iteration"], last["skipped_steps"]) == (LOG_EVERY_STEPS + 3, 1)
    assert last["losses"] == {"motion": 5.0, "total": 6.5}
    assert first["samples_per_second"] == last["samples_per_second"] == 4.0
    assert (end["event"], end["iteration"]) == ("end", LOG_EVERY_STEPS + 3)


def test_a_window_without_a_good_step_is_logged_without_losses(
    trainer: Trainer, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        recorder = Recorder(trainer, log, None)
        take_step(trainer, recorder, total=math.nan)
        recorder.finish()
    assert read_log(path)[0]["losses"] == {}
    assert write_curves(path, tmp_path / "curves.svg")


def test_moments_that_lie_behind_a_resumed_run_are_not_repeated(
    trainer: Trainer, moving_clip: Tensor, tmp_path: Path
) -> None:
    # Twelve steps and ten moments, of which the first five steps pass four.
    trainer.state.iteration = 5
    told: list[float] = []
    with RunLog(tmp_path / "log.jsonl") as log:
        recorder = Recorder(
            trainer,
            log,
            Validator([moving_clip[:2]], device=CPU),
            on_validation=lambda progress, _: told.append(progress),
        )
        while trainer.progress() < 1.0:
            take_step(trainer, recorder, total=1.0)
    assert told == [step / 12 for step in (6, 8, 9, 10, 11, 12)]
    assert len(recorder.scores) == 2


def test_the_averaged_weights_are_what_is_measured(
    trainer: Trainer, moving_clip: Tensor, tmp_path: Path
) -> None:
    validator = Validator([moving_clip[:3]], device=CPU)
    for weight in trainer.average.weights.values():
        weight.add_(0.05)
    wanted = Trainer(trainer.config, device=CPU)
    wanted.network.load_state_dict(trainer.average.weights)
    with RunLog(tmp_path / "log.jsonl") as log:
        recorder = Recorder(trainer, log, validator)
        trainer.state.iteration = trainer.config.iterations - 1
        take_step(trainer, recorder, total=1.0)
    assert recorder.scores == validator.measure(wanted.network)
    assert recorder.scores != validator.measure(trainer.network)


def test_without_a_log_there_are_no_curves(tmp_path: Path) -> None:
    assert not write_curves(tmp_path / "nothing.jsonl", tmp_path / "curves.svg")
    assert not (tmp_path / "curves.svg").exists()
