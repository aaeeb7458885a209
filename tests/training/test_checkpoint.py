"""Checkpoints: whole or not at all, never executed; the average of weights."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.errors import DatasetError, WeightsError
from dscvsr_cli.training.checkpoint import WeightAverage, load_checkpoint, save_checkpoint


def values() -> dict[str, object]:
    return {"state": {"iteration": 3, "seconds": 1.5}, "weights": {"a": torch.arange(6.0)}}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, values())
    loaded = load_checkpoint(path)
    assert loaded["state"] == {"iteration": 3, "seconds": 1.5}
    assert torch.equal(loaded["weights"]["a"], torch.arange(6.0))
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_newer_checkpoint_takes_the_place_of_the_older(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"iteration": 1})
    (tmp_path / "checkpoint.pt.0123abcd.part").write_bytes(b"left behind by a killed run")
    save_checkpoint(path, {"iteration": 2})
    assert load_checkpoint(path) == {"iteration": 2}


def test_a_failed_save_leaves_the_older_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"iteration": 1})
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    (tmp_path / "checkpoint.pt.0123abcd.part").mkdir()  # the new one cannot be written
    with pytest.raises(WeightsError, match="cannot write") as caught:
        save_checkpoint(path, {"iteration": 2})
    assert "--resume" in caught.value.hint
    assert load_checkpoint(path) == {"iteration": 1}


def test_a_full_disk_leaves_the_older_checkpoint_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"iteration": 1})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(WeightsError, match="No space left"):
            save_checkpoint(path, {"iteration": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert load_checkpoint(path) == {"iteration": 1}


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.floats(0, 0.999))
@example(0.5)
def test_a_checkpoint_cut_anywhere_is_reported_not_loaded(tmp_path: Path, share: float) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, values())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DatasetError, match="checkpoint") as caught:
        load_checkpoint(path)
    assert caught.value.hint


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
@example(b"")
@example(pickle.dumps([1, 2, 3]))
@example(pickle.dumps({"iteration": 1}))
@example(b"PK\x03\x04" + bytes(60))
def test_other_files_are_reported_not_loaded(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="checkpoint"):
        load_checkpoint(path)


def test_a_missing_checkpoint_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "checkpoint.pt")


def test_a_list_of_tensors_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save([torch.zeros(2)], path)
    with pytest.raises(DatasetError, match="not a checkpoint"):
        load_checkpoint(path)


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.mkdir, (str(self.mark),)


def test_a_checkpoint_never_runs_anything(tmp_path: Path) -> None:
    path, mark = tmp_path / "checkpoint.pt", tmp_path / "executed"
    torch.save({"config": Trap(mark)}, path)
    with pytest.raises(DatasetError, match="more than tensors and plain values, and is not loaded"):
        load_checkpoint(path)
    assert not mark.exists()


def weights(value: float) -> dict[str, Tensor]:
    return {"a": torch.full((2, 3), value), "b": torch.full((1,), value)}


def test_an_average_starts_from_the_weights_and_follows_them() -> None:
    average = WeightAverage(weights(1.0), 0.9)
    assert all(torch.equal(average.weights[name], w) for name, w in weights(1.0).items())
    for iteration in range(200):
        average.update(weights(3.0), iteration)
    torch.testing.assert_close(average.weights, weights(3.0))


def test_an_average_of_old_moves_by_its_decay_and_a_young_one_faster() -> None:
    old, young = WeightAverage(weights(0.0), 0.99), WeightAverage(weights(0.0), 0.99)
    old.update(weights(1.0), 100_000)
    young.update(weights(1.0), 0)
    assert float(old.weights["b"]) == pytest.approx(0.01, rel=1e-4)
    assert float(young.weights["b"]) == pytest.approx(0.9)


def test_an_average_is_float32_and_its_own() -> None:
    moving = {"a": torch.ones(3, dtype=torch.bfloat16, requires_grad=True)}
    average = WeightAverage(moving, 0.9)
    average.update(moving, 5)
    assert average.weights["a"].dtype is torch.float32
    assert not average.weights["a"].requires_grad
    with torch.no_grad():
        moving["a"].zero_()
    assert average.weights["a"].sum() == 3
