"""Information filling: on which frames, and wired as Eq. 4 says."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.models.filling import InformationFilling, is_filled
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.warping import warp


@given(st.integers(0, 10_000))
def test_every_second_frame_is_filled_from_the_second_on(index: int) -> None:
    assert is_filled(2 * index + 1)
    assert not is_filled(2 * index)


def test_the_neighbour_comes_first_and_the_aligned_feature_second(
    tiny_config: NetworkConfig,
) -> None:
    torch.manual_seed(0)
    filling = InformationFilling(tiny_config)
    neighbour, aligned = torch.randn(2, 1, 8, 5, 6)
    joined = filling.fusion(torch.cat((neighbour, aligned), dim=1))
    expected = filling.blocks(torch.nn.functional.leaky_relu(joined, 0.1))
    torch.testing.assert_close(filling(neighbour, aligned), expected)
    assert not torch.allclose(filling(aligned, neighbour), expected, atol=1e-3)


class Listener:
    """Hears what goes into R and into R_f of one pass."""

    def __init__(self, step: RecurrentPass) -> None:
        self.filled: list[tuple[Tensor, Tensor]] = []
        self.filling_made: list[Tensor] = []
        self.extracted: list[tuple[Tensor, Tensor]] = []
        assert step.filling is not None
        step.filling.register_forward_hook(self._hear_filling)
        step.extraction.register_forward_pre_hook(lambda _, given: self.extracted.append(given))

    def _hear_filling(self, _: object, given: tuple[Tensor, Tensor], made: Tensor) -> None:
        self.filled.append(given)
        self.filling_made.append(made)


@pytest.mark.parametrize("filled", [True, False])
def test_a_step_is_equation_4(tiny_network: RecurrentNetwork, filled: bool) -> None:
    torch.manual_seed(1)
    step = tiny_network.forward_pass
    heard = Listener(step)
    frame, state = torch.rand(1, 3, 6, 7), torch.randn(1, 8, 6, 7)
    flow = torch.randn(1, 2, 6, 7)
    made = step(frame, state, flow, filled=filled)
    aligned = warp(state, flow)
    ((seen_state, seen_frame),) = heard.extracted
    assert torch.equal(seen_frame, frame)
    if filled:
        ((neighbour, joined_aligned),) = heard.filled
        assert torch.equal(neighbour, state)
        assert torch.equal(joined_aligned, aligned)
        assert torch.equal(seen_state, heard.filling_made[0])
    else:
        assert not heard.filled
        assert torch.equal(seen_state, aligned)
    assert torch.equal(made, step.extraction(seen_state, seen_frame))


def test_a_pass_starts_from_nothing(tiny_network: RecurrentNetwork) -> None:
    step = tiny_network.backward_pass
    heard = Listener(step)
    step(torch.rand(1, 3, 4, 5), None, None, filled=False)
    assert torch.equal(heard.extracted[0][0], torch.zeros(1, 8, 4, 5))


def test_filling_is_asked_once_for_every_odd_frame_in_each_direction(
    tiny_network: RecurrentNetwork,
) -> None:
    heard = [Listener(tiny_network.backward_pass), Listener(tiny_network.forward_pass)]
    frames = torch.rand(1, 5, 3, 8, 8)
    for first_index, expected in ((0, 2), (1, 3)):
        tiny_network.backward_features(frames, first_index=first_index)
        tiny_network.forward_features(frames, first_index=first_index)
        assert [len(one.filled) for one in heard] == [expected, expected]
        for one in heard:
            one.filled.clear()


def test_other_filling_weights_change_only_frames_that_follow_a_filled_one(
    tiny_network: RecurrentNetwork,
) -> None:
    frames = torch.rand(1, 6, 3, 8, 8, generator=torch.Generator().manual_seed(0))

    def both() -> tuple[Tensor, Tensor]:
        return (
            tiny_network.forward_features(frames, first_index=0),
            tiny_network.backward_features(frames, first_index=0),
        )

    forward, backward = both()
    for step in (tiny_network.forward_pass, tiny_network.backward_pass):
        assert step.filling is not None
        list(step.filling.parameters())[-1].add_(0.5)
    forward_after, backward_after = both()
    changed = [bool((a != b).any()) for a, b in zip(forward[0], forward_after[0], strict=True)]
    assert changed == [False, True, True, True, True, True]
    changed = [bool((a != b).any()) for a, b in zip(backward[0], backward_after[0], strict=True)]
    assert changed == [True] * 6  # frame 5, where the backward pass starts, is an odd one

    backward = tiny_network.backward_features(frames[:, :5], first_index=0)
    assert tiny_network.backward_pass.filling is not None
    list(tiny_network.backward_pass.filling.parameters())[-1].add_(0.5)
    again = tiny_network.backward_features(frames[:, :5], first_index=0)
    changed = [bool((a != b).any()) for a, b in zip(backward[0], again[0], strict=True)]
    assert changed == [True, True, True, True, False]


def test_a_network_without_filling_has_none(tiny_config: NetworkConfig) -> None:
    network = RecurrentNetwork(replace(tiny_config, filling_blocks=0))
    assert not [name for name in network.state_dict() if "filling" in name]
