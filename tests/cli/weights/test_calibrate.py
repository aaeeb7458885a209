"""``dscvsr weights calibrate``, and a video enlarged in int8, through main."""

import json
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import DatasetError, UsageError
from dscvsr_cli.models.rounding import Rounding
from dscvsr_cli.runtimes import openvino_graphs
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.weights.load import load_network
from dscvsr_cli.weights.network_file import read_network
from tests.networks import save_smallest

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    render_demo_clip(folder / "one.mp4", width=96, height=64, seconds=0.5)
    return folder


def test_calibrated_weights_hold_the_range_of_every_rounding_and_the_same_tensors(
    clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    before, after = save_smallest(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    assert main(["weights", "calibrate", str(before), "--data", str(clips), "-o", str(after)]) == 0
    assert "calibrated with 1 clip" in capsys.readouterr().out
    network = load_network(str(after), device="cpu").network
    places = {name for name, part in network.named_modules() if isinstance(part, Rounding)}
    assert set(network.ranges) == places
    assert all(low <= 0.0 <= high and low < high for low, high in network.ranges.values())
    assert load_network(str(before), device="cpu").network.ranges == {}
    (old, _, record), (new, _, same) = read_network(before), read_network(after)
    assert record == same
    assert all(bool((old[name] == new[name]).all()) for name in old)


def test_nothing_is_replaced_unasked_and_no_video_is_an_error(
    clips: Path, tmp_path: Path, capsys: Capture
) -> None:
    weights = save_smallest(tmp_path / "a.safetensors")
    command = ["weights", "calibrate", str(weights), "--data", str(clips), "-o"]
    assert main([*command, str(weights)]) == UsageError.exit_code
    assert "already exists" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    command = ["weights", "calibrate", str(weights), "--data", str(empty), "-o"]
    assert main([*command, str(tmp_path / "b.safetensors")]) == DatasetError.exit_code
    assert not (tmp_path / "b.safetensors").exists()


@pytest.mark.slow
def test_a_video_is_enlarged_in_integers(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    pytest.importorskip("openvino", reason="needs openvino: pip install dscvsr[openvino]")
    monkeypatch.setattr(openvino_graphs, "default_cache_dir", lambda: tmp_path / "cache")
    plain, weights = save_smallest(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    assert main(["weights", "calibrate", str(plain), "--data", str(clips), "-o", str(weights)]) == 0
    capsys.readouterr()
    job = ["upscale", str(clips / "one.mp4"), "-s", "2", "--device", "cpu", "--dtype", "int8"]
    output = tmp_path / "out.mkv"
    assert main([*job, "-w", str(weights), "-o", str(output), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out.splitlines()[0])["plan"]
    assert (plan["dtype"], plan["runtime"]) == ("int8", "openvino")
    # What was never calibrated is refused before anything is written.
    other = tmp_path / "other.mkv"
    assert main([*job, "-w", str(plain), "-o", str(other)]) == UsageError.exit_code
    assert "dscvsr weights calibrate" in capsys.readouterr().err
    assert not other.exists()
