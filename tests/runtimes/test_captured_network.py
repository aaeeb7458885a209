"""Graphs give the frames that torch gives, whatever else is replayed in between.

Without a GPU, a stand-in repeats what it was shown on the same memory. The tests marked ``gpu``
capture real graphs.
"""

import logging

import pytest
import torch
from torch import Tensor

from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.captured_network import CapturedNetwork
from dscvsr_cli.runtimes.choose import open_runtime
from dscvsr_cli.runtimes.kept_filters import KeptFilters
from dscvsr_cli.runtimes.shared_twin import shared_twin
from tests.engine.fakes import cuts_at
from tests.runtimes.captures import Captures

CPU = torch.device("cpu")
DOUBLE = Size(38, 60)


@pytest.fixture
def captures() -> Captures:
    return Captures()


@pytest.fixture
def captured(tiny_network: RecurrentNetwork, captures: Captures) -> CapturedNetwork:
    twin = shared_twin(tiny_network)
    twin.head = KeptFilters(tiny_network.head, tiny_network.config)
    return CapturedNetwork(twin, device=CPU, start_capture=captures.start)


def clip(length: int = 7, height: int = 19, width: int = 30) -> Tensor:
    return torch.rand((length, 3, height, width), generator=torch.Generator().manual_seed(1))


def stream(
    network: RecurrentNetwork | CapturedNetwork,
    pictures: Tensor,
    plan: StreamPlan,
    *,
    size: Size = DOUBLE,
    cuts: tuple[int, ...] = (),
    at_once: int = 1,
    device: torch.device = CPU,
) -> Tensor:
    frames = [Frame(pixels=picture, pts=place) for place, picture in enumerate(pictures)]
    made = upscale_stream(
        frames,
        network,
        size=size,
        plan=plan,
        device=device,
        mark_scenes=cuts_at(cuts),
        at_once=at_once,
    )
    return torch.stack([frame.pixels for frame in made])


WHOLE = StreamPlan(window=3, look_ahead=1, step=2)
TILED = StreamPlan(window=4, look_ahead=1, tile=16, overlap=8)


@pytest.mark.parametrize("plan", [WHOLE, TILED])
@pytest.mark.parametrize(
    # A simple factor, one that has many filters, and one that has too many to keep.
    "size",
    [DOUBLE, Size(57, 75), Size(41, 67)],
)
def test_frames_are_those_of_torch(
    tiny_network: RecurrentNetwork, captured: CapturedNetwork, plan: StreamPlan, size: Size
) -> None:
    made, expected = (
        stream(network, clip(), plan, size=size, cuts=(3,)) for network in (captured, tiny_network)
    )
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)


def test_each_step_is_captured_once(captured: CapturedNetwork, captures: Captures) -> None:
    first = stream(captured, clip(), WHOLE)
    # Two passes, each with and without filling, and the enlarging.
    assert captures.count == 5
    assert torch.equal(stream(captured, clip(), WHOLE), first)
    assert captures.count == 5


def test_graphs_of_shapes_that_came_long_ago_are_dropped(
    captured: CapturedNetwork, captures: Captures
) -> None:
    for width in (16, 17, 18, 19, 16):
        stream(captured, clip(3, 16, width), WHOLE, size=Size(32, 2 * width))
    assert captures.count == 5 * 5


def test_scenes_at_once_have_the_frames_of_one_after_the_other(captured: CapturedNetwork) -> None:
    one, other = (
        stream(captured, clip(24), WHOLE, cuts=(6, 11, 17), at_once=count) for count in (1, 3)
    )
    assert torch.equal(one, other)


def out_of_memory_in_a_capture() -> Exception:
    """Return what ending a capture raises where memory ran out in it."""
    error = RuntimeError("CUDA error: operation failed due to a previous error during capture")
    error.__context__ = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    return error


def test_memory_that_runs_out_in_a_capture_makes_the_plan_smaller_and_frees_all_graphs(
    tiny_network: RecurrentNetwork,
    captured: CapturedNetwork,
    captures: Captures,
    caplog: pytest.LogCaptureFixture,
) -> None:
    large = StreamPlan(window=7, look_ahead=0, step=2, overlap=8)
    expected = stream(tiny_network, clip(3), large)
    stream(captured, clip(3), large)
    captured.release_memory()
    captures.count, captures.error = 0, out_of_memory_in_a_capture()
    made = stream(captured, clip(3), large)
    assert "memory ran out" in caplog.text
    assert captures.starts == 3
    # In tiles, which see less of their surroundings.
    assert (made - expected).abs().mean() < 0.02


def test_where_nothing_can_be_captured_frames_are_made_all_the_same_with_one_warning(
    tiny_network: RecurrentNetwork,
    captured: CapturedNetwork,
    captures: Captures,
    caplog: pytest.LogCaptureFixture,
) -> None:
    captures.error = RuntimeError("operation not permitted when stream is capturing")
    made, expected = (stream(network, clip(), WHOLE) for network in (captured, tiny_network))
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "not permitted" in warning.message
    assert captures.count == 0


@pytest.fixture
def cuda() -> torch.device:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    return torch.device("cuda", 0)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("plan", [WHOLE, TILED])
def test_on_a_gpu_frames_are_those_of_torch(
    tiny_network: RecurrentNetwork, cuda: torch.device, plan: StreamPlan, dtype: torch.dtype
) -> None:
    tiny_network.to(device=cuda, dtype=dtype)
    compiled = open_runtime("compiled", tiny_network, dtype=dtype)
    assert isinstance(compiled, CapturedNetwork)
    tolerance = 1e-3 if dtype == torch.float32 else 5e-2
    for at_once in (1, 2):
        made, expected = (
            stream(network, clip(12), plan, cuts=(5,), at_once=at_once, device=cuda)
            for network in (compiled, tiny_network)
        )
        torch.testing.assert_close(made, expected, atol=tolerance, rtol=0)
