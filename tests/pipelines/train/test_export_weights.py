"""Weights from a run's checkpoint: averaged, with the record of what it did so far."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import DatasetError, WeightsError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.pipelines.train.data import DataReader
from dscvsr_cli.pipelines.train.export_weights import export_run
from dscvsr_cli.pipelines.train.run import CHECKPOINT_NAME, LOG_NAME, WEIGHTS_NAME, train
from dscvsr_cli.training.checkpoint import load_checkpoint, save_checkpoint
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.weights.load import load_network
from dscvsr_cli.weights.network_file import read_network
from tests.clips import Clip, render

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def finished_run(tiny_config: NetworkConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    render(Clip(width=80, height=64), data)
    config = TrainingConfig(
        network=tiny_config,
        iterations=3,
        batch=1,
        patch=8,
        sequence=(2,),
        max_scale=2.0,
        validations=1,
    )
    reader = DataReader(places=(data,), validation=(data,))
    folder = tmp_path_factory.mktemp("training") / "run"
    train(config, reader, folder, device=CPU)
    return folder


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A finished run that a test may damage."""
    return shutil.copytree(finished_run, tmp_path / "run")


def test_the_end_of_a_run_is_exported_as_the_run_wrote_it(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "student.safetensors"
    report = export_run(run, target)
    assert (report.weights, report.iterations) == (target, 3)
    assert report.size_bytes == target.stat().st_size
    assert target.read_bytes() == (run / WEIGHTS_NAME).read_bytes()
    assert "validation" in read_network(target)[2]


def test_half_precision_halves_the_file_and_hardly_changes_the_pictures(
    run: Path, tmp_path: Path
) -> None:
    whole = export_run(run, tmp_path / "whole.safetensors")
    half = export_run(run, tmp_path / "half.safetensors", half=True)
    state = read_network(half.weights)[0]
    assert {tensor.dtype for tensor in state.values()} == {torch.float16}
    saved = whole.size_bytes - half.size_bytes
    assert saved == pytest.approx(sum(t.numel() for t in state.values()) * 2, rel=0.02)
    frames = torch.rand((1, 3, 3, 12, 16), generator=torch.Generator().manual_seed(0))
    pictures = []
    for report in (whole, half):
        loaded = load_network(str(report.weights), device=CPU)
        assert loaded.network.feature_dtype is torch.float32
        pictures.append(loaded.network(frames, Size(27, 36)))
    assert 0 < float((pictures[0] - pictures[1]).abs().max()) < 1e-3


def test_weights_that_float16_cannot_hold_are_reported(run: Path, tmp_path: Path) -> None:
    values = load_checkpoint(run / CHECKPOINT_NAME)
    values["average"]["fusion.bias"][0] = 1e6
    save_checkpoint(run / CHECKPOINT_NAME, values)
    with pytest.raises(WeightsError, match=r"fusion\.bias reach 1e\+06") as caught:
        export_run(run, tmp_path / "half.safetensors", half=True)
    assert "--half" in caught.value.hint
    assert not (tmp_path / "half.safetensors").exists()


def test_a_run_whose_log_is_lost_is_exported_all_the_same(run: Path, tmp_path: Path) -> None:
    for content in (None, '{"event": "validation", "scores": [{"odd": 1}]}\n'):
        (run / LOG_NAME).unlink(missing_ok=True)
        if content is not None:
            (run / LOG_NAME).write_text(content)
        export_run(run, tmp_path / "student.safetensors")
        record = read_network(tmp_path / "student.safetensors")[2]
        assert (record["footage"], record["iterations"]) == ("unknown", "3")
        assert "validation" not in record


def test_a_folder_that_is_no_run_is_reported(run: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not the folder of a training run"):
        export_run(tmp_path, tmp_path / "out.safetensors")
    values = load_checkpoint(run / CHECKPOINT_NAME)
    save_checkpoint(run / CHECKPOINT_NAME, {key: values[key] for key in ("config", "state")})
    with pytest.raises(DatasetError, match="not a checkpoint of this version"):
        export_run(run, tmp_path / "out.safetensors")
    network = replace(TrainingConfig.from_values(values["config"]).network, channels=12)
    values["config"] = replace(
        TrainingConfig.from_values(values["config"]), network=network
    ).to_values()
    save_checkpoint(run / CHECKPOINT_NAME, values)
    with pytest.raises(WeightsError, match="does not fit"):
        export_run(run, tmp_path / "out.safetensors")
