"""The whole network: streaming, starting from bicubic, symmetries, sizes, and its file."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models import network as network_module
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.models.network_config import DSCVSR_PAPER, METAVSR_PAPER, NetworkConfig
from dscvsr_cli.weights.network_file import read_network, save_network
from tests.helpers import assert_frames_close
from tests.networks import SMALLEST


def clip(batch: int, length: int, height: int, width: int, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((batch, length, 3, height, width), generator=generator)


def test_frames_come_out_float32_in_the_wanted_size(tiny_network: RecurrentNetwork) -> None:
    for size in (Size(9, 11), Size(24, 26), Size(37, 11)):
        made = tiny_network(clip(2, 3, 9, 11), size)
        assert made.shape == (2, 3, 3, size.height, size.width)
        assert made.dtype is torch.float32
        assert made.isfinite().all()


@pytest.mark.parametrize(("height", "width", "length"), [(1, 1, 1), (1, 7, 2), (3, 1, 3)])
def test_the_smallest_clips_pass(
    tiny_network: RecurrentNetwork, height: int, width: int, length: int
) -> None:
    made = tiny_network(clip(1, length, height, width), Size(3 * height, 2 * width))
    assert made.shape == (1, length, 3, 3 * height, 2 * width)
    assert made.isfinite().all()


@settings(deadline=None, max_examples=20)
@given(st.integers(6, 14), st.integers(6, 14), st.integers(0, 20), st.integers(0, 20))
def test_a_silent_head_leaves_the_papers_bicubic(
    height: int, width: int, more_rows: int, more_columns: int
) -> None:
    size = Size(height + more_rows, width + more_columns)
    network = RecurrentNetwork(SMALLEST).requires_grad_(requires_grad=False)
    network.head.filters.weight.zero_()
    network.head.filters.bias.zero_()
    frames = clip(1, 2, height, width)
    # Only where the kernel lies inside: beyond the edge MATLAB mirrors, torch leaves out.
    expected = resize(frames, size, kernel="bicubic")
    made = network(frames, size)
    inner = _inner(height, size.height), _inner(width, size.width)
    assert_frames_close(
        made[..., inner[0], inner[1]], expected[..., inner[0], inner[1]], tolerance="float"
    )


def _inner(source: int, target: int) -> slice:
    """Output pixels whose bicubic kernel lies inside the source."""
    reach = [i for i in range(target) if 1.5 <= (i + 0.5) * source / target - 0.5 <= source - 2.5]
    return slice(reach[0], reach[-1] + 1)


def test_a_constant_picture_is_interpolated_to_itself_up_to_the_edge() -> None:
    made = interpolate(torch.full((1, 3, 5, 6), 0.7, dtype=torch.bfloat16), Size(13, 8))
    assert made.dtype is torch.float32
    assert_frames_close(
        made, torch.full_like(made, float(torch.tensor(0.7).bfloat16())), tolerance="float"
    )


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 6), st.sets(st.integers(1, 5)), st.integers(0, 1))
def test_the_forward_pass_in_pieces_is_the_forward_pass(
    length: int, cuts: set[int], first_index: int
) -> None:
    network = awake()
    frames = clip(2, length, 9, 10)
    whole = network.forward_features(frames, first_index=first_index)
    edges = [0, *sorted(cut for cut in cuts if cut < length), length]
    pieces: list[Tensor] = []
    for start, stop in pairwise(edges):
        pieces.append(
            network.forward_features(
                frames[:, start:stop],
                first_index=first_index + start,
                previous_features=pieces[-1][:, -1] if pieces else None,
                previous_frame=frames[:, start - 1] if pieces else None,
            )
        )
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-5, rtol=0)


def awake() -> RecurrentNetwork:
    """The smallest network, motion and filling at work."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = RecurrentNetwork(SMALLEST)
        for level in network.motion.levels:
            nn.init.normal_(list(level.parameters())[-2], std=0.05)
        nn.init.normal_(network.head.filters.weight, std=0.1)
    return network.eval().requires_grad_(requires_grad=False)


def test_a_piece_without_its_past_is_another_one(tiny_network: RecurrentNetwork) -> None:
    frames = clip(1, 4, 9, 10)
    whole = tiny_network.forward_features(frames, first_index=0)
    alone = tiny_network.forward_features(frames[:, 2:], first_index=2)
    assert (alone - whole[:, 2:]).abs().max() > 1e-3
    shifted = tiny_network.forward_features(frames, first_index=1)
    assert (shifted - whole).abs().max() > 1e-3


def test_the_backward_pass_of_a_scenes_end_is_the_end_of_the_backward_pass(
    tiny_network: RecurrentNetwork,
) -> None:
    frames = clip(1, 6, 9, 10)
    whole = tiny_network.backward_features(frames, first_index=0)
    for start in range(1, 6):
        tail = tiny_network.backward_features(frames[:, start:], first_index=start)
        torch.testing.assert_close(tail, whole[:, start:], atol=1e-5, rtol=0)


def test_the_longer_the_warm_up_the_closer_the_backward_pass_to_the_whole(
    tiny_network: RecurrentNetwork,
) -> None:
    for step in (tiny_network.backward_pass, tiny_network.forward_pass):
        step.extraction.shallow.weight[:, :8] *= 0.5  # a state that fades, as trained ones do
    frames = clip(1, 10, 9, 10)
    whole = tiny_network.backward_features(frames, first_index=0)[:, 0]
    errors = [
        float(
            (tiny_network.backward_features(frames[:, :seen], first_index=0)[:, 0] - whole)
            .abs()
            .max()
        )
        for seen in (1, 3, 5, 7)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 20


def test_clips_of_a_batch_do_not_touch_each_other(tiny_network: RecurrentNetwork) -> None:
    frames = clip(3, 4, 9, 10)
    together = tiny_network(frames, Size(20, 22))
    alone = torch.cat([tiny_network(one[None], Size(20, 22)) for one in frames])
    assert_frames_close(together, alone, tolerance="float")


@pytest.mark.parametrize(("length", "filling_blocks"), [(5, 1), (4, 0)])
def test_with_equal_directions_a_film_run_backwards_comes_out_backwards(
    tiny_config: NetworkConfig, length: int, filling_blocks: int
) -> None:
    # Filled frames keep their places under reversal where the number of frames is odd.
    torch.manual_seed(0)
    network = RecurrentNetwork(replace(tiny_config, filling_blocks=filling_blocks))
    network.requires_grad_(requires_grad=False)
    nn.init.normal_(network.head.filters.weight, std=0.1)
    network.forward_pass.load_state_dict(network.backward_pass.state_dict())
    network.fusion.weight[:, 8:] = network.fusion.weight[:, :8]
    frames = clip(1, length, 8, 9)
    made = network(frames, Size(16, 20))
    assert_frames_close(network(frames.flip(1), Size(16, 20)).flip(1), made, tolerance="float")
    assert (made - made.flip(1)).abs().max() > 0.01


def test_every_frame_feels_every_other(tiny_network: RecurrentNetwork) -> None:
    frames = clip(1, 5, 8, 8)
    made = tiny_network(frames, Size(16, 16))
    for touched in range(5):
        other = frames.clone()
        other[:, touched] = 1 - other[:, touched]
        change = (tiny_network(other, Size(16, 16)) - made).abs().amax(dim=(0, 2, 3, 4))
        assert (change > 0).all()


class MotionThatTellsItsPictures(nn.Module):
    """A flow whose two numbers are the brightness of target and source."""

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        means = [picture.mean(dim=1) for picture in (target, source)]
        return torch.stack(means, dim=1)


@pytest.mark.parametrize("with_past", [False, True])
def test_every_step_gets_the_flow_from_its_frame_to_the_one_it_comes_from(
    tiny_network: RecurrentNetwork, with_past: bool
) -> None:
    monochrome = torch.arange(5.0)[None, :, None, None, None].expand(1, 5, 3, 4, 4)
    tiny_network.motion = MotionThatTellsItsPictures()  # type: ignore[assignment]
    pairs: list[tuple[float, float]] = []

    def note(_: nn.Module, given: tuple[Tensor, Tensor | None, Tensor | None]) -> None:
        frame, state, flow = given
        if flow is not None:
            assert state is not None
            assert float(flow[:, 0].mean()) == float(frame.mean())
            pairs.append((float(flow[:, 0].mean()), float(flow[:, 1].mean())))

    for step in (tiny_network.backward_pass, tiny_network.forward_pass):
        step.register_forward_pre_hook(note)
    tiny_network.backward_features(monochrome, first_index=0)
    assert pairs == [(3, 4), (2, 3), (1, 2), (0, 1)]
    pairs.clear()
    if with_past:
        state = torch.randn(1, 8, 4, 4)
        tiny_network.forward_features(
            monochrome[:, 1:],
            first_index=1,
            previous_features=state,
            previous_frame=monochrome[:, 0],
        )
    else:
        tiny_network.forward_features(monochrome, first_index=0)
    assert pairs == [(1, 0), (2, 1), (3, 2), (4, 3)]


def test_how_many_flows_are_estimated_at_once_does_not_matter(
    tiny_network: RecurrentNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = clip(2, 5, 8, 9)
    at_once = tiny_network(frames, Size(16, 18))
    monkeypatch.setattr(network_module, "FLOW_PIXELS", 2 * 2 * 8 * 9)
    assert_frames_close(tiny_network(frames, Size(16, 18)), at_once, tolerance="float")
    monkeypatch.setattr(network_module, "FLOW_PIXELS", 1)
    assert_frames_close(tiny_network(frames, Size(16, 18)), at_once, tolerance="float")


def test_in_bfloat16_the_frames_keep_their_precision(tiny_network: RecurrentNetwork) -> None:
    frames = clip(1, 3, 9, 10)
    exact = tiny_network(frames, Size(20, 22))
    rough = tiny_network.bfloat16()(frames, Size(20, 22))
    assert rough.dtype is torch.float32
    detail = exact - interpolate(frames[0], Size(20, 22))
    # Only the detail is rounded; it lies on frames that are not.
    assert (rough - exact).abs().mean() < 0.03 * detail.abs().mean()


@pytest.mark.parametrize("shape", [(3, 8, 8), (4, 3, 8, 8), (1, 4, 1, 8, 8)])
def test_other_shapes_are_refused(tiny_network: RecurrentNetwork, shape: tuple[int, ...]) -> None:
    for refuse in (tiny_network.backward_features, tiny_network.forward_features):
        with pytest.raises(ValueError, match="expected"):
            refuse(torch.rand(shape), first_index=0)


def test_the_papers_networks_have_the_sizes_their_parts_add_up_to() -> None:
    shallow, fusion_1x1, conv = 67 * 64 * 9 + 64, 16 * 64 * 64 + 64, 64 * 64 * 9 + 64
    smoothing = {"dense": conv, "separable": 64 * 9 + 64 * 64 + 64}
    block = {"dense": 1_364_544, "separable": 205_632}
    filling = {"dense": 0, "separable": 128 * 64 + 64 + 15 * 73_856}
    for config in (DSCVSR_PAPER, METAVSR_PAPER):
        one_way = (
            shallow + 16 * block[config.block] + fusion_1x1 + smoothing[config.block]
        ) + filling[config.block]
        assert part_sizes(config) == {
            "motion": 1_440_300,  # SPyNet's, as BasicVSR counts it
            "backward_pass": one_way,
            "forward_pass": one_way,
            "fusion": 128 * 64 + 64,
            "refinement": conv,
            "head": (4 * 256 + 256) + (256 * 1728 + 1728),
        }
    assert sum(part_sizes(METAVSR_PAPER).values()) == 45_878_636
    assert sum(part_sizes(DSCVSR_PAPER).values()) == 10_961_260


def part_sizes(config: NetworkConfig) -> Counter[str]:
    with torch.device("meta"):
        network = RecurrentNetwork(config)
    sizes: Counter[str] = Counter()
    for name, parameter in network.named_parameters():
        sizes[name.partition(".")[0]] += parameter.numel()
    return sizes


def test_only_parameters_are_stored(tiny_network: RecurrentNetwork) -> None:
    assert set(tiny_network.state_dict()) == {name for name, _ in tiny_network.named_parameters()}


def test_a_saved_network_is_rebuilt_from_its_file_alone(
    tiny_network: RecurrentNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "network.safetensors"
    save_network(tiny_network.state_dict(), tiny_network.config, path, record={"steps": "0"})
    state, config, record = read_network(path)
    again = RecurrentNetwork(config).eval()
    again.load_state_dict(state)
    frames = clip(1, 3, 9, 10)
    assert record == {"steps": "0"}
    assert torch.equal(again(frames, Size(20, 22)), tiny_network(frames, Size(20, 22)))


def test_gradients_reach_every_weight(tiny_config: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = RecurrentNetwork(tiny_config)
    for level in network.motion.levels:
        nn.init.normal_(list(level.parameters())[-2], std=0.05)
    torch.autograd.backward(network(clip(1, 4, 8, 8), Size(12, 14)).square().sum())
    without = [
        name
        for name, weight in network.named_parameters()
        if weight.grad is None or not weight.grad.any()
    ]
    assert not without
