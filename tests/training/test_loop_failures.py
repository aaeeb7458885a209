"""The loop survives steps that are not finite, and refuses a checkpoint that is not its own."""

import logging
import math
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from dscvsr_cli.errors import DatasetError
from dscvsr_cli.training.checkpoint import load_checkpoint, save_checkpoint
from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.sampler import Batch, BatchPlan, Sampler
from dscvsr_cli.training.loop import MAX_SKIPPED_STEPS, Trainer
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.training_config import TrainingConfig
from tests.training.loops import CPU, FakeClock, assert_same_to_the_bit, everything


def broken_batch(kind: str) -> Batch:
    low, high = torch.rand(2, 3, 3, 8, 8), torch.rand(2, 3, 3, 16, 16)
    if kind == "input":
        low[0, 1, 2, 3, 4] = math.nan
    elif kind == "target":
        high[0, 0, 0, 0, 0] = math.nan
    else:
        high[0, 0, 0, 0, 0] = 1e30  # finite itself, its square is not
    return Batch(low, high)


@pytest.mark.parametrize("kind", ["input", "target", "overflow"])
def test_a_step_that_is_not_finite_changes_nothing(
    footage: Footage, tiny_recipe: TrainingConfig, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = Trainer(tiny_recipe, device=CPU)
    sampler = Sampler(footage, tiny_recipe)
    trainer.step(sampler.draw(3, trainer.generator), 1e-3)
    before = everything(trainer)
    with caplog.at_level(logging.WARNING, logger="dscvsr_cli"):
        assert math.isnan(trainer.step(broken_batch(kind), 1e-3)["total"])
    assert_same_to_the_bit(everything(trainer), before)
    assert trainer.state.iteration == 2
    assert "step 1 skipped" in caplog.text
    assert math.isfinite(trainer.step(sampler.draw(3, trainer.generator), 1e-3)["total"])


class Faulty(Sampler):
    """Draws broken batches at chosen steps."""

    def __init__(self, footage: Footage, config: TrainingConfig, broken: set[int]) -> None:
        super().__init__(footage, config)
        self._steps = count()
        self._broken = broken

    def make(self, plan: BatchPlan, share: range | None = None) -> Batch:
        good = super().make(plan, share)
        return broken_batch("target") if next(self._steps) in self._broken else good


def test_a_run_that_stays_broken_gives_up_and_keeps_its_last_checkpoint(
    footage: Footage, tiny_recipe: TrainingConfig, tmp_path: Path
) -> None:
    config = replace(tiny_recipe, iterations=1000)
    path = tmp_path / "checkpoint.pt"
    seen: list[StepReport] = []
    trainer = Trainer(config, device=CPU)
    trainer.save(path)
    sampler = Faulty(footage, config, set(range(2, 1000)))
    with pytest.raises(DatasetError, match="not finite") as caught:
        trainer.run(sampler, checkpoint=path, on_step=seen.append, clock=FakeClock(0.0))
    assert "learning_rate" in caught.value.hint
    assert trainer.state.iteration == 2 + MAX_SKIPPED_STEPS + 1
    assert len(seen) == 2 + MAX_SKIPPED_STEPS
    assert load_checkpoint(path)["state"]["iteration"] == 0


def test_broken_steps_among_good_ones_do_not_end_a_run(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    config = replace(tiny_recipe, iterations=MAX_SKIPPED_STEPS + 14)
    broken = set(range(config.iterations)) - {0, MAX_SKIPPED_STEPS + 1, config.iterations - 1}
    trainer = Trainer(config, device=CPU)
    seen: list[StepReport] = []
    trainer.run(Faulty(footage, config, broken), on_step=seen.append, clock=FakeClock())
    assert trainer.state.iteration == config.iterations
    assert sum(math.isfinite(report.losses["total"]) for report in seen) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values.pop("optimizer"),
        lambda values: values["config"].update(patchs=3),
        lambda values: values["state"].update(epoch=3),
        lambda values: values["network"].popitem(),
        lambda values: values.update(average=3),
        lambda values: values.update(generator=torch.zeros(3)),
    ],
)
def test_a_checkpoint_of_another_kind_is_reported(
    tiny_recipe: TrainingConfig, tmp_path: Path, damage: Any
) -> None:
    path = tmp_path / "checkpoint.pt"
    Trainer(tiny_recipe, device=CPU).save(path)
    values = load_checkpoint(path)
    damage(values)
    save_checkpoint(path, values)
    with pytest.raises(DatasetError, match="not a checkpoint of this version"):
        Trainer.resume(path, device=CPU)
