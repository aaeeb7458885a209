"""The loop: it learns, resumes bit for bit, and keeps its schedule."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models.network import interpolate
from dscvsr_cli.training.checkpoint import load_checkpoint
from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.sampler import Batch, BatchPlan, Sampler
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.objective.losses import charbonnier
from dscvsr_cli.training.step_report import StepReport, Stopped
from dscvsr_cli.training.training_config import TrainingConfig
from tests.training.loops import CPU, FakeClock, assert_same_to_the_bit, everything


class OneClip(Sampler):
    """Draws the same clip every time: a smooth picture with a weave that its low frames lost."""

    def __init__(self) -> None:
        coarse = torch.rand((3, 3, 4, 4), generator=torch.Generator().manual_seed(0))
        signs = (-1.0) ** torch.arange(16)
        weave = 0.1 * signs * signs[:, None]
        smooth = F.interpolate(coarse, (16, 16), mode="bilinear", align_corners=False)
        high = (0.2 + 0.6 * smooth + weave)[None]
        self.batch = Batch(resize(high, Size(8, 8)), high)

    def plan(
        self,
        length: int,
        generator: torch.Generator,
        *,
        noise: float = 0.0,
    ) -> BatchPlan:
        state = generator.get_state()
        return BatchPlan(length=length, side=16, seeds=(0,), noise=noise, after=state)

    def make(self, plan: BatchPlan, share: range | None = None) -> Batch:  # noqa: ARG002
        return self.batch


def test_twenty_steps_on_one_clip_lower_the_loss(tiny_recipe: TrainingConfig) -> None:
    sampler, losses = OneClip(), []
    trainer = Trainer(replace(tiny_recipe, iterations=20), device=CPU)
    trainer.run(sampler, on_step=lambda r: losses.append(r.losses["pictures"]), clock=FakeClock())
    bicubic = interpolate(sampler.batch.low[0], Size(16, 16))[None]
    # It starts as bicubic, which cannot know the weave.
    assert losses[0] == pytest.approx(float(charbonnier(bicubic, sampler.batch.high)), rel=0.02)
    assert losses[-1] < 0.8 * losses[0]


def test_a_fresh_run_depends_on_its_seed_alone(tiny_recipe: TrainingConfig) -> None:
    before = torch.random.get_rng_state()
    one, again = Trainer(tiny_recipe, device=CPU), Trainer(tiny_recipe, device=CPU)
    other = Trainer(replace(tiny_recipe, seed=1), device=CPU)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert_same_to_the_bit(everything(one), everything(again))
    assert not torch.equal(one.network.fusion.weight, other.network.fusion.weight)


@pytest.mark.parametrize(
    "bound",
    [
        {"iterations": 10},
        {"iterations": 1000, "max_minutes": 0.5},
        {"iterations": 10, "motion_first": 0.6, "motion_rate": 0.25},
        {"iterations": 10, "optimizer": "muon"},
    ],
    ids=["steps", "clock", "motion first", "muon"],
)
def test_a_run_stopped_and_resumed_gives_the_same_numbers(
    footage: Footage, tiny_recipe: TrainingConfig, tmp_path: Path, bound: dict[str, Any]
) -> None:
    config = replace(tiny_recipe, sequence=(2, 3), **bound)
    path = tmp_path / "checkpoint.pt"
    straight = Trainer(config, device=CPU)
    reports: list[StepReport] = []

    def stop_at_the_fourth(report: StepReport) -> None:
        reports.append(report)
        if report.iteration == 4:
            straight.save(path)

    straight.run(Sampler(footage, config), on_step=stop_at_the_fourth, clock=FakeClock(3.0))
    resumed = Trainer.resume(path, device=CPU)
    again: list[StepReport] = []
    resumed.run(Sampler(footage, resumed.config), on_step=again.append, clock=FakeClock(3.0))
    assert resumed.config == config
    assert len(reports) == 10
    assert again == reports[4:]
    assert_same_to_the_bit(everything(straight), everything(resumed))


def test_a_finished_run_resumed_does_nothing_more(
    footage: Footage, tiny_recipe: TrainingConfig, tmp_path: Path
) -> None:
    config, path = replace(tiny_recipe, iterations=2), tmp_path / "checkpoint.pt"
    trainer = Trainer(config, device=CPU)
    trainer.run(Sampler(footage, config), checkpoint=path, clock=FakeClock())
    again = Trainer.resume(path, device=CPU)
    again.run(Sampler(footage, config), checkpoint=path, clock=FakeClock())
    assert again.state == trainer.state
    assert_same_to_the_bit(everything(trainer), everything(again))


def test_steps_are_reported_as_they_happen(footage: Footage, tiny_recipe: TrainingConfig) -> None:
    config = replace(tiny_recipe, iterations=5, warmup=0.4)
    trainer = Trainer(config, device=CPU)
    reports: list[StepReport] = []
    trainer.run(Sampler(footage, config), on_step=reports.append, clock=FakeClock(2.0))
    assert [report.iteration for report in reports] == [1, 2, 3, 4, 5]
    assert [report.clips_seen for report in reports] == [2, 4, 6, 8, 10]
    assert [report.seconds for report in reports] == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert [report.progress for report in reports] == [0.0, 0.2, 0.4, 0.6, 0.8]
    rates = [report.learning_rate for report in reports]
    assert rates[0] == pytest.approx(0.05 * 3e-3)
    assert max(rates) == rates[2] == pytest.approx(3e-3)
    assert all(
        math.isfinite(report.losses["total"]) and report.losses["total"] > 0 for report in reports
    )


def test_the_rate_of_a_step_is_the_one_the_optimiser_uses(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    trainer = Trainer(tiny_recipe, device=CPU)
    batch = Sampler(footage, tiny_recipe).draw(3, trainer.generator)
    before = everything(trainer)
    trainer.step(batch, 1e-5)
    moved = max(
        float((weight - before[f"network {name}"]).abs().max())
        for name, weight in trainer.network.state_dict().items()
    )
    # The first step of Adam moves every weight by its rate.
    assert moved == pytest.approx(1e-5, rel=0.05)


def test_lengths_follow_their_order(footage: Footage, tiny_recipe: TrainingConfig) -> None:
    config = replace(tiny_recipe, iterations=6, sequence=(2, 3, 4))
    lengths: list[int] = []

    class Spy(Sampler):
        def make(self, plan: BatchPlan, share: range | None = None) -> Batch:
            lengths.append(plan.length)
            return super().make(plan, share)

    Trainer(config, device=CPU).run(Spy(footage, config), clock=FakeClock())
    assert lengths == [2, 2, 3, 3, 4, 4]


def test_the_clock_ends_a_run(footage: Footage, tiny_recipe: TrainingConfig) -> None:
    config = replace(tiny_recipe, iterations=1000, max_minutes=1.0)
    trainer = Trainer(config, device=CPU)
    trainer.run(Sampler(footage, config), clock=FakeClock(15.0))
    assert trainer.state.iteration == 4
    assert trainer.progress() == 1.0


def test_reading_and_the_last_validation_belong_to_the_time_of_a_run(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    config = replace(tiny_recipe, iterations=1000, max_minutes=2.0)
    trainer = Trainer(config, device=CPU)
    trainer.reserved_seconds = 40.0
    trainer.run(Sampler(footage, config), clock=FakeClock(10.0))
    assert trainer.state.seconds == 80.0
    trainer = Trainer(config, device=CPU)
    trainer.reserved_seconds = 1000.0
    trainer.run(Sampler(footage, config), clock=FakeClock(4.0))
    assert trainer.state.seconds == 12.0


def test_a_run_that_is_asked_to_stop_saves_and_stops_after_the_step(
    footage: Footage, tiny_recipe: TrainingConfig, tmp_path: Path
) -> None:
    config, path = replace(tiny_recipe, iterations=7), tmp_path / "checkpoint.pt"
    trainer = Trainer(config, device=CPU)
    with pytest.raises(Stopped) as caught:
        trainer.run(
            Sampler(footage, config), checkpoint=path, stop=lambda: trainer.state.iteration == 3
        )
    assert caught.value.iteration == 3
    resumed = Trainer.resume(path, device=CPU)
    assert resumed.state.iteration == 3
    resumed.run(Sampler(footage, config))
    assert resumed.state.iteration == 7


def test_a_checkpoint_is_written_every_two_minutes_and_at_the_end(
    footage: Footage, tiny_recipe: TrainingConfig, tmp_path: Path
) -> None:
    config, path = replace(tiny_recipe, iterations=7), tmp_path / "checkpoint.pt"
    held: list[int] = []

    def look(_: StepReport) -> None:
        held.append(load_checkpoint(path)["state"]["iteration"] if path.exists() else 0)

    Trainer(config, device=CPU).run(
        Sampler(footage, config), checkpoint=path, on_step=look, clock=FakeClock(50.0)
    )
    assert held == [0, 0, 0, 3, 3, 3, 6]
    assert load_checkpoint(path)["state"]["iteration"] == 7


def test_bfloat16_computes_roughly_and_keeps_the_weights_float32(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    batch = Sampler(footage, tiny_recipe).draw(3, torch.Generator().manual_seed(5))
    exact = Trainer(tiny_recipe, device=CPU)
    rough = Trainer(replace(tiny_recipe, dtype="bfloat16"), device=CPU)
    losses = [trainer.step(batch, 1e-3)["total"] for trainer in (exact, rough)]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert {weight.dtype for weight in rough.network.parameters()} == {torch.float32}
    assert not torch.equal(exact.network.fusion.weight, rough.network.fusion.weight)


def moved(before: dict[str, Tensor], trainer: Trainer) -> dict[str, float]:
    """How far the farthest weight of the flow, and of all the rest, has moved."""
    farthest = {"motion": 0.0, "rest": 0.0}
    for name, weight in trainer.network.state_dict().items():
        part = "motion" if name.startswith("motion.") else "rest"
        change = float((weight - before[f"network {name}"]).abs().max())
        farthest[part] = max(farthest[part], change)
    return farthest


def test_at_first_the_flow_may_learn_alone(footage: Footage, tiny_recipe: TrainingConfig) -> None:
    config = replace(tiny_recipe, iterations=4, motion_first=0.5, motion_rate=0.25)
    trainer, sampler = Trainer(config, device=CPU), Sampler(footage, config)
    changes: list[dict[str, float]] = []
    for _ in range(4):
        before = everything(trainer)
        trainer.step(sampler.draw(3, trainer.generator), 1e-4)
        changes.append(moved(before, trainer))
    assert [change["rest"] > 0 for change in changes] == [False, False, True, True]
    # The first step of Adam moves every weight by its rate.
    assert changes[0]["motion"] == pytest.approx(1e-4, rel=0.05)
    assert changes[2]["rest"] == pytest.approx(1e-4, rel=0.05)
    assert 0 < changes[2]["motion"] < 0.5e-4


def test_a_step_learns_the_flow_of_filmed_clips(photo: Tensor, tiny_recipe: TrainingConfig) -> None:
    config = replace(tiny_recipe, camera_weight=0.1, motion_weight=0.0)
    batch = Sampler(Footage((), (photo,)), config).draw(3, torch.Generator().manual_seed(0))
    trainer = Trainer(config, device=CPU)
    losses = [trainer.step(batch, 1e-3) for _ in range(30)]
    assert losses[0]["total"] == pytest.approx(losses[0]["pictures"] + 0.1 * losses[0]["camera"])
    assert losses[-1]["camera"] < 0.9 * losses[0]["camera"]


def test_the_flow_learns_at_its_own_rate(footage: Footage, tiny_recipe: TrainingConfig) -> None:
    for rate in (1.0, 0.25, 0.0):
        trainer = Trainer(replace(tiny_recipe, motion_rate=rate), device=CPU)
        before = everything(trainer)
        trainer.step(Sampler(footage, tiny_recipe).draw(3, trainer.generator), 1e-4)
        change = moved(before, trainer)
        assert change["rest"] == pytest.approx(1e-4, rel=0.05)
        assert change["motion"] == pytest.approx(rate * 1e-4, rel=0.05)


def test_a_run_may_start_from_given_weights(tiny_recipe: TrainingConfig) -> None:
    given = Trainer(replace(tiny_recipe, seed=3), device=CPU).network.state_dict()
    trainer = Trainer(tiny_recipe, device=CPU)
    trainer.start_from(given)
    assert all(torch.equal(w, given[name]) for name, w in trainer.network.state_dict().items())
    assert all(torch.equal(w, given[name]) for name, w in trainer.average.weights.items())
    with pytest.raises(ValueError, match="fusion"):
        trainer.start_from({name: w for name, w in given.items() if name != "fusion.weight"})


def test_the_motion_loss_is_what_teaches_motion_first(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    batch = Sampler(footage, tiny_recipe).draw(3, torch.Generator().manual_seed(5))
    gradients = []
    for weight in (0.0, 1.0):
        trainer = Trainer(replace(tiny_recipe, motion_weight=weight), device=CPU)
        trainer.step(batch, 0.0)
        last = list(trainer.network.motion.parameters())[-1]
        assert last.grad is not None
        gradients.append(float(last.grad.norm()))
    assert gradients[1] > 1.2 * gradients[0]
