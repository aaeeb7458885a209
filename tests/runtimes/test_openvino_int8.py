"""Eight-bit integers through OpenVINO: frames as torch rounds them, and what is refused."""

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.rounding import round_to_eight_bits, watched_ranges
from dscvsr_cli.runtimes.choose import RuntimeName, choose_runtime, choose_runtime_dtype
from dscvsr_cli.runtimes.openvino_network import OpenVinoNetwork

pytest.importorskip("openvino", reason="needs openvino: pip install dscvsr[openvino]")

CPU = torch.device("cpu")
SIZE = Size(40, 60)


@pytest.fixture
def clip() -> Tensor:
    return torch.rand(1, 5, 3, 20, 30, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def calibrated(tiny_network: RecurrentNetwork, clip: Tensor) -> RecurrentNetwork:
    network = copy.deepcopy(tiny_network)
    with watched_ranges(network) as ranges:
        network(clip, SIZE)
    network.ranges = ranges
    return network


def pictures(network: OpenVinoNetwork | RecurrentNetwork, clip: Tensor) -> Tensor:
    backward = network.backward_features(clip, first_index=0)
    forward = network.forward_features(clip, first_index=0)
    return network.reconstruct(clip, backward, forward, size=SIZE)


@pytest.mark.slow
def test_frames_are_those_that_torch_gives_when_it_rounds(
    calibrated: RecurrentNetwork, clip: Tensor, tmp_path: Path
) -> None:
    made = pictures(OpenVinoNetwork(calibrated, dtype=torch.int8, cache_dir=tmp_path), clip)
    exact = pictures(calibrated, clip)
    rounding = copy.deepcopy(calibrated)
    round_to_eight_bits(rounding, calibrated.ranges)
    expected = pictures(rounding, clip)
    # What lies between two steps may go either way, and the recurrence carries it on.
    assert (made - expected).abs().mean() < 0.3 * (made - exact).abs().mean()


@pytest.mark.slow
def test_graphs_in_integers_and_in_float32_are_kept_apart(
    calibrated: RecurrentNetwork, clip: Tensor, tmp_path: Path
) -> None:
    in_float = pictures(OpenVinoNetwork(calibrated, cache_dir=tmp_path), clip)
    in_integers = pictures(OpenVinoNetwork(calibrated, dtype=torch.int8, cache_dir=tmp_path), clip)
    assert (in_float - in_integers).abs().max() > 1e-4
    calibrated.ranges = {
        name: (2 * low, 2 * high) for name, (low, high) in calibrated.ranges.items()
    }
    in_others = pictures(OpenVinoNetwork(calibrated, dtype=torch.int8, cache_dir=tmp_path), clip)
    assert (in_others - in_integers).abs().max() > 1e-4


def test_weights_without_ranges_are_refused_with_the_way_out(
    tiny_network: RecurrentNetwork, calibrated: RecurrentNetwork, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="never calibrated") as refusal:
        OpenVinoNetwork(tiny_network, dtype=torch.int8, cache_dir=tmp_path)
    assert "dscvsr weights calibrate" in str(refusal.value.hint)
    name = next(iter(calibrated.ranges))
    calibrated.ranges = {key: r for key, r in calibrated.ranges.items() if key != name}
    with pytest.raises(UsageError, match=f"lack {name}"):
        OpenVinoNetwork(calibrated, dtype=torch.int8, cache_dir=tmp_path)


def test_int8_means_openvino_on_a_processor_and_nothing_else_computes_in_it() -> None:
    dtype = choose_runtime_dtype("auto", "int8", CPU)
    assert dtype == torch.int8
    assert choose_runtime("auto", device=CPU, dtype=dtype) == "openvino"
    assert choose_runtime("openvino", device=CPU, dtype=dtype) == "openvino"
    refusing: tuple[RuntimeName, ...] = ("torch", "compiled", "openvino-gpu", "openvino-npu")
    for name in refusing:
        with pytest.raises(UsageError, match="int8"):
            choose_runtime(name, device=CPU, dtype=dtype)
    with pytest.raises(UsageError, match="cuda"):
        choose_runtime("auto", device=torch.device("cuda"), dtype=dtype)
