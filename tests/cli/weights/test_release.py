"""``dscvsr weights export`` and ``push``, through main."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from dscvsr_cli.cli.app import main
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.checkpoint import save_checkpoint
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.weights.network_file import read_network
from tests.networks import SMALLEST
from tests.weights.hub_server import COMMIT, HubServer

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path, tiny_network: RecurrentNetwork) -> Path:
    """A run that was interrupted after seven steps: it left a checkpoint and nothing else."""
    folder = tmp_path / "run"
    folder.mkdir()
    values = {
        "config": TrainingConfig(network=SMALLEST).to_values(),
        "state": {"iteration": 7, "seconds": 90.0, "clips_seen": 56},
        "average": tiny_network.state_dict(),
    }
    save_checkpoint(folder / "checkpoint.pt", values)
    return folder


@pytest.fixture
def writer(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Use 'content=", category=DeprecationWarning)
        yield hub


def test_an_interrupted_run_is_exported_pushed_and_pulled(
    run: Path, writer: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    file = tmp_path / "student.safetensors"
    assert main(["weights", "export", str(run), "-o", str(file), "--half"]) == 0
    assert "after 7 steps" in capsys.readouterr().out
    push = ["weights", "push", "me/student", str(file), "--licence", "MIT"]
    assert main([*push, "--quiet"]) == 0
    assert main([*push, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(writer.messages) == 2
    assert report["address"]["revision"] == COMMIT
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert main(["weights", "verify", "me/student/student.safetensors"]) == 0
    assert "good" in capsys.readouterr().out


def test_export_as_json_says_what_was_written(run: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "student.safetensors"
    assert main(["weights", "export", str(run), "-o", str(file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {
        "weights": str(file),
        "iterations": 7,
        "size_bytes": file.stat().st_size,
    }
    state, config, record = read_network(file)
    assert config == SMALLEST
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert record["minutes"] == "1.5"


def test_a_dry_run_prints_the_card_and_uploads_nothing(
    run: Path, writer: HubServer, capsys: Capture
) -> None:
    file = run / "weights.safetensors"
    assert main(["weights", "export", str(run), "-o", str(file), "--quiet"]) == 0
    push = ["weights", "push", "me/student", str(run), "--licence", "Apache-2.0", "--dry-run"]
    assert main(push) == 0
    out = capsys.readouterr().out
    assert out.startswith("---\nlibrary_name: dscvsr\nlicense: apache-2.0\n")
    assert "me/student/weights.safetensors" in out
    assert not writer.private
    assert not writer.files


def test_without_a_place_the_run_is_the_folder_one_is_in(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(run)
    push = ["weights", "push", "me/student", "--licence", "MIT", "--dry-run"]
    assert main(push) == 4
    assert "dscvsr weights export . -o FILE" in capsys.readouterr().err
    assert main(["weights", "export", ".", "-o", "weights.safetensors"]) == 0
    assert main(push) == 0


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("export nowhere -o x.safetensors", 5, "not the folder of a training run"),
        ("export .", 2, "--output"),
        ("push me/student nothing.safetensors --licence MIT", 4, "no such weights"),
        ("push me/student .", 2, "--licence"),
    ],
)
def test_mistakes_leave_with_their_code(
    command: str, code: int, told: str, capsys: Capture
) -> None:
    assert main(["weights", *command.split()]) == code
    assert told in capsys.readouterr().err


def test_export_replaces_a_file_only_when_asked_to(
    run: Path, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "precious.safetensors"
    file.write_bytes(b"precious")
    assert main(["weights", "export", str(run), "-o", str(file)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert file.read_bytes() == b"precious"
    assert main(["weights", "export", str(run), "-o", str(file), "--overwrite"]) == 0
    assert read_network(file)[1] == SMALLEST
