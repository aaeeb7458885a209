"""The objective: each part by hand, what it asks of a teacher, and where gradients go."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.objective.losses import change_loss, charbonnier
from dscvsr_cli.training.objective.objective import Objective
from dscvsr_cli.training.schedule import TrainingPhase
from dscvsr_cli.training.training_config import TrainingConfig


@pytest.fixture
def recipe(tiny_recipe: TrainingConfig) -> TrainingConfig:
    return replace(tiny_recipe, motion_weight=0.0)


@pytest.fixture
def student(recipe: TrainingConfig) -> RecurrentNetwork:
    torch.manual_seed(0)
    network = RecurrentNetwork(recipe.network)
    with torch.no_grad():
        for weight in network.motion.parameters():
            # An estimator starts from rest; a moving one has more to compare.
            weight.add_(0.05 * torch.randn_like(weight))
    return network


@pytest.fixture
def teacher(recipe: TrainingConfig) -> RecurrentNetwork:
    torch.manual_seed(1)
    return RecurrentNetwork(replace(recipe.network, block="dense", filling_blocks=0))


def judge(
    objective: Objective, clips: tuple[Tensor, Tensor], phase: TrainingPhase = "whole"
) -> dict[str, Tensor]:
    losses: dict[str, Tensor] = objective(*clips, iteration=0, phase=phase)
    return losses


def test_without_a_teacher_pictures_are_all_there_is(
    recipe: TrainingConfig, student: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    losses = judge(Objective(recipe, student), clips)
    by_hand = charbonnier(student(clips[0], Size(16, 16)), clips[1])
    assert set(losses) == {"pictures", "total"}
    torch.testing.assert_close(losses["pictures"], by_hand)
    torch.testing.assert_close(losses["total"], by_hand)


def test_the_total_is_eq_6(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    class Halves(nn.Module):
        def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
            return (made - wanted).square().mean()

    config = replace(recipe, distill_weight=0.5, vgg_weight=0.25)
    objective = Objective(config, student, teacher=teacher, perceptual=Halves())  # type: ignore[arg-type]
    losses = judge(objective, clips)
    assert set(losses) == {"pictures", "distillation", "perceptual", "total"}
    expected = losses["pictures"] + 0.5 * losses["distillation"] + 0.25 * losses["perceptual"]
    torch.testing.assert_close(losses["total"], expected)


def test_the_target_can_be_the_teachers_picture(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    config = replace(recipe, target="teacher", distill_weight=0.0)
    losses = judge(Objective(config, student, teacher=teacher), clips)
    size = Size(16, 16)
    by_hand = charbonnier(student(clips[0], size), teacher(clips[0], size).clamp(0, 1))
    torch.testing.assert_close(losses["pictures"], by_hand)
    assert set(losses) == {"pictures", "total"}


def test_gradients_reach_every_weight_of_the_student_and_none_of_the_teacher(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    objective = Objective(recipe, student, teacher=teacher)
    judge(objective, clips)["total"].backward()  # type: ignore[no-untyped-call]
    silent = [n for n, w in student.named_parameters() if w.grad is None or not w.grad.any()]
    assert silent == []
    assert all(w.grad is None and not w.requires_grad for w in teacher.parameters())


def test_distillation_alone_reaches_both_passes(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    objective = Objective(recipe, student, teacher=teacher)
    judge(objective, clips)["distillation"].backward()  # type: ignore[no-untyped-call]
    touched = {n for n, w in student.named_parameters() if w.grad is not None and w.grad.any()}
    for side in ("backward_pass", "forward_pass"):
        blocks = [n for n, _ in student.named_parameters() if n.startswith(f"{side}.extraction.bl")]
        assert blocks
        assert set(blocks) <= touched
    assert not any(name.startswith("head.") for name in touched)


def test_the_flow_can_be_learned_from_the_teachers(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    config = replace(recipe, motion_teacher=True, motion_first=0.5)
    objective = Objective(config, student, teacher=teacher)
    losses = objective(*clips, iteration=0, phase="motion")
    low = clips[0]
    pairs = [(a, b) for t in range(2) for a, b in ((t, t + 1), (t + 1, t))]
    gaps = [
        student.motion(low[:, a], low[:, b]) - teacher.motion(low[:, a], low[:, b])
        for a, b in pairs
    ]
    by_hand = torch.stack([gap.norm(dim=1).mean() for gap in gaps]).mean()
    # The root is rounded off below a thousandth of a pixel.
    torch.testing.assert_close(losses["total"], by_hand, atol=2e-3, rtol=0)
    losses["total"].backward()
    assert all(w.grad is None for n, w in student.named_parameters() if "motion" not in n)
    twin = Objective(config, teacher, teacher=teacher)
    same: Tensor = twin(*clips, iteration=0, phase="motion")["total"]
    assert same.item() < 2e-3


def test_where_the_true_flow_is_known_the_teachers_does_not_count(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    low = clips[0]
    true = torch.full((2, 2, 2, 2, 8, 8), torch.nan)
    true[0] = torch.randn((2, 2, 2, 8, 8), generator=torch.Generator().manual_seed(4))
    config = replace(recipe, motion_teacher=True, motion_first=1.0, camera_weight=3.0)
    losses = Objective(config, student, teacher=teacher)(
        *clips, iteration=0, phase="motion", flow=true
    )
    from_truth, from_teacher = [], []
    for pair in range(2):
        for way, (a, b) in enumerate(((pair, pair + 1), (pair + 1, pair))):
            known = student.motion(low[:1, a], low[:1, b])[0] - true[0, way, pair]
            from_truth.append(known.norm(dim=0).mean())
            found, wanted = (net.motion(low[1:, a], low[1:, b]) for net in (student, teacher))
            from_teacher.append((found - wanted).norm(dim=1).mean())
    camera, motion = torch.stack(from_truth).mean(), torch.stack(from_teacher).mean()
    torch.testing.assert_close(losses["camera"], camera, atol=2e-3, rtol=0)
    torch.testing.assert_close(losses["motion"], motion, atol=2e-3, rtol=0)
    torch.testing.assert_close(losses["total"], losses["motion"] + 3.0 * losses["camera"])


def test_the_flow_can_be_held_to_the_cameras(
    recipe: TrainingConfig, student: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    low = clips[0]
    true = torch.randn((2, 2, 2, 2, 8, 8), generator=torch.Generator().manual_seed(3))
    true[0, :, 1] = torch.nan  # a pair of the first clip
    objective = Objective(replace(recipe, camera_weight=0.5), student)
    losses = objective(*clips, iteration=0, flow=true)
    lengths = []
    for clip, pair in ((0, 0), (1, 0), (1, 1)):
        a, b = low[clip : clip + 1, pair], low[clip : clip + 1, pair + 1]
        lengths.append((student.motion(a, b)[0] - true[clip, 0, pair]).norm(dim=0))
        lengths.append((student.motion(b, a)[0] - true[clip, 1, pair]).norm(dim=0))
    by_hand = torch.stack(lengths).mean()
    torch.testing.assert_close(losses["camera"], by_hand, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(losses["total"], losses["pictures"] + 0.5 * losses["camera"])
    losses["camera"].backward()
    touched = {n for n, w in student.named_parameters() if w.grad is not None and w.grad.any()}
    assert touched
    assert all(name.startswith("motion.") for name in touched)
    assert all(w.grad.isfinite().all() for w in student.motion.parameters() if w.grad is not None)


def test_without_a_known_flow_nothing_is_asked_of_it(
    recipe: TrainingConfig, student: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    nowhere = torch.full((2, 2, 2, 2, 8, 8), torch.nan)
    objective = Objective(replace(recipe, camera_weight=0.5), student)
    losses = objective(*clips, iteration=0, flow=nowhere)
    assert losses["camera"].item() == 0.0
    losses["total"].backward()
    assert all(w.grad.isfinite().all() for w in student.parameters() if w.grad is not None)
    unweighed = Objective(recipe, student)(*clips, iteration=0, flow=nowhere)
    assert "camera" not in unweighed
    with pytest.raises(ValueError, match="needs the true flow"):
        objective(*clips, iteration=0)
    with pytest.raises(ValueError, match="needs the true flow"):
        objective(*clips, iteration=0, phase="motion")


def test_what_a_recipe_weighs_must_be_there(
    recipe: TrainingConfig, student: RecurrentNetwork
) -> None:
    with pytest.raises(ValueError, match="needs a teacher"):
        Objective(replace(recipe, target="teacher"), student)
    with pytest.raises(ValueError, match="VGG-19"):
        Objective(replace(recipe, vgg_weight=1e-4), student)


def test_a_teacher_that_cannot_be_matched_is_refused_unless_its_features_do_not_count(
    recipe: TrainingConfig,
) -> None:
    student = RecurrentNetwork(replace(recipe.network, blocks=2))
    odd = RecurrentNetwork(replace(recipe.network, blocks=3))
    with pytest.raises(ValueError, match="cannot be matched"):
        Objective(recipe, student, teacher=odd)
    Objective(replace(recipe, distill_weight=0.0), student, teacher=odd)


def test_alone_the_teacher_is_not_even_asked(
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    teacher: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    asked: list[int] = []
    teacher.forward_pass.register_forward_hook(lambda *_: asked.append(1))
    objective = Objective(recipe, student, teacher=teacher)
    assert set(judge(objective, clips, "alone")) == {"pictures", "total"}
    assert not asked
    assert set(judge(objective, clips)) == {"pictures", "distillation", "total"}
    assert asked


def test_the_change_along_the_motion_is_compared_with_the_truths(
    recipe: TrainingConfig, student: RecurrentNetwork, clips: tuple[Tensor, Tensor]
) -> None:
    low, high = clips
    losses = judge(Objective(replace(recipe, change_weight=0.5), student), clips)
    made = student(low, Size(16, 16))
    pairs = range(low.shape[1] - 1)
    flow = torch.stack([student.motion(low[:, i], low[:, i + 1]) for i in pairs], dim=1)
    by_hand = change_loss(made, high, flow)
    torch.testing.assert_close(losses["change"], by_hand)
    torch.testing.assert_close(losses["total"], losses["pictures"] + 0.5 * by_hand)


@pytest.mark.parametrize("channels", [None, 6])
def test_it_says_in_which_phases_some_weights_learn_nothing(
    channels: int | None,
    recipe: TrainingConfig,
    student: RecurrentNetwork,
    clips: tuple[Tensor, Tensor],
) -> None:
    wider = recipe.network if channels is None else replace(recipe.network, channels=channels)
    teacher = RecurrentNetwork(replace(wider, block="dense", filling_blocks=0))
    objective = Objective(replace(recipe, distill_weight=1.0), student, teacher=teacher)
    phases: tuple[TrainingPhase, ...] = ("motion", "whole", "alone")
    for phase in phases:
        objective.zero_grad(set_to_none=True)
        torch.autograd.backward(judge(objective, clips, phase)["total"])
        learning = [weight for weight in objective.parameters() if weight.requires_grad]
        without = [weight for weight in learning if weight.grad is None]
        assert objective.leaves_weights_out(phase) == bool(without)
