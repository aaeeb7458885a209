"""No GPU is needed here: fake tensors know devices, so a forgotten device or dtype fails.

torch runs every operation on tensors without numbers, and refuses those that mix devices or dtypes.
What depends on numbers is answered by the tests: everything is finite.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.pictures import Picture
from dscvsr_cli.engine.scene_run import Outcome, SceneRun
from dscvsr_cli.engine.steady import Steadying
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.runtimes.captured_network import CapturedNetwork
from dscvsr_cli.runtimes.kept_filters import KeptFilters
from dscvsr_cli.training.data.sampler import Batch
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.training_config import TrainingConfig
from tests.engine.late_copies import copy_late
from tests.runtimes.captures import Captures

DEVICE = torch.device("cuda", 0) if torch.version.cuda else torch.device("meta")
"""torch built for processors alone cannot index fake CUDA tensors; another device does as well."""


class Finite:
    """What ``torch.isfinite`` gives where there are no numbers: yes, everywhere."""

    def all(self) -> "Finite":
        return self

    def __and__(self, other: object) -> "Finite":
        return self

    def __bool__(self) -> bool:
        return True


def first_step(count: Tensor) -> int:
    """Read the one number that an optimiser reads, which must not wait for a GPU."""
    assert count.device.type == "cpu"
    return 1


def moved(
    module: nn.Module,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    memory_format: torch.memory_format | None = None,
) -> nn.Module:
    """Move a module as its ``to`` does, which cannot exchange the memory of fake tensors."""
    for part in module.modules():
        for name, weight in part._parameters.items():
            if weight is not None and memory_format is None:
                learns = weight.requires_grad
                there = weight.detach().to(device=device, dtype=dtype)
                part._parameters[name] = nn.Parameter(there, requires_grad=learns)
        for name, values in part._buffers.items():
            if values is not None and memory_format is None:
                there = values.to(
                    device=device, dtype=dtype if values.is_floating_point() else None
                )
                part._buffers[name] = there
    return module


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTensorMode]:
    monkeypatch.setattr(torch, "isfinite", lambda _: Finite())
    monkeypatch.setattr(nn.Module, "to", moved)
    monkeypatch.setattr(Tensor, "__int__", first_step)
    # Whether anything stands still: it does, so that what follows is run as well.
    monkeypatch.setattr(Tensor, "__bool__", lambda _: True)
    if DEVICE.type == "meta":
        monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
        tensor = torch.tensor
        monkeypatch.setattr(
            torch, "tensor", lambda values, device=None, **more: tensor(values, **more).to(device)
        )
    with FakeTensorMode() as mode:
        yield mode


@pytest.mark.usefixtures("fake")
def test_fake_tensors_refuse_what_a_gpu_would() -> None:
    with pytest.raises(RuntimeError, match="cpu"):
        torch.add(torch.empty(2, device=DEVICE), torch.empty(2))


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("dtype", "size", "tile"),
    [
        (torch.float32, Size(32, 48), None),
        (torch.bfloat16, Size(40, 60), 16),
        # An awkward ratio, which takes the head's other route.
        (torch.float16, Size(35, 37), None),
    ],
)
def test_the_engine_stays_on_the_device(
    tiny_config: NetworkConfig, dtype: torch.dtype, size: Size, tile: int | None
) -> None:
    network = RecurrentNetwork(tiny_config).eval().to(device=DEVICE, dtype=dtype)
    make_frames_on_the_device(network, Steadying(network.motion), dtype, size, tile)


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("dtype", "size", "tile"),
    [(torch.bfloat16, Size(32, 48), 16), (torch.float16, Size(35, 37), None)],
)
def test_captured_steps_and_copies_beside_them_stay_on_the_device(
    tiny_config: NetworkConfig,
    monkeypatch: pytest.MonkeyPatch,
    dtype: torch.dtype,
    size: Size,
    tile: int | None,
) -> None:
    late = copy_late(monkeypatch)
    network = RecurrentNetwork(tiny_config).eval().to(device=DEVICE, dtype=dtype)
    network.head = KeptFilters(network.head, tiny_config)
    captures = Captures()
    captured = CapturedNetwork(network, device=DEVICE, start_capture=captures.start)
    make_frames_on_the_device(captured, Steadying(network.motion), dtype, size, tile)
    # A window of four frames, in two steps, all of whose pictures came by themselves.
    assert len(late.recorded) == 4
    assert all(picture.device == DEVICE for picture in late.recorded)
    assert captures.count > 0


def make_frames_on_the_device(
    network: FrameNetwork,
    steadying: Steadying,
    dtype: torch.dtype,
    size: Size,
    tile: int | None,
) -> None:
    run = SceneRun(network, size=size, device=DEVICE, steadying=steadying)
    plan = StreamPlan(window=3, look_ahead=1, tile=tile, overlap=8, step=2)
    for place in range(4):
        pixels = torch.empty(3, 16, 24)
        run.add(Picture(pixels=pixels, frames=(Frame(pixels=pixels, pts=place),)))
    made = []
    while run.advance(plan, ended=True) is Outcome.MADE:
        made += run.take()
        state = run.state(plan, made=len(made), position=len(made), ended=True)
        if state is not None:
            assert state.features.device == DEVICE
            assert state.features.dtype == dtype
    assert [tuple(picture.pixels.shape) for picture in made] == [(3, size.height, size.width)] * 4
    assert all(picture.pixels.device.type == "cpu" for picture in made)
    assert all(picture.pixels.dtype == torch.float32 for picture in made)


@dataclass(frozen=True)
class Values:
    """A tensor of which only the number of elements is known."""

    count: int

    def tolist(self) -> list[float]:
        return [1.0] * self.count


class Alone:
    """One process, as ``training.parallel.ALONE``, whose losses are made up."""

    world, rank, leads = 1, 0, True

    def share(self, batch: int) -> range:
        return range(batch)

    def agree(self, value: float, *, device: torch.device) -> float:
        assert device == DEVICE
        return value

    def mean(self, parts: Tensor) -> Values:
        assert parts.device == DEVICE
        return Values(len(parts))


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_a_training_step_stays_on_the_device(tiny_config: NetworkConfig, optimizer: str) -> None:
    recipe = TrainingConfig(
        network=tiny_config,
        iterations=12,
        batch=2,
        patch=8,
        sequence=(3,),
        max_denominator=2,
        max_scale=2.5,
        motion_weight=0.1,
        dtype="float32",
        optimizer=optimizer,  # type: ignore[arg-type]
    )
    trainer = Trainer(recipe, device=DEVICE, parallel=Alone())  # type: ignore[arg-type]
    batch = Batch(torch.empty(2, 3, 3, 8, 8), torch.empty(2, 3, 3, 16, 16))
    losses = trainer.step(batch, 1e-3)
    assert losses["total"] == 1.0
    weights = dict(trainer.network.named_parameters())
    assert {weight.device for weight in weights.values()} == {DEVICE}
    assert all(average.device == DEVICE for average in trainer.average.weights.values())
    assert trainer.network.fusion.weight.grad is not None
