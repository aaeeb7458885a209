import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dscvsr_cli.cli.app import main
from dscvsr_cli.models.config import NetworkConfig
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.weights.files import save_network

TINY = NetworkConfig(
    channels=4,
    growth=4,
    blocks=1,
    layers=1,
    filling_blocks=1,
    motion_levels=2,
    motion_channels=(4,),
    motion_kernel=3,
    head_hidden=4,
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    save_network(RecurrentNetwork(TINY).state_dict(), TINY, path, record={"steps": "0"})
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("first", "second"):
        folder = tmp_path / "clips" / name
        folder.mkdir(parents=True)
        for index in range(3):
            coarse = Image.fromarray(generator.integers(0, 256, (9, 11, 3)).astype(np.uint8))
            coarse.resize((44, 36), Image.Resampling.BICUBIC).save(folder / f"{index}.png")
    return tmp_path / "clips"


def test_weights_are_measured_beside_bicubic_and_lanczos(
    clips: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu"]
    assert main([*arguments, "-s", "2", "-s", "2.7", "--frames", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(mean["scale"], mean["method"]) for mean in report["means"]] == [
        (scale, method) for scale in (2.0, 2.7) for method in ("bicubic", "lanczos", "tiny")
    ]
    assert {score["frames"] for score in report["scores"]} == {2}
    assert {score["clip"] for score in report["scores"]} == {"first", "second"}
    assert all(score["psnr_db"] > 5 and score["seconds"] > 0 for score in report["scores"])
    expected = sum(weight.numel() for weight in RecurrentNetwork(TINY).parameters())
    assert [mean["parameters"] for mean in report["means"]] == [None, None, expected] * 2
    assert report["device"] == "cpu"
    assert any("BT.601" in statement for statement in report["protocol"])


def test_people_read_the_protocol_and_one_table(
    clips: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--dataset", str(clips), "--weights", str(weights), "--device", "cpu"]
    assert main(["bench", *arguments, "--frames", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("PSNR with peak 255" in line for line in lines)
    header = next(index for index, line in enumerate(lines) if line.startswith("factor"))
    assert lines[header].split()[:5] == ["factor", "method", "first", "second", "mean"]
    assert [line.split()[:2] for line in lines[header + 1 :]] == [
        ["x4", "bicubic"],
        ["x4", "lanczos"],
        ["x4", "tiny"],
    ]


def test_missing_data_leaves_with_5_and_says_where_to_get_it(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--root", str(tmp_path / "none"), "-w", str(weights)]) == 5
    told = capsys.readouterr().err
    assert "Vid4 is not whole" in told
    assert "https://" in told


@pytest.mark.parametrize(
    "wrong", [["-s", "1"], ["--frames", "0"], ["-s", "four"], ["--device", "abacus"]]
)
def test_values_that_cannot_work_leave_with_2(clips: Path, weights: Path, wrong: list[str]) -> None:
    arguments = ["--dataset", str(clips), "-w", str(weights), "--device", "cpu"]
    assert main(["bench", *arguments, *wrong]) == 2


def test_the_same_weights_twice_leave_with_2(
    clips: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = ["-w", str(weights), "-w", str(weights)]
    assert main(["bench", "--dataset", str(clips), "--device", "cpu", *twice]) == 2
    assert "two methods would be called tiny" in capsys.readouterr().err
