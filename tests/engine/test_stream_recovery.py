"""A stream survives what goes wrong: memory runs out, values overflow, a network misbehaves."""

import logging

import pytest
import torch
from torch import Tensor

from dscvsr_cli.engine.scene_maker import StreamEvent
from dscvsr_cli.engine.stream import one_scene, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DeviceError, WeightsError
from dscvsr_cli.geometry import Size
from tests.engine.fakes import (
    CPU,
    HungryNetwork,
    MovingSumNetwork,
    OverflowingNetwork,
    cuts_at,
    random_frames,
    upscaled,
    whole_result,
)


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_when_memory_runs_out_the_plan_shrinks_and_no_frame_is_lost(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    frames = random_frames(15, Size(100, 120))
    events: list[StreamEvent] = []
    network = HungryNetwork(2, most_pixels=7 * 64 * 64, error=error)
    with caplog.at_level(logging.WARNING):
        made = list(
            upscale_stream(
                frames,
                network,
                size=Size(100, 120),
                plan=StreamPlan(window=10, look_ahead=3),
                device=CPU,
                mark_scenes=cuts_at([11]),
                on_event=events.append,
            )
        )
    torch.testing.assert_close(
        torch.stack([frame.pixels for frame in made]), whole_result(network, frames, [11])
    )
    shrunk = [event for event in events if event.kind == "smaller"]
    assert len(shrunk) == network.failures >= 2
    assert [record.message for record in caplog.records] == [event.message for event in shrunk]


def test_memory_that_runs_out_within_a_window_costs_no_frame() -> None:
    class HungryHead(MovingSumNetwork):
        calls = 0

        def reconstruct(
            self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
        ) -> Tensor:
            self.calls += 1
            if self.calls in (2, 5, 9):
                raise MemoryError
            return super().reconstruct(frames, backward, forward, size=size)

    frames = random_frames(20)
    network = HungryHead(3)
    pictures = upscaled(frames, network, StreamPlan(window=8, look_ahead=3, step=2))
    torch.testing.assert_close(pictures, whole_result(network, frames, []))


def test_memory_too_small_for_the_smallest_plan_is_an_error_with_a_way_out() -> None:
    network = HungryNetwork(1, most_pixels=0, error=MemoryError())
    with pytest.raises(DeviceError, match="too little memory") as caught:
        upscaled(random_frames(5), network, StreamPlan(window=4))
    assert caught.value.hint


def test_an_error_that_is_not_about_memory_is_not_retried() -> None:
    network = HungryNetwork(1, most_pixels=0, error=RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        upscaled(random_frames(5), network, StreamPlan(window=4))
    assert network.failures == 1


def test_a_result_that_is_not_finite_is_made_again_in_float32() -> None:
    frames = random_frames(18)
    frames[9].pixels[0, 0, 0] = 0.625
    frames[13].pixels[0, 0, 0] = 0.625
    built: list[MovingSumNetwork] = []
    events: list[StreamEvent] = []

    def build() -> MovingSumNetwork:
        built.append(MovingSumNetwork(2))
        return built[-1]

    made = upscale_stream(
        frames,
        OverflowingNetwork(2, poison=0.625),
        size=Size(4, 6),
        plan=StreamPlan(window=5, look_ahead=2, step=3),
        device=CPU,
        float32_network=build,
        mark_scenes=cuts_at([12]),
        on_event=events.append,
    )
    pictures = torch.stack([frame.pixels for frame in made])
    torch.testing.assert_close(pictures, whole_result(MovingSumNetwork(2), frames, [12]))
    assert len(built) == 1
    assert [(event.kind, event.frame) for event in events] == [
        ("float32", 8),
        ("scene", 12),
        ("float32", 12),
    ]


def test_memory_that_runs_out_while_the_float32_network_is_built_costs_no_frame() -> None:
    frames = random_frames(9)
    frames[4].pixels[0, 0, 0] = 0.625
    events: list[str] = []

    def build() -> MovingSumNetwork:
        if "smaller" not in events:
            raise MemoryError
        return MovingSumNetwork(2)

    made = upscale_stream(
        frames,
        OverflowingNetwork(2, poison=0.625),
        size=Size(4, 6),
        plan=StreamPlan(window=5, look_ahead=2, step=2),
        device=CPU,
        float32_network=build,
        mark_scenes=one_scene,
        on_event=lambda event: events.append(event.kind),
    )
    pictures = torch.stack([frame.pixels for frame in made])
    torch.testing.assert_close(pictures, whole_result(MovingSumNetwork(2), frames, []))
    assert events == ["smaller", "float32"]


@pytest.mark.parametrize("has_float32", [True, False])
def test_a_network_that_overflows_in_float32_too_is_reported(*, has_float32: bool) -> None:
    frames = random_frames(4)
    network = OverflowingNetwork(1, poison=frames[2].pixels[0, 0, 0].item())
    with pytest.raises(WeightsError, match="not finite at frame 0"):
        list(
            upscale_stream(
                frames,
                network,
                size=Size(4, 6),
                plan=StreamPlan(),
                device=CPU,
                float32_network=(lambda: network) if has_float32 else None,
                mark_scenes=one_scene,
            )
        )
