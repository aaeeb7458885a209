"""Teachers: recognised by their tensors, read without running anything, refused with the reason."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.training_config import load_recipe
from dscvsr_cli.weights.external.basicvsr import (
    FEATURE_GAIN,
    convert_basicvsr,
    read_pickled_weights,
)
from dscvsr_cli.weights.external.teacher import load_teacher
from dscvsr_cli.weights.network_file import read_network, save_network

CHANNELS, BLOCKS, LEVELS = 4, 2, 2


def public_weights(
    channels: int = CHANNELS, blocks: int = BLOCKS, levels: int = LEVELS
) -> dict[str, Tensor]:
    """A BasicVSR, small unless told, under the names that BasicSR gives its parts."""
    made: dict[str, Tensor] = {}

    def convolution(name: str, outputs: int, inputs: int, side: int) -> None:
        made[f"{name}.weight"] = torch.randn(outputs, inputs, side, side) * 0.1
        made[f"{name}.bias"] = torch.randn(outputs) * 0.1

    torch.manual_seed(0)
    made["spynet.mean"] = torch.zeros(1, 3, 1, 1)
    for level in range(levels):
        widths = (8, 32, 64, 32, 16, 2)
        for i in range(5):
            name = f"spynet.basic_module.{level}.basic_module.{2 * i}"
            convolution(name, widths[i + 1], widths[i], 7)
    for side in ("backward", "forward"):
        convolution(f"{side}_trunk.main.0", channels, channels + 3, 3)
        for block in range(blocks):
            convolution(f"{side}_trunk.main.2.{block}.conv1", channels, channels, 3)
            convolution(f"{side}_trunk.main.2.{block}.conv2", channels, channels, 3)
    convolution("fusion", channels, 2 * channels, 1)
    convolution("upconv1", 4 * channels, channels, 3)
    return made


def trunk(weights: dict[str, Tensor], side: str, frame: Tensor, state: Tensor) -> Tensor:
    """BasicVSR's trunk from its definition: convolution, leaky ReLU, blocks with ReLU."""

    def convolve(name: str, x: Tensor) -> Tensor:
        return torch.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    joined = torch.cat((frame, state), dim=1)
    x = torch.nn.functional.leaky_relu(convolve(f"{side}_trunk.main.0", joined), 0.1)
    for block in range(BLOCKS):
        name = f"{side}_trunk.main.2.{block}"
        x = x + convolve(f"{name}.conv2", convolve(f"{name}.conv1", x).relu())
    return x


@pytest.mark.parametrize("side", ["backward", "forward"])
def test_a_converted_trunk_gives_what_basicvsrs_gives(side: str) -> None:
    weights = public_weights()
    state, config = convert_basicvsr(weights)
    network = RecurrentNetwork(config)
    network.load_state_dict(state)
    frame, feature = torch.rand(1, 3, 6, 7), torch.randn(1, CHANNELS, 6, 7)
    extraction = network.get_submodule(f"{side}_pass.extraction")
    expected = trunk(weights, side, frame, feature)
    torch.testing.assert_close(extraction(FEATURE_GAIN * feature, frame), FEATURE_GAIN * expected)
    assert config == NetworkConfig(
        block="residual",
        channels=CHANNELS,
        blocks=BLOCKS,
        filling_blocks=0,
        motion_levels=LEVELS,
        head_hidden=64,
    )


def test_what_the_converted_passes_are_fused_to_is_what_basicvsrs_are() -> None:
    weights = public_weights()
    network = RecurrentNetwork(convert_basicvsr(weights)[1])
    network.load_state_dict(convert_basicvsr(weights)[0])
    features = torch.randn(1, 2 * CHANNELS, 6, 7)
    expected = torch.conv2d(features, weights["fusion.weight"], weights["fusion.bias"])
    torch.testing.assert_close(network.fusion(FEATURE_GAIN * features), expected)


def test_the_other_naming_of_basicvsr_converts_to_the_same() -> None:
    weights = public_weights()
    other = {}
    for name, tensor in weights.items():
        renamed = name.replace("_trunk.", "_resblocks.")
        if name.startswith("spynet.basic_module"):
            head, number, kind = name.rsplit(".", 2)
            renamed = f"{head}.{int(number) // 2}.conv.{kind}"
        other[f"generator.{renamed}"] = tensor
    stripped = {name.removeprefix("generator."): tensor for name, tensor in other.items()}
    one, config = convert_basicvsr(weights)
    two, again = convert_basicvsr(stripped)
    assert config == again
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_weights_without_a_part_are_refused() -> None:
    weights = public_weights()
    del weights["forward_trunk.main.2.1.conv2.bias"]
    with pytest.raises(WeightsError, match="missing"):
        convert_basicvsr(weights)


def test_a_pickled_twin_of_the_student_is_recognised(
    tmp_path: Path, tiny_config: NetworkConfig
) -> None:
    twin = RecurrentNetwork(replace(tiny_config, block="dense", filling_blocks=0))
    path = tmp_path / "metavsr.pth"
    torch.save({"params": twin.state_dict()}, path)
    teacher = load_teacher(path, tiny_config)
    assert teacher.config.block == "dense"
    assert all(torch.equal(w, twin.state_dict()[name]) for name, w in teacher.state_dict().items())


def test_a_file_of_ours_brings_its_own_config(tmp_path: Path, tiny_config: NetworkConfig) -> None:
    wide = RecurrentNetwork(replace(tiny_config, block="dense", channels=12))
    path = tmp_path / "teacher.safetensors"
    save_network(wide.state_dict(), wide.config, path, record={})
    assert load_teacher(path, tiny_config).config == wide.config


def test_a_public_basicvsr_is_converted(tmp_path: Path, tiny_config: NetworkConfig) -> None:
    path = tmp_path / "BasicVSR.pth"
    torch.save(public_weights(), path)
    assert load_teacher(path, tiny_config).config.block == "residual"


def test_a_network_of_unknown_sizes_is_refused(tmp_path: Path, tiny_config: NetworkConfig) -> None:
    path = tmp_path / "odd.pth"
    torch.save({"layer.weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="neither MetaVSR nor DSCVSR"):
        load_teacher(path, tiny_config)


class Trap:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "trap.pth"
    torch.save({"weights": Trap(trace)}, path)
    with pytest.raises(WeightsError, match="could run programs"):
        read_pickled_weights(path)
    path.write_bytes(pickle.dumps({"weights": Trap(trace)}))
    with pytest.raises(WeightsError):
        read_pickled_weights(path)
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no pickle at all"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        read_pickled_weights(path)
    with pytest.raises(WeightsError, match="no such weights file"):
        read_pickled_weights(tmp_path / "missing.pth")


def test_the_command_writes_what_the_head_recipe_begins_with(tmp_path: Path) -> None:
    public, made = tmp_path / "BasicVSR.pth", tmp_path / "teacher.safetensors"
    torch.save({"params": public_weights(channels=64, blocks=30, levels=6)}, public)
    assert main(["weights", "convert", str(public), "-o", str(made), "--quiet"]) == 0
    state, config, record = read_network(made)
    assert config == load_recipe("basicvsr-head").network
    assert record["licence"] == "Apache-2.0"
    RecurrentNetwork(config).load_state_dict(state)
