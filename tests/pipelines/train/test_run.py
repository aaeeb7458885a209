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

from dscvsr_cli.datasets.split import place_of
from dscvsr_cli.errors import DatasetError, UsageError, WeightsError
from dscvsr_cli.models.config import NetworkConfig
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.train.data import DataReader
from dscvsr_cli.pipelines.train.run import (
    CHECKPOINT_NAME,
    CURVES_NAME,
    LOG_NAME,
    SILENT,
    WEIGHTS_NAME,
    TrainEvents,
    TrainReport,
)
from dscvsr_cli.pipelines.train.run import train as train_here_or_along
from dscvsr_cli.training.checkpoint import load_checkpoint
from dscvsr_cli.training.config import TrainingConfig, load_recipe
from dscvsr_cli.training.loop import StepReport
from dscvsr_cli.training.run_log import read_log
from dscvsr_cli.training.validation import Score
from dscvsr_cli.weights.network_file import read_network
from tests.clips import Clip, render

CPU = torch.device("cpu")


@pytest.fixture
def config(tiny_config: NetworkConfig) -> TrainingConfig:
    return TrainingConfig(
        network=tiny_config,
        iterations=4,
        batch=1,
        patch=8,
        sequence=(2,),
        max_scale=2.0,
        dtype="float32",
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    render(Clip(), folder)
    return folder


def train(
    config: TrainingConfig,
    data: DataReader,
    run: Path,
    *,
    device: torch.device,
    resume: bool = False,
    init: Path | None = None,
    events: TrainEvents = SILENT,
) -> TrainReport:
    """Train in one process, which always has something to report."""
    report = train_here_or_along(
        config, data, run, device=device, resume=resume, init=init, events=events
    )
    assert report is not None
    return report


def reader(*places: Path) -> DataReader:
    return DataReader(places=places)


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


def assert_same_weights(one: Path, other: Path) -> None:
    first, second = read_network(one)[0], read_network(other)[0]
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


_TRAIN = """
import sys
from pathlib import Path
import torch
from dscvsr_cli.pipelines.train.run import train
from dscvsr_cli.pipelines.train.data import DataReader
from dscvsr_cli.training import loop
from dscvsr_cli.training.config import load_recipe
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


def test_resuming_what_was_never_begun_and_what_is_cut_in_half_is_told(
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
    assert "took over its motion, the rest begins fresh" in caplog.text
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


def test_footage_too_small_for_the_recipe_is_told(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    large = replace(config, patch=30)  # sides up to 60, and the clip has 48 rows
    with pytest.raises(DatasetError, match="nothing to learn from") as caught:
        train(large, reader(data), tmp_path / "run", device=CPU)
    assert "60 pixels" in caught.value.hint


def test_a_run_that_cannot_have_its_folder_is_told(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for run in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UsageError, match="cannot make the folder") as caught:
            train(config, reader(data), run, device=CPU)
        assert "-o" in caught.value.hint


def test_a_checkpoint_that_cannot_be_written_is_told(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "run" / f"{CHECKPOINT_NAME}.part").mkdir(parents=True)
    with pytest.raises(WeightsError, match="cannot write the checkpoint"):
        train(config, reader(data), tmp_path / "run", device=CPU)


def kinds(log: Path) -> list[str]:
    return [event["event"] for event in read_log(log)]


@pytest.fixture
def large_clips(tmp_path: Path) -> Path:
    """Clips large enough to be measured on; the name of one of them falls below 0.1."""
    folder = tmp_path / "large"
    folder.mkdir()
    clip = Clip(width=80, height=64, pts=(0, 512, 1024))
    for name in ("clip 4", "clip 7", "clip 8"):
        render(clip, folder, name=name)
    return folder


def test_clips_are_held_out_and_measured_at_set_moments(
    config: TrainingConfig, large_clips: Path, tmp_path: Path
) -> None:
    share = 1.01 * min(place_of(name) for name in ("clip 4", "clip 7", "clip 8"))
    config = replace(config, validations=2, validation_share=share)
    seen: list[tuple[float, tuple[Score, ...]]] = []
    report = train(
        config,
        reader(large_clips),
        tmp_path / "run",
        device=CPU,
        events=TrainEvents(on_validation=lambda *told: seen.append(told)),
    )
    assert kinds(report.log) == ["start", "validation", "validation", "steps", "end"]
    assert [progress for progress, _ in seen] == [0.5, 1.0]
    assert seen[-1][1] == report.scores
    start = read_log(report.log)[0]
    assert (start["footage"], start["held_out"]) == ("2 clips", 1)
    assert [score.scale for score in report.scores] == [2, 4]
    _, _, record = read_network(report.weights)
    assert record["validation"] == ", ".join(map(str, report.scores))
    assert report.curves is not None
    assert "Held-out clips" in report.curves.read_text()


def test_what_is_measured_on_may_be_named(
    config: TrainingConfig, data: Path, large_clips: Path, tmp_path: Path
) -> None:
    named = replace(reader(data), validation=(large_clips,))
    report = train(replace(config, validations=1), named, tmp_path / "run", device=CPU)
    start = read_log(report.log)[0]
    assert (start["footage"], start["held_out"], start["validation_frames"]) == ("1 clip", 0, 9)
    assert report.scores
    with pytest.raises(DatasetError, match="to validate on"):
        train(config, replace(reader(large_clips), validation=(data,)), tmp_path / "b", device=CPU)


def test_measuring_changes_nothing_in_the_run(
    config: TrainingConfig, data: Path, large_clips: Path, tmp_path: Path
) -> None:
    weights = [
        train(
            replace(config, validations=times),
            replace(reader(data), validation=(large_clips,)),
            tmp_path / str(times),
            device=CPU,
        ).weights
        for times in (0, 4)
    ]
    assert_same_weights(*weights)


def test_the_log_goes_on_with_the_run_and_lists_what_was_skipped(
    config: TrainingConfig, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "broken.mp4").write_bytes(b"no video")
    (data / "short.mp4").write_bytes(b"")
    report = train(config, reader(data), tmp_path / "run", device=CPU)
    assert kinds(report.log) == ["start", "skipped", "skipped", "steps", "end"]
    assert "broken.mp4" in read_log(report.log)[1]["place"]
    warnings = [r.getMessage() for r in caplog.records if r.name.endswith("train.data")]
    assert len(warnings) == 1
    assert "skipped 2 of 3" in warnings[0]
    steps = read_log(report.log)[3]
    assert (steps["iteration"], steps["clips_seen"], steps["skipped_steps"]) == (4, 4, 0)
    assert steps["losses"]["total"] > 0
    caplog.clear()
    train(config, reader(data), tmp_path / "run", device=CPU, resume=True)
    assert kinds(report.log)[4:] == ["end", "start", "skipped", "skipped", "end"]
    assert not [r for r in caplog.records if "start_record" in r.name]


def test_going_on_with_other_data_is_warned_of(
    config: TrainingConfig, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(config, reader(data), tmp_path / "run", device=CPU)
    render(Clip(), data, name="another")
    train(config, reader(data), tmp_path / "run", device=CPU, resume=True)
    (warning,) = [r.getMessage() for r in caplog.records if "start_record" in r.name]
    assert "footage 1 clip then, 2 clips now" in warning


def test_footage_larger_than_memory_is_held_in_turns_and_a_resumed_run_holds_the_same(
    config: TrainingConfig, large_clips: Path, tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    def stop(step: StepReport) -> None:
        if step.iteration == 3:
            raise StoppedError

    one_clip = 3 * 3 * 64 * 80
    small = replace(reader(large_clips), memory_bytes=one_clip)
    config = replace(config, iterations=8, validations=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dscvsr_cli.training.data.clip_pool.STEPS_PER_CHANGE", 2)
        patch.setattr("dscvsr_cli.training.loop.CHECKPOINT_SECONDS", -1.0)
        straight = train(config, small, tmp_path / "straight", device=CPU)
        with pytest.raises(StoppedError):
            train(config, small, tmp_path / "run", device=CPU, events=TrainEvents(on_step=stop))
        # The budget need not be given again: the log knows it.
        resumed = train(config, reader(large_clips), tmp_path / "run", device=CPU, resume=True)
    assert_same_weights(resumed.weights, straight.weights)
    start = read_log(straight.log)[0]
    assert start["data_memory_bytes"] == one_clip
    assert any("held in memory at a time" in note for note in start["notes"])
