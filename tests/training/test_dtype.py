"""The dtype of a run: decided by the device where the recipe leaves it open, then kept."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dscvsr_cli.training.checkpoint import load_checkpoint, save_checkpoint
from dscvsr_cli.training.dtype import emulates_bfloat16, resolve_dtype
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.training_config import TrainingConfig

CPU = torch.device("cpu")


def pretend(monkeypatch: pytest.MonkeyPatch, *, native: bool) -> None:
    """Let the processor compute bfloat16 natively, or not."""
    monkeypatch.setattr("dscvsr_cli.engine.device.has_native_bfloat16", lambda: native)


@pytest.mark.parametrize(("native", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_a_processor_gets_bfloat16_only_where_it_is_native(
    monkeypatch: pytest.MonkeyPatch, native: bool, dtype: str
) -> None:
    pretend(monkeypatch, native=native)
    assert resolve_dtype("auto", CPU) == dtype
    assert emulates_bfloat16(CPU) is not native


@pytest.mark.parametrize(
    ("capability", "dtype"), [((9, 0), "bfloat16"), ((7, 0), "float32"), ((6, 1), "float32")]
)
def test_a_card_that_upscale_would_run_in_float16_trains_in_float32(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "some card")
    cuda = torch.device("cuda", 0)
    assert resolve_dtype("auto", cuda) == dtype
    assert not emulates_bfloat16(cuda)


def test_a_recipe_that_names_its_dtype_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for native in (True, False):
        pretend(monkeypatch, native=native)
        assert resolve_dtype("float32", CPU) == "float32"
        assert resolve_dtype("bfloat16", CPU) == "bfloat16"


@pytest.mark.parametrize(("native", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_a_run_resumed_on_another_processor_keeps_its_dtype(
    tiny_recipe: TrainingConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    native: bool,
    dtype: str,
) -> None:
    pretend(monkeypatch, native=native)
    trainer = Trainer(replace(tiny_recipe, dtype="auto"), device=CPU)
    assert trainer.config.dtype == dtype
    trainer.save(tmp_path / "checkpoint.pt")
    pretend(monkeypatch, native=not native)
    assert Trainer.resume(tmp_path / "checkpoint.pt", device=CPU).config.dtype == dtype


def test_a_run_in_emulated_bfloat16_is_warned_of(
    tiny_recipe: TrainingConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pretend(monkeypatch, native=True)
    Trainer(replace(tiny_recipe, dtype="bfloat16"), device=CPU)
    pretend(monkeypatch, native=False)
    Trainer(replace(tiny_recipe, dtype="float32"), device=CPU)
    assert not caplog.records
    with caplog.at_level(logging.WARNING, logger="dscvsr_cli"):
        Trainer(replace(tiny_recipe, dtype="bfloat16"), device=CPU)
    assert "only emulates bfloat16" in caplog.text
    assert "-O dtype=float32" in caplog.text


@pytest.mark.parametrize(("flag", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_a_checkpoint_with_the_older_key_goes_on_in_its_dtype(
    tiny_recipe: TrainingConfig, tmp_path: Path, flag: bool, dtype: str
) -> None:
    path = tmp_path / "checkpoint.pt"
    Trainer(tiny_recipe, device=CPU).save(path)
    values = load_checkpoint(path)
    del values["config"]["dtype"]
    values["config"]["bfloat16"] = flag
    save_checkpoint(path, values)
    assert Trainer.resume(path, device=CPU).config.dtype == dtype
