"""SelfEnsemble: the mean over mirrored videos, whatever windows, tiles and resuming do."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dscvsr_cli.engine.self_ensemble import SelfEnsemble, ensemble_of
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, peak_bytes
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import MIRROR_IMAGES, Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from tests.engine.fakes import CPU, cuts_at, random_frames

CONFIG = NetworkConfig(
    channels=4, growth=4, blocks=1, layers=1, filling_blocks=1, motion_levels=2, head_hidden=8
)
SOURCE, TARGET = Size(12, 20), Size(31, 54)
PLAN = StreamPlan(window=3, look_ahead=1, step=2)
AXES = [(), (-1,), (-2,), (-2, -1)]


@pytest.fixture(scope="module")
def network() -> RecurrentNetwork:
    torch.manual_seed(0)
    made = RecurrentNetwork(CONFIG).eval().requires_grad_(requires_grad=False)
    # A fresh head adds next to nothing, and a mirrored picture would be enlarged just the same.
    made.head.filters.weight.mul_(100)
    return made


def run(
    frames: list[Frame],
    network: RecurrentNetwork | SelfEnsemble,
    *,
    plan: StreamPlan = PLAN,
    resume: StreamState | None = None,
    states: list[StreamState] | None = None,
) -> Tensor:
    made = upscale_stream(
        frames,
        network,
        size=TARGET,
        plan=plan,
        device=CPU,
        mark_scenes=cuts_at([5]),
        resume=resume,
        on_boundary=None if states is None else states.append,
    )
    return torch.stack([frame.pixels for frame in made])


def mirrored(frames: list[Frame], axes: tuple[int, ...]) -> list[Frame]:
    return [replace(frame, pixels=frame.pixels.flip(axes)) for frame in frames]


@pytest.mark.parametrize("copies", range(2, len(MIRROR_IMAGES) + 1))
def test_it_is_the_mean_of_what_the_mirrored_videos_become(
    network: RecurrentNetwork, copies: int
) -> None:
    frames = random_frames(8, SOURCE)
    each = [
        run([replace(frame, pixels=frame.pixels.flip(axes)) for frame in frames], network).flip(
            axes
        )
        for axes in AXES[:copies]
    ]
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    # Pixels are cut off at 0 and 1 after the mean, and here before it; so only inside.
    inside = torch.stack([(one > 0) & (one < 1) for one in each]).all(dim=0)
    assert float(inside.float().mean()) > 0.5
    made = run(frames, SelfEnsemble(network, copies))
    torch.testing.assert_close(made[inside], torch.stack(each).mean(dim=0)[inside])


def test_all_copies_treat_left_as_right_and_above_as_below(network: RecurrentNetwork) -> None:
    frames = random_frames(6, SOURCE, seed=1)
    ensemble = SelfEnsemble(network, len(MIRROR_IMAGES))
    made = run(mirrored(frames, (-2, -1)), ensemble).flip(-2, -1)
    torch.testing.assert_close(made, run(frames, ensemble))


def test_a_resumed_stream_makes_the_same_frames(network: RecurrentNetwork) -> None:
    frames, ensemble = random_frames(8, SOURCE), SelfEnsemble(network, 3)
    states: list[StreamState] = []
    whole = run(frames, ensemble, states=states)
    assert [state.made for state in states] == [3, 5, 8]
    rest = run(frames, ensemble, resume=states[0])
    assert torch.equal(rest, whole[3:])


def test_tiles_cut_the_features_of_all_copies(network: RecurrentNetwork) -> None:
    frames, ensemble = random_frames(5, Size(12, 96)), SelfEnsemble(network, 2)
    tiled = StreamPlan(window=3, look_ahead=1, tile=64, overlap=24)
    whole = replace(tiled, tile=None)
    size = Size(24, 192)
    made = [
        torch.stack(
            [f.pixels for f in upscale_stream(frames, ensemble, size=size, plan=p, device=CPU)]
        )
        for p in (tiled, whole)
    ]
    assert float((made[0] - made[1]).abs().mean()) < 2e-3


def test_a_frame_is_reported_once(network: RecurrentNetwork) -> None:
    frames = torch.rand(1, 5, 3, 12, 20)
    passed: list[bool] = []
    SelfEnsemble(network, 4).backward_features(
        frames, first_index=0, on_frame=lambda: passed.append(True)
    )
    assert len(passed) == 5


def test_one_copy_is_the_network_itself(network: RecurrentNetwork) -> None:
    assert ensemble_of(network, 1) is network
    for copies in (0, len(MIRROR_IMAGES) + 1):
        with pytest.raises(ValueError, match="copies"):
            ensemble_of(network, copies)


def test_its_features_count_as_often_as_there_are_copies() -> None:
    cost = NetworkCost(feature_channels=32, workspace_channels=100)
    assert cost.with_copies(1) == cost
    one, four = (peak_bytes(PLAN, SOURCE, TARGET, cost.with_copies(n)) for n in (1, 4))
    # The features of the frames that a window and its look-ahead hold.
    assert four - one >= 3 * 4 * 32 * 4 * SOURCE.height * SOURCE.width
