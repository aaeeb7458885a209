"""Exported graphs enlarge a clip in another program as dscvsr does."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes import export_graphs
from dscvsr_cli.weights.network_file import save_network
from tests.ctrl_c import CtrlC

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/enlarge_with_onnxruntime.py"

pytestmark = pytest.mark.slow


@pytest.fixture
def weights(tmp_path: Path, tiny_network: RecurrentNetwork) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_network(tiny_network.state_dict(), tiny_network.config, path, record={})
    return path


def example() -> Any:
    spec = importlib.util.spec_from_file_location("enlarge_with_onnxruntime", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def export(weights: Path, folder: Path, file_format: str, scale: str, *more: str) -> int:
    command = ["weights", "export", str(weights), "--format", file_format, "--input", "30x20"]
    return main([*command, "--scale", scale, "-o", str(folder), *more])


@pytest.fixture
def fake_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter that writes in no time: what is written does not matter."""

    def write(_module: object, _inputs: object, output: str, path: Path) -> None:
        path.write_bytes(output.encode())

    monkeypatch.setattr(export_graphs, "_write_onnx", write)


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="needs a checkout")
@pytest.mark.parametrize("scale", ["2", "2.7"])
def test_the_example_with_onnxruntime_makes_the_pictures_of_torch(
    weights: Path, tmp_path: Path, tiny_network: RecurrentNetwork, scale: str
) -> None:
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install dscvsr[onnx]")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    folder = tmp_path / "graphs"
    assert export(weights, folder, "onnx", scale) == 0
    about = json.loads((folder / "graphs.json").read_text())
    for file in about["graphs"].values():
        assert onnx.load(folder / file).opset_import[0].version == 17
    clip = np.random.default_rng(0).integers(0, 256, (4, 20, 30, 3), dtype=np.uint8)
    made = example().enlarge(folder, clip)
    frames = torch.from_numpy(clip).permute(0, 3, 1, 2)[None] / 255
    size = Size(**about["output"])
    with torch.inference_mode():
        expected = tiny_network(frames, size).clamp(0, 1)[0].permute(0, 2, 3, 1)
    assert made.shape == (4, size.height, size.width, 3)
    difference = np.abs(made.astype(np.int64) - (expected * 255).round().long().numpy())
    # What falls between two steps of 8 bits may be rounded either way.
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.999


def test_openvino_files_name_their_inputs_and_give_what_torch_gives(
    weights: Path, tmp_path: Path, tiny_network: RecurrentNetwork
) -> None:
    openvino = pytest.importorskip("openvino", reason="needs openvino")
    folder = tmp_path / "graphs"
    assert export(weights, folder, "openvino", "2") == 0
    compiled = openvino.Core().compile_model(
        folder / "forward.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    frame = torch.rand(1, 1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    inputs = {
        "frame": frame[0].numpy(),
        "previous_frame": frame[0].numpy(),
        "previous_state": np.zeros((1, 8, 20, 30), np.float32),
    }
    expected = tiny_network.forward_features(frame, first_index=0)[0]
    made = torch.from_numpy(compiled(inputs)["state"])
    torch.testing.assert_close(made, expected, atol=1e-3, rtol=0)


def test_graphs_need_a_size_and_weights_files_take_none(weights: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "graphs")
    assert main(["weights", "export", str(weights), "--format", "onnx", "-o", target]) == 2
    assert main(["weights", "export", str(weights), "--scale", "2", "-o", target]) == 2
    assert not Path(target).exists()


@pytest.mark.usefixtures("fake_onnx")
@pytest.mark.parametrize("name", ["graphs.json", "forward.onnx"])
def test_graphs_are_replaced_only_when_asked_to(
    weights: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "graphs"
    folder.mkdir()
    for file in (name, "notes.txt"):
        (folder / file).write_text("precious")
    assert export(weights, folder, "onnx", "2") == 2
    assert f"{name} already exists" in capsys.readouterr().err
    assert {path.name for path in folder.iterdir()} == {name, "notes.txt"}
    assert (folder / name).read_text() == "precious"

    assert export(weights, folder, "onnx", "2x", "--overwrite") == 0
    about = json.loads((folder / "graphs.json").read_text())
    assert (about["output"]["width"], about["output"]["height"]) == (60, 40)
    made = {*about["graphs"].values(), "graphs.json", "notes.txt"}
    assert {path.name for path in folder.iterdir()} == made
    assert (folder / "forward.onnx").read_text() == "state"
    assert (folder / "notes.txt").read_text() == "precious"


@pytest.mark.usefixtures("fake_onnx")
def test_an_export_that_is_interrupted_changes_nothing(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "graphs"
    assert export(weights, folder, "onnx", "2") == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def stop(_module: object, _inputs: object, _output: str, path: Path) -> None:
        path.write_bytes(b"half a gr")
        raise CtrlC

    monkeypatch.setattr(export_graphs, "_write_onnx", stop)
    assert export(weights, tmp_path / "new", "onnx", "3") == 130
    assert not (tmp_path / "new").exists()
    assert export(weights, folder, "onnx", "3", "--overwrite") == 130
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.usefixtures("fake_onnx")
def test_a_folder_that_cannot_be_made_is_an_error(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "graphs"):
        assert export(weights, folder, "onnx", "2") == 2
        assert "nothing can be written" in capsys.readouterr().err
