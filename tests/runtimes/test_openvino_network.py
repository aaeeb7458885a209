"""OpenVINO gives the frames that torch gives, from its cache as well."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.stream import one_scene, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.openvino_devices import Processor
from dscvsr_cli.runtimes.openvino_network import OpenVinoNetwork
from tests.engine.fakes import cuts_at

pytest.importorskip("openvino", reason="needs openvino: pip install dscvsr[openvino]")
pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@pytest.fixture
def clip() -> Tensor:
    return torch.rand(1, 5, 3, 20, 30, generator=torch.Generator().manual_seed(1))


def stream(network: FrameNetwork, clip: Tensor, size: Size, plan: StreamPlan) -> Tensor:
    frames = (Frame(pixels=picture, pts=place) for place, picture in enumerate(clip[0]))
    made = upscale_stream(
        frames,
        network,
        size=size,
        plan=plan,
        device=CPU,
        mark_scenes=one_scene,
    )
    return torch.stack([frame.pixels for frame in made])


@pytest.mark.parametrize("size", [Size(40, 60), Size(54, 81), Size(41, 67)])
def test_a_stream_has_the_same_frames_as_with_torch(
    tiny_network: RecurrentNetwork, clip: Tensor, tmp_path: Path, size: Size
) -> None:
    network = OpenVinoNetwork(tiny_network, cache_dir=tmp_path, threads=1)
    for plan in (
        StreamPlan(window=3, look_ahead=1, step=2),
        StreamPlan(window=8, tile=16, overlap=8),
    ):
        made, expected = (stream(kind, clip, size, plan) for kind in (network, tiny_network))
        torch.testing.assert_close(made, expected, atol=1e-3, rtol=0)


def test_a_second_network_of_the_same_weights_takes_its_graphs_from_the_cache(
    tiny_network: RecurrentNetwork,
    clip: Tensor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def features() -> Tensor:
        network = OpenVinoNetwork(tiny_network, cache_dir=tmp_path, threads=1)
        return network.forward_features(clip, first_index=0)

    first = features()

    def refuse(*_: object) -> None:
        raise AssertionError("converted again")

    monkeypatch.setattr("dscvsr_cli.runtimes.openvino_graphs.convert", refuse)
    torch.testing.assert_close(features(), first)


def test_other_weights_do_not_take_graphs_from_the_cache(
    tiny_network: RecurrentNetwork, clip: Tensor, tmp_path: Path
) -> None:
    def features() -> Tensor:
        network = OpenVinoNetwork(tiny_network, cache_dir=tmp_path, threads=1)
        return network.backward_features(clip, first_index=0)

    first = features()
    for parameter in tiny_network.backward_pass.parameters():
        parameter.mul_(0.5)
    assert not torch.allclose(features(), first, atol=1e-3)


def test_float16_is_refused_on_processors(tiny_network: RecurrentNetwork) -> None:
    with pytest.raises(UsageError, match="float16"):
        OpenVinoNetwork(tiny_network, dtype=torch.float16)


def test_scenes_at_once_have_the_frames_of_one_after_the_other(
    tiny_network: RecurrentNetwork, tmp_path: Path
) -> None:
    network = OpenVinoNetwork(tiny_network, cache_dir=tmp_path, threads=1)
    pictures = torch.rand(30, 3, 20, 30, generator=torch.Generator().manual_seed(1))
    frames = [Frame(pixels=picture, pts=place) for place, picture in enumerate(pictures)]
    made = [
        upscale_stream(
            frames,
            network,
            size=Size(40, 60),
            plan=StreamPlan(window=3, look_ahead=1, step=1),
            device=CPU,
            mark_scenes=cuts_at(range(0, 30, 6)),
            at_once=count,
        )
        for count in (1, 3)
    ]
    for one, other in zip(*made, strict=True):
        assert one.pts == other.pts
        assert torch.equal(one.pixels, other.pixels)


@pytest.mark.parametrize("processor", ["GPU", "NPU"])
def test_intels_gpu_and_npu_get_the_graphs_in_float16_and_motion_in_float32(
    tiny_network: RecurrentNetwork,
    clip: Tensor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    processor: Processor,
) -> None:
    """What such a processor computes cannot be tested without one: the CPU stands in."""
    import openvino  # noqa: PLC0415

    asked: dict[str, tuple[str, str]] = {}
    compile_model = openvino.Core.compile_model

    def compile_here(core: Any, model: Any, device: str, settings: dict[str, Any]) -> Any:
        inputs = "align" if len(model.inputs) == 3 and model.inputs[1].shape[1] == 3 else "others"
        asked[inputs] = device, settings["INFERENCE_PRECISION_HINT"]
        assert device == "CPU" or "ENABLE_CPU_PINNING" not in settings
        return compile_model(core, model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    monkeypatch.setattr(openvino.Core, "compile_model", compile_here)
    network = OpenVinoNetwork(
        tiny_network, dtype=torch.float16, processor=processor, cache_dir=tmp_path
    )
    plan = StreamPlan(window=3, look_ahead=1, step=2)
    made, expected = (stream(kind, clip, Size(40, 60), plan) for kind in (network, tiny_network))
    torch.testing.assert_close(made, expected, atol=1e-3, rtol=0)
    motion = "CPU" if processor == "NPU" else processor
    assert asked == {"align": (motion, "f32"), "others": (processor, "f16")}
