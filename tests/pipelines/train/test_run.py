"""Training from files to a file: what a run leaves behind, and how it goes on after a death."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import DatasetError, UsageError, WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.train.run import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    LOG_NAME,
    WEIGHTS_NAME,
    TrainEvents,
)
from dscvsr_cli.training.checkpoint import load_checkpoint
from dscvsr_cli.training.run_log import read_log
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.training_config import TrainingConfig, load_recipe
from dscvsr_cli.weights.network_file import read_network
from tests.pipelines.train.runs import CPU, assert_same_weights, reader, train


def test_a_run_leaves_a_checkpoint_and_the_averaged_weights(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    run, steps, files = tmp_path / "deep" / "run", [], []
    report = train(
        config,
        replace(reader(data), on_reading=lambda done, found: files.append((done, found))),
        run,
        device=CPU,
        events=TrainEvents(on_step=lambda step: steps.append(step.iteration)),
    )
    left = {CHECKPOINT_NAME, WEIGHTS_NAME, LOG_NAME, CURVES_NAME}
    assert {file.name for file in run.iterdir()} == left
    assert (steps, files) == ([1, 2, 3, 4], [(1, 1)])
    state, stored_config, record = read_network(run / WEIGHTS_NAME)
    average = load_checkpoint(run / CHECKPOINT_NAME)["average"]
    assert stored_config == config.network
    assert state.keys() == average.keys() == RecurrentNetwork(config.network).state_dict().keys()
    assert all(torch.equal(state[name], average[name]) for name in state)
    assert report.weights == run / WEIGHTS_NAME
    assert report.parameters == sum(tensor.numel() for tensor in state.values())
    assert (report.iterations, report.clips_seen) == (4, 4)
    assert record["iterations"] == "4"
    assert record["dtype"] == read_log(run / LOG_NAME)[0]["dtype"] == "float32"
    assert record["footage"] == "1 clip"


@pytest.mark.parametrize(("native", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_the_dtype_that_the_device_decides_is_recorded(
    config: TrainingConfig,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    native: bool,
    dtype: str,
) -> None:
    monkeypatch.setattr("dscvsr_cli.engine.device.has_native_bfloat16", lambda: native)
    report = train(replace(config, dtype="auto"), reader(data), data / "run", device=CPU)
    start = read_log(report.log)[0]
    assert start["dtype"] == start["config"]["dtype"] == dtype
    record = read_network(report.weights)[2]
    assert record["dtype"] == dtype
    assert f"dtype='{dtype}'" in record["recipe"]


def test_a_run_is_not_begun_twice_in_one_folder(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    train(config, reader(data), tmp_path / "run", device=CPU)
    before = (tmp_path / "run" / WEIGHTS_NAME).read_bytes()
    with pytest.raises(UsageError, match="holds a run already") as caught:
        train(config, reader(data), tmp_path / "run", device=CPU)
    assert "--resume" in caught.value.hint
    assert (tmp_path / "run" / WEIGHTS_NAME).read_bytes() == before


def test_a_resumed_run_keeps_its_own_recipe_and_ends_as_if_never_stopped(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    def stop(step: StepReport) -> None:
        if step.iteration == 2:
            raise StoppedError

    config = replace(config, iterations=5)
    straight = train(config, reader(data), tmp_path / "straight", device=CPU)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dscvsr_cli.training.loop.CHECKPOINT_SECONDS", -1.0)
        with pytest.raises(StoppedError):
            train(
                config, reader(data), tmp_path / "run", device=CPU, events=TrainEvents(on_step=stop)
            )
    assert load_checkpoint(tmp_path / "run" / CHECKPOINT_NAME)["state"]["iteration"] == 1
    other = replace(config, iterations=50, learning_rate=1.0)
    resumed = train(other, reader(data), tmp_path / "run", device=CPU, resume=True)
    assert resumed.iterations == 5
    assert_same_weights(resumed.weights, straight.weights)


_TRAIN = """
import sys
from pathlib import Path
import torch
from dscvsr_cli.pipelines.train.run import train
from dscvsr_cli.pipelines.train.data import DataReader
from dscvsr_cli.training import loop
from dscvsr_cli.training.training_config import load_recipe
torch.set_num_threads(1)
loop.CHECKPOINT_SECONDS = -1.0
recipe, data, run = sys.argv[1:]
train(load_recipe(recipe), DataReader(places=(Path(data),)), Path(run), device=torch.device("cpu"))
"""

_RECIPE = """
iterations = {iterations}
batch = 1
patch = 8
sequence = [2]
max_scale = 2.0
[network]
channels = 8
growth = 8
blocks = 1
layers = 2
filling_blocks = 1
motion_levels = 2
motion_channels = [8]
motion_kernel = 3
head_hidden = 8
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_run_goes_on_and_ends_as_if_never_killed(data: Path, tmp_path: Path) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(_RECIPE.format(iterations=100_000), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", _TRAIN, str(recipe), str(data), str(run)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    try:
        while not (run / CHECKPOINT_NAME).exists():
            assert process.poll() is None, "the run ended by itself"
            assert time.monotonic() < deadline, "no checkpoint within two minutes"
            time.sleep(0.01)
        time.sleep(0.05)
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    done = load_checkpoint(run / CHECKPOINT_NAME)["state"]["iteration"]
    assert done >= 1
    # Of the endless run only some steps are waited for; the schedule is one of 100000 all the same.
    stop_after = done + 3
    for folder, resume in ((run, True), (tmp_path / "straight", False)):
        _train_until(recipe, data, folder, stop_after, resume=resume)
    one, other = (
        load_checkpoint(folder / CHECKPOINT_NAME) for folder in (run, tmp_path / "straight")
    )
    assert one["state"]["iteration"] == other["state"]["iteration"] == stop_after
    for part in ("network", "average"):
        for name, tensor in other[part].items():
            assert torch.equal(one[part][name], tensor), name


def _train_until(recipe: Path, data: Path, run: Path, steps: int, *, resume: bool) -> None:
    class EnoughError(Exception):
        pass

    def stop(step: StepReport) -> None:
        if step.iteration > steps:
            raise EnoughError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dscvsr_cli.training.loop.CHECKPOINT_SECONDS", -1.0)
        with pytest.raises(EnoughError):
            train(
                load_recipe(str(recipe)),
                reader(data),
                run,
                device=CPU,
                resume=resume,
                events=TrainEvents(on_step=stop),
            )


def test_resuming_what_was_never_started_and_what_is_cut_in_half_is_reported(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="no checkpoint"):
        train(config, reader(data), tmp_path / "run", device=CPU, resume=True)
    train(config, reader(data), tmp_path / "run", device=CPU)
    path = tmp_path / "run" / CHECKPOINT_NAME
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DatasetError, match="cut short"):
        train(config, reader(data), tmp_path / "run", device=CPU, resume=True)


def test_a_run_may_begin_with_the_weights_of_another(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    first = train(config, reader(data), tmp_path / "first", device=CPU).weights
    # A rate next to nothing: what comes out is what went in.
    still = replace(config, seed=9, learning_rate=1e-12, final_learning_rate=0.0)
    second = train(still, reader(data), tmp_path / "second", device=CPU, init=first).weights
    given, kept = read_network(first)[0], read_network(second)[0]
    torch.testing.assert_close(kept, given, atol=1e-9, rtol=1e-6)


def test_from_another_network_the_parts_that_fit_are_taken(
    config: TrainingConfig, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = train(config, reader(data), tmp_path / "first", device=CPU).weights
    wide = replace(config.network, channels=12)
    still = replace(config, network=wide, learning_rate=1e-12, final_learning_rate=0.0)
    second = train(still, reader(data), tmp_path / "second", device=CPU, init=first).weights
    assert "its motion is taken over, the rest starts from random weights" in caplog.text
    given, kept = read_network(first)[0], read_network(second)[0]
    motion = [name for name in given if name.startswith("motion.")]
    assert motion
    for name in motion:
        torch.testing.assert_close(kept[name], given[name], atol=1e-9, rtol=1e-6)
    assert kept["fusion.weight"].shape[0] == 12


def test_weights_of_another_network_without_a_part_that_fits_are_no_beginning(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    weights = train(config, reader(data), tmp_path / "first", device=CPU).weights
    network = replace(config.network, channels=4, head_hidden=4, motion_levels=3)
    other = replace(config, network=network)
    with pytest.raises(UsageError, match="another network") as caught:
        train(other, reader(data), tmp_path / "second", device=CPU, init=weights)
    assert "--init" in caught.value.hint
    with pytest.raises(WeightsError, match="no such weights file"):
        train(config, reader(data), tmp_path / "third", device=CPU, init=tmp_path / "nothing")


def test_a_run_that_cannot_have_its_folder_is_reported(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for run in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UsageError, match="cannot make the folder") as caught:
            train(config, reader(data), run, device=CPU)
        assert "-o" in caught.value.hint


def test_a_run_that_cannot_begin_leaves_no_folder(config: TrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        train(config, reader(tmp_path / "none"), tmp_path / "runs" / "run", device=CPU)
    assert not (tmp_path / "runs").exists()


def test_a_checkpoint_that_cannot_be_written_is_reported(
    config: TrainingConfig, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123abcd")
    (tmp_path / "run" / f"{CHECKPOINT_NAME}.0123abcd.part").mkdir(parents=True)
    with pytest.raises(WeightsError, match="cannot write the checkpoint"):
        train(config, reader(data), tmp_path / "run", device=CPU)
