"""Learning apart: the trace of a teacher, and that every part learns from it by itself."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.sampler import Batch, Sampler
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.objective.blockwise import TeacherTrace, trace_teacher
from dscvsr_cli.training.objective.objective import Objective
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.training_config import TrainingConfig

CPU = torch.device("cpu")


@pytest.fixture
def recipe(tiny_recipe: TrainingConfig) -> TrainingConfig:
    return replace(tiny_recipe, apart_first=1.0, motion_weight=0.0, distill_distance="relative-l1")


@pytest.fixture
def teacher(recipe: TrainingConfig) -> RecurrentNetwork:
    torch.manual_seed(1)
    network = RecurrentNetwork(recipe.network)
    with torch.no_grad():
        for weight in network.motion.parameters():
            # An estimator starts from rest; only a moving one aligns anything.
            weight.add_(0.05 * torch.randn_like(weight))
    return network


def everything(trace: TeacherTrace) -> TeacherTrace:
    (part,) = trace.parts(1000, 1, torch.Generator().manual_seed(0))
    return part


def test_a_teacher_has_nothing_to_learn_from_itself(
    recipe: TrainingConfig, teacher: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    assert teacher.config.filling_blocks > 0
    objective = Objective(recipe, teacher, teacher=teacher)
    trace = everything(objective.trace_teacher(*clips))
    losses = objective(*clips, iteration=0, phase="apart", trace=trace)
    assert losses["distillation"].item() < 1e-5
    assert losses["state"].item() < 1e-5
    assert losses["pictures"].item() > 1e-2


def test_parts_hold_every_frame_as_often_as_asked_filled_ones_first(
    teacher: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    trace = trace_teacher(teacher, *clips, [0])
    parts = list(trace.parts(4, 3, torch.Generator().manual_seed(0)))
    assert [part.low.shape[0] for part in parts] == [4, 2] * 3
    low = torch.cat([part.low for part in parts])
    for frame, filled in zip(trace.low, trace.filled, strict=True):
        same = (low == frame).flatten(1).all(dim=1)
        assert int(same.sum()) == 3
        assert bool(torch.cat([part.filled for part in parts])[same].eq(filled).all())
    for part in parts:
        assert part.filled.tolist() == sorted(part.filled.tolist(), reverse=True)


def test_each_loss_reaches_its_own_part_and_the_teacher_none(
    recipe: TrainingConfig, teacher: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    torch.manual_seed(2)
    student = RecurrentNetwork(recipe.network)
    objective = Objective(recipe, student, teacher=teacher)
    trace = everything(objective.trace_teacher(*clips))
    passes, drawing = ("backward_pass", "forward_pass"), ("fusion", "refinement", "head")
    for loss, parts in (("distillation", passes), ("state", passes), ("pictures", drawing)):
        objective(*clips, iteration=0, phase="apart", trace=trace)[loss].backward()
        touched = {
            name.split(".")[0]
            for name, weight in student.named_parameters()
            if weight.grad is not None and weight.grad.any()
        }
        assert touched == set(parts)
        student.zero_grad(set_to_none=True)
    assert all(weight.grad is None for weight in teacher.parameters())


def test_learning_apart_makes_the_whole_alike(
    recipe: TrainingConfig, teacher: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    config = replace(recipe, apart_frames=2, apart_repeats=3, learning_rate=1e-2)
    trainer = Trainer(config, device=CPU, teacher=teacher)
    trainer.network.motion.load_state_dict(teacher.motion.state_dict())

    def distance() -> float:
        with torch.no_grad():
            given, wanted = (
                network.forward_features(clips[0], first_index=0)
                for network in (trainer.network, teacher)
            )
        return float((given - wanted).abs().mean())

    before = distance()
    losses = [trainer.step(Batch(*clips), 1e-2) for _ in range(8)]
    assert losses[-1]["state"] < 0.7 * losses[0]["state"]
    assert distance() < 0.7 * before


def test_a_teacher_of_another_width_or_none_is_refused(
    recipe: TrainingConfig, teacher: RecurrentNetwork
) -> None:
    wide = RecurrentNetwork(replace(recipe.network, channels=recipe.network.channels * 2))
    with pytest.raises(ValueError, match="channels"):
        Objective(recipe, wide, teacher=teacher)
    with pytest.raises(ValueError, match="needs a teacher"):
        Objective(recipe, teacher)
    with pytest.raises(ValueError, match="needs a teacher"):
        Objective(replace(recipe, distill_weight=0.0), teacher, teacher=wide)


def test_a_run_stopped_while_learning_apart_goes_on_as_if_nothing_had_happened(
    recipe: TrainingConfig, teacher: RecurrentNetwork, footage: Footage, tmp_path: Path
) -> None:
    config = replace(recipe, iterations=5, apart_first=0.7, apart_frames=2)
    path = tmp_path / "checkpoint.pt"
    straight = Trainer(config, device=CPU, teacher=teacher)

    def stop_at_the_second(report: StepReport) -> None:
        if report.iteration == 2:
            straight.save(path)

    straight.run(Sampler(footage, config), on_step=stop_at_the_second)
    resumed = Trainer.resume(path, device=CPU, teacher=teacher)
    resumed.run(Sampler(footage, config))
    assert resumed.state.iteration == straight.state.iteration == 5
    for name, weight in straight.network.state_dict().items():
        assert torch.equal(resumed.network.state_dict()[name], weight)
