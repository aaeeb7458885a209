"""Pictures that come back beside the work are whole when they are taken, and delay no step."""

import pytest
import torch
from torch import Tensor

from dscvsr_cli.engine import transfer
from dscvsr_cli.engine.frame_network import FrameListener
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import StreamProgress, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.engine.transfer import Downloads, to_device
from tests.engine.fakes import (
    CPU,
    SMALL,
    HungryNetwork,
    MovingSumNetwork,
    OverflowingNetwork,
    cuts_at,
    random_frames,
    upscaled,
)
from tests.engine.late_copies import LateCopies, copy_late

PLAN = StreamPlan(window=6, look_ahead=2, step=2)


@pytest.fixture
def expected() -> Tensor:
    return upscaled(random_frames(17), MovingSumNetwork(1), PLAN, cuts=(7,))


class WatchingNetwork(MovingSumNetwork):
    """Notes how many copies are outstanding when a step of the forward pass begins."""

    def __init__(self, late: LateCopies) -> None:
        super().__init__(1)
        self._late = late
        self.outstanding: list[int] = []

    def forward_features(
        self,
        frames: Tensor,
        *,
        first_index: int,
        previous_features: Tensor | None = None,
        previous_frame: Tensor | None = None,
        on_frame: FrameListener | None = None,
    ) -> Tensor:
        self.outstanding.append(self._late.outstanding)
        return super().forward_features(
            frames,
            first_index=first_index,
            previous_features=previous_features,
            previous_frame=previous_frame,
            on_frame=on_frame,
        )


def test_pictures_are_copied_while_the_next_ones_of_their_window_are_made(
    expected: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = copy_late(monkeypatch)
    network = WatchingNetwork(late)
    made = upscaled(random_frames(17), network, PLAN, cuts=(7,))
    assert torch.equal(made, expected)
    # Windows of 7, then of 6 and 4 frames, two in a step.
    assert network.outstanding == [0, 2, 2, 2, 0, 2, 2, 0, 2]
    assert late.outstanding == 0
    assert len(late.recorded) == 17


@pytest.mark.parametrize("at_once", [1, 2])
def test_states_come_after_all_pictures_and_progress_does_not_go_back(
    expected: Tensor, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    copy_late(monkeypatch)
    count = 0
    states: list[tuple[int, int]] = []

    def note(state: StreamState) -> None:
        states.append((state.made, count))

    progress: list[float] = []

    def follow(at: StreamProgress) -> None:
        progress.append(at.made + 0.5 * at.waiting * at.backward + 0.5 * at.forward)

    made = []
    for frame in upscale_stream(
        random_frames(17),
        MovingSumNetwork(1),
        size=SMALL,
        plan=PLAN,
        device=CPU,
        mark_scenes=cuts_at((7,)),
        on_boundary=note,
        on_progress=follow,
        at_once=at_once,
    ):
        made.append(frame.pixels)
        count += 1
    assert torch.equal(torch.stack(made), expected)
    assert states == [(7, 7), (13, 13), (17, 17)]
    if at_once == 1:
        assert progress == sorted(progress)


def test_what_was_made_comes_before_a_plan_that_shrinks(monkeypatch: pytest.MonkeyPatch) -> None:
    late = copy_late(monkeypatch)
    plan = StreamPlan(window=6, look_ahead=0, step=2, overlap=8)
    error = RuntimeError("CUDA out of memory")
    network = HungryNetwork(1, most_pixels=4 * SMALL.height * SMALL.width, error=error)
    frames = random_frames(9)
    made = upscaled(frames, network, plan)
    assert network.failures > 0
    assert made.isfinite().all()
    assert late.outstanding == 0


def test_what_was_made_comes_before_a_scene_that_is_done_again_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy_late(monkeypatch)
    frames = random_frames(6)
    poison = 0.625
    frames[4].pixels[0, 0, 0] = poison
    told: list[int] = []
    places: list[int] = []
    for frame in upscale_stream(
        frames,
        OverflowingNetwork(0, poison=poison),
        size=SMALL,
        plan=PLAN,
        device=CPU,
        float32_network=lambda: MovingSumNetwork(0),
        mark_scenes=cuts_at(()),
        on_event=lambda event: told.extend([event.frame, len(places)]),
    ):
        assert frame.pixels.isfinite().all()
        places.append(frame.pts)
    assert told == [4, 4]
    assert places == [frame.pts for frame in frames]


def test_without_pinned_memory_copies_are_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    late = copy_late(monkeypatch)
    monkeypatch.setattr(transfer, "_new_pinned", lambda _: None)
    pictures = [frame.pixels for frame in random_frames(3)]
    assert torch.equal(to_device(pictures, CPU), torch.stack(pictures))
    arrival = Downloads(CPU).begin(pictures)
    assert late.outstanding == 0
    for copy, picture in zip(arrival.pictures, pictures, strict=True):
        assert torch.equal(copy, picture)
        assert copy.data_ptr() != picture.data_ptr()


@pytest.mark.gpu
def test_on_a_gpu_pictures_arrive_whole() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    device = torch.device("cuda", 0)
    pictures = [torch.rand(3, 1080, 1920) for _ in range(4)]
    downloads = Downloads(device)
    for _ in range(3):
        there = to_device(pictures, device)
        arrival = downloads.begin([picture + 1.0 for picture in there])
        # Whatever takes the memory of those pictures now must not be seen in the copies.
        for _ in range(8):
            torch.full_like(there, -1.0)
        arrival.wait()
        for copy, picture in zip(arrival.pictures, pictures, strict=True):
            assert copy.is_pinned()
            assert torch.equal(copy, picture + 1.0)
