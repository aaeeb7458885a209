"""Distillation: Eq. 5 by hand, blocks that line up, and pairs that cannot be matched."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.objective.distillation import (
    DIRECTIONS,
    FeatureDistillation,
    Features,
    collect_features,
    matched_blocks,
)


@pytest.fixture
def student(tiny_config: NetworkConfig) -> RecurrentNetwork:
    torch.manual_seed(0)
    return RecurrentNetwork(replace(tiny_config, blocks=3))


@pytest.fixture
def clip() -> Tensor:
    return torch.rand(2, 3, 3, 8, 10, generator=torch.Generator().manual_seed(0))


def run(network: RecurrentNetwork, clip: Tensor, blocks: list[int]) -> Features:
    with collect_features(network, blocks) as features:
        network.backward_features(clip, first_index=0)
        network.forward_features(clip, first_index=0)
    return features


def test_every_block_gives_one_feature_per_frame_in_each_direction(
    student: RecurrentNetwork, clip: Tensor
) -> None:
    features = run(student, clip, [0, 2])
    assert set(features) == {(d, b) for d in DIRECTIONS for b in (0, 2)}
    channels = student.config.channels
    for given in features.values():
        assert [tuple(feature.shape) for feature in given] == [(2, channels, 8, 10)] * 3


def test_nothing_is_collected_after_the_tap_is_closed(
    student: RecurrentNetwork, clip: Tensor
) -> None:
    features = run(student, clip, [0])
    student.backward_features(clip, first_index=0)
    assert len(features["backward_pass", 0]) == 3


def test_the_distance_is_eq_5(student: RecurrentNetwork, clip: Tensor) -> None:
    torch.manual_seed(1)
    teacher = RecurrentNetwork(replace(student.config, block="dense", filling_blocks=0))
    distillation = FeatureDistillation(teacher.config, student.config)
    blocks = [0, 1, 2]
    taught, learned = run(teacher, clip, blocks), run(student, clip, blocks)
    by_hand = 0.0
    for direction in DIRECTIONS:
        for block in blocks:
            frames = zip(taught[direction, block], learned[direction, block], strict=True)
            by_hand += sum((a.double() - b.double()).abs().mean().item() for a, b in frames) / 3
    assert distillation(taught, learned).item() == pytest.approx(by_hand / 6, rel=1e-5)


def test_a_network_is_no_distance_from_itself(student: RecurrentNetwork, clip: Tensor) -> None:
    distillation = FeatureDistillation(student.config, student.config)
    features = run(student, clip, [0, 1, 2])
    assert distillation(features, features).item() == 0.0


def test_swapping_two_blocks_of_the_teacher_is_noticed(
    student: RecurrentNetwork, clip: Tensor
) -> None:
    # Features line up by construction: block i with block i, and with no other.
    twin = RecurrentNetwork(student.config)
    twin.load_state_dict(student.state_dict())
    distillation = FeatureDistillation(twin.config, student.config)
    learned = run(student, clip, [0, 1, 2])
    assert distillation(run(twin, clip, [0, 1, 2]), learned).item() == 0.0
    blocks = twin.forward_pass.get_submodule("extraction.blocks")
    one, two = (blocks.get_submodule(name) for name in "01")
    first, second = one.state_dict(), two.state_dict()
    first, second = ({k: v.clone() for k, v in state.items()} for state in (first, second))
    one.load_state_dict(second)
    two.load_state_dict(first)
    assert distillation(run(twin, clip, [0, 1, 2]), learned).item() > 1e-3


def test_directions_and_frames_are_not_mixed_up(student: RecurrentNetwork, clip: Tensor) -> None:
    distillation = FeatureDistillation(student.config, student.config)
    learned = run(student, clip, [0, 1, 2])
    turned = {(d, b): given[::-1] for (d, b), given in learned.items()}
    assert distillation(turned, learned).item() > 1e-3
    crossed = {(DIRECTIONS[1 - DIRECTIONS.index(d)], b): given for (d, b), given in learned.items()}
    assert distillation(crossed, learned).item() > 1e-3


def test_a_deeper_teacher_is_matched_after_every_kth_block() -> None:
    teacher = NetworkConfig(block="residual", blocks=30)
    assert matched_blocks(teacher, NetworkConfig(blocks=5)) == [5, 11, 17, 23, 29]
    assert matched_blocks(teacher, NetworkConfig(blocks=30)) == list(range(30))


@pytest.mark.parametrize(("teacher", "student"), [(16, 5), (5, 16), (4, 3)])
def test_blocks_that_cannot_be_shared_out_are_refused(teacher: int, student: int) -> None:
    with pytest.raises(ValueError, match=f"{teacher} blocks cannot be matched .* {student}"):
        matched_blocks(NetworkConfig(blocks=teacher), NetworkConfig(blocks=student))


def test_a_wider_teacher_is_compared_through_learned_convolutions(
    student: RecurrentNetwork, clip: Tensor
) -> None:
    wide = RecurrentNetwork(replace(student.config, channels=12, block="residual"))
    distillation = FeatureDistillation(wide.config, student.config, distance="relative-l1")
    taught, learned = run(wide, clip, [0, 1, 2]), run(student, clip, [0, 1, 2])
    distillation(taught, learned).backward()
    widening = list(distillation.parameters())
    assert len(widening) == 2 * 2 * 3
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in widening)


def test_the_relative_distance_does_not_feel_the_scale_of_features(
    student: RecurrentNetwork, clip: Tensor
) -> None:
    relative = FeatureDistillation(student.config, student.config, distance="relative-l1")
    plain = FeatureDistillation(student.config, student.config)
    taught = run(student, clip, [0, 1, 2])
    learned = {key: [0.9 * f for f in given] for key, given in taught.items()}
    loud = [{k: [100 * f for f in given] for k, given in x.items()} for x in (taught, learned)]
    assert relative(*loud).item() == pytest.approx(relative(taught, learned).item(), rel=1e-4)
    assert relative(taught, learned).item() == pytest.approx(0.1, rel=1e-3)
    assert plain(*loud).item() == pytest.approx(100 * plain(taught, learned).item(), rel=1e-4)
