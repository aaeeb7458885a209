"""The footage of a run: held out, named, skipped, changed, or larger than memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.datasets.split import place_of
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.pipelines.train.run import (
    TrainEvents,
)
from dscvsr_cli.training.run_log import read_log
from dscvsr_cli.training.step_report import StepReport
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.training.validation import Score
from dscvsr_cli.weights.network_file import read_network
from tests.clips import Clip, render
from tests.pipelines.train.runs import CPU, assert_same_weights, kinds, reader, train


def test_footage_too_small_for_the_recipe_is_reported(
    config: TrainingConfig, data: Path, tmp_path: Path
) -> None:
    large = replace(config, patch=30)  # sides up to 60, and the clip has 48 rows
    with pytest.raises(DatasetError, match="nothing to learn from") as caught:
        train(large, reader(data), tmp_path / "run", device=CPU)
    assert "60 pixels" in caught.value.hint


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
