"""Weights files that ask for too much, or hold what no network has, are refused in words."""

import json
import os
import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import DatasetError, WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import DSCVSR_PAPER, METAVSR_PAPER, NetworkConfig
from dscvsr_cli.training.checkpoint import load_checkpoint
from dscvsr_cli.weights.load import least_tensors, load_network
from dscvsr_cli.weights.network_file import read_network, save_network
from tests.networks import SMALLEST

CPU = torch.device("cpu")


def with_config(path: Path, **sizes: object) -> Path:
    """Write the smallest network's tensors under another config."""
    state = RecurrentNetwork(SMALLEST).state_dict()
    config = json.loads(SMALLEST.to_json()) | sizes
    about = {"format": 1, "config": config, "record": {}}
    save_file(dict(state), path, metadata={"dscvsr": json.dumps(about)})
    return path


@pytest.mark.parametrize(
    "sizes",
    [
        {"channels": 1024, "growth": 1024, "layers": 64, "blocks": 256},
        {"channels": 10**6},
        {"blocks": 10**9},
        {"layers": 10**400},
        {"head_hidden": 8192, "channels": 1024},
        {"motion_channels": [1024] * 16},
        {"motion_channels": [4] * 10**5},
        {"motion_kernel": 63, "motion_channels": [1024]},
        {"filling_blocks": 256},
    ],
)
def test_a_config_too_large_for_its_tensors_is_refused_at_once(
    sizes: dict[str, object], tmp_path: Path
) -> None:
    path = with_config(tmp_path / "huge.safetensors", **sizes)
    started = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        load_network(str(path), device=CPU)
    assert caught.value.hint
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "config",
    [
        SMALLEST,
        DSCVSR_PAPER,
        METAVSR_PAPER,
        replace(SMALLEST, block="residual", layers=64),
        replace(SMALLEST, filling_blocks=0),
    ],
)
def test_no_real_network_has_fewer_tensors_than_the_least(config: NetworkConfig) -> None:
    with torch.device("meta"):
        assert least_tensors(config) <= len(RecurrentNetwork(config).state_dict())


@pytest.mark.parametrize(
    "dtype", [torch.int8, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.int64]
)
def test_a_dtype_that_no_network_computes_with_is_refused(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    state: dict[str, Any] = dict(RecurrentNetwork(SMALLEST).state_dict())
    name = next(iter(state))
    state[name] = state[name].to(dtype)
    path = tmp_path / "odd.safetensors"
    save_network(state, SMALLEST, path, record={})
    with pytest.raises(WeightsError, match="which no network here computes with"):
        read_network(path)


def test_metadata_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.safetensors"
    deep = '{"format": 1, "record": {}, "config": ' + "[" * 100_000 + "]" * 100_000 + "}"
    save_file({"a": torch.zeros(1)}, path, metadata={"dscvsr": deep})
    with pytest.raises(WeightsError, match="cannot read"):
        read_network(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(WeightsError, match="not a plain file"):
        load_network(str(tmp_path / "pipe.safetensors"), device=CPU)


@pytest.mark.parametrize("text", ["[[weights", "weights = 3", "[[weights]]\nname = 1", "\xff"])
def test_a_bad_catalog_is_reported_in_words(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dscvsr_cli.weights.catalog._PACKAGE_ROOT", tmp_path)
    (tmp_path / "weights.toml").write_bytes(text.encode("latin-1"))
    assert main(["weights", "list"]) == 4
    err = capsys.readouterr().err
    assert "catalog of weights" in err
    assert "hint: " in err


class _Program:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


def test_nobody_is_advised_to_unpickle(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"config": _Program()}, path, pickle_module=pickle)
    with pytest.raises(DatasetError, match="more than tensors") as caught:
        load_checkpoint(path)
    assert "weights_only" not in f"{caught.value} {caught.value.hint}"
