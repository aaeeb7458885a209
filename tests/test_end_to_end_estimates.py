"""How long a job will take: said by the plan where it is known, measured by a dry run elsewhere."""

import json
import time
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.units import format_estimate
from dscvsr_cli.engine import device
from dscvsr_cli.pipelines.upscale import estimate, known_speed, progress
from dscvsr_cli.pipelines.upscale.measure_speed import INT8_SHARE
from dscvsr_cli.runtimes import choose
from dscvsr_cli.runtimes.choose import AUTO_VARIABLE
from tests.clips import Clip, render

SHORT = Clip(width=64, height=48, pts=tuple(range(0, 12 * 512, 512)))
LARGE = Clip(width=1920, height=1080, pts=tuple(range(0, 4 * 512, 512)))


@pytest.fixture
def speed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty record of speeds, into which jobs of any length are written."""
    path = tmp_path / "speed" / "speed.json"
    monkeypatch.setattr(known_speed, "speed_file", lambda: path)
    monkeypatch.setattr(known_speed, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(progress, "_SETTLED_SECONDS", 0.001)
    return path


def upscale(*arguments: str | Path) -> int:
    fixed = ["-s", "2", "--device", "cpu", "--encoder-preset", "ultrafast"]
    return main(["upscale", *map(str, [*arguments, *fixed])])


def test_the_second_job_says_how_long_it_will_take(
    speed_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(SHORT, tmp_path)
    assert upscale(source, "-o", tmp_path / "a.mp4") == 0
    assert "about" not in capfd.readouterr().out
    assert speed_file.exists()
    assert upscale(source, "-o", tmp_path / "b.mp4", "--json") == 0
    plan = json.loads(capfd.readouterr().out.splitlines()[0])
    assert plan["type"] == "plan"
    assert 0 < plan["seconds"] < 120
    assert upscale(source, "-o", tmp_path / "c.mp4") == 0
    assert ", about " in capfd.readouterr().out.splitlines()[0]
    assert upscale(source, "--dry-run") == 0
    assert "as in earlier runs here" in capfd.readouterr().out


@pytest.mark.usefixtures("speed_file")
def test_other_factors_have_speeds_of_their_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(SHORT, tmp_path)
    assert upscale(source, "-o", tmp_path / "a.mp4") == 0
    assert main(["upscale", str(source), "-s", "4", "--dry-run", "--json"]) == 0
    report = json.loads(capfd.readouterr().out.splitlines()[-1])["report"]
    assert report["measured"]


@pytest.mark.slow
def test_a_dry_run_of_a_large_video_takes_seconds(
    speed_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(LARGE, tmp_path)
    started = time.monotonic()
    assert upscale(source, "--dry-run", "--json") == 0
    # A single frame of this size takes longer than that on two cores.
    assert time.monotonic() - started < 20
    report = json.loads(capfd.readouterr().out)["report"]
    assert report["measured"]
    assert report["seconds_per_frame"] > 1
    assert not speed_file.exists()


def test_a_long_job_says_what_faster_weights_would_take(
    speed_file: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Long, for a test: the speed of this machine is measured before the first frame.
    monkeypatch.setattr(estimate, "_LONG_WORK", 1)
    monkeypatch.setattr(estimate, "_LONG_SECONDS", 0.0)
    source = render(SHORT, tmp_path)
    lite = ("-w", "dscvsr-lite-video")
    assert upscale(source, "-o", tmp_path / "a.mp4", "--json", *lite) == 0
    plan = json.loads(capfd.readouterr().out.splitlines()[0])
    other = plan["plan"]["other_weights"]
    assert (other["name"], other["is_better"]) == ("dscvsr-fast-video", False)
    assert other["seconds"] == pytest.approx(0.44 * plan["seconds"])
    assert speed_file.exists()

    assert upscale(source, "-o", tmp_path / "b.mp4", *lite) == 0
    assert "dscvsr-fast-video would take about" in capfd.readouterr().err


@pytest.mark.usefixtures("speed_file")
@pytest.mark.parametrize("installed", [True, False])
def test_a_long_job_in_float32_says_what_openvino_would_save_if_it_is_missing(
    installed: bool,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(estimate, "_LONG_WORK", 1)
    monkeypatch.setattr(estimate, "_LONG_SECONDS", 0.0)
    monkeypatch.setattr(estimate, "is_openvino_installed", lambda: installed)
    monkeypatch.setattr(device, "has_native_bfloat16", lambda: False)
    monkeypatch.delenv(AUTO_VARIABLE)
    # Long, for a test, and nothing but torch to run it, whatever the hint is told.
    monkeypatch.setattr(choose, "_OPENVINO_PIXELS", 1)
    monkeypatch.setattr(choose, "is_openvino_installed", lambda: False)
    source = render(SHORT, tmp_path)
    assert upscale(source, "-o", tmp_path / "a.mp4", "--json") == 0
    plan = json.loads(capfd.readouterr().out.splitlines()[0])["plan"]
    assert (plan["dtype"], plan["runtime"]) == ("float32", "torch")
    expected = None if installed else pytest.approx(INT8_SHARE * plan["seconds"])
    assert plan["seconds_with_openvino"] == expected
    assert upscale(source, "-o", tmp_path / "b.mp4") == 0
    assert ("with OpenVINO this would take about" in capfd.readouterr().err) == (not installed)
    # Whoever names a dtype has chosen.
    assert upscale(source, "-o", tmp_path / "c.mp4", "--dtype", "float32") == 0
    assert "with OpenVINO" not in capfd.readouterr().err


@pytest.mark.usefixtures("speed_file")
def test_a_short_job_with_fast_weights_says_what_better_ones_would_take(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_LONG_WORK", 1)
    source = render(SHORT, tmp_path)
    assert upscale(source, "-o", tmp_path / "a.mp4", "-w", "dscvsr-fast") == 0
    said = capfd.readouterr().err
    assert "dscvsr-lite is better and would take about" in said
    assert ": -w dscvsr-lite\n" in said


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"x": "fast"}'])
def test_a_damaged_record_of_speeds_is_no_speed(
    damage: str, speed_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    speed_file.parent.mkdir()
    speed_file.write_text(damage, encoding="utf-8")
    assert upscale(render(SHORT, tmp_path), "-o", tmp_path / "out.mp4") == 0
    assert "12 frames in = 12 frames out" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (720, "12 min"),
        (5300, "88 min"),
        (3 * 3600 + 20 * 60, "3 h 20 min"),
        (4 * 3600, "4 h"),
        (4 * 86400, "4 days"),
    ],
)
def test_estimates_are_words_that_promise_no_more_than_they_know(seconds: float, text: str) -> None:
    assert format_estimate(seconds) == text
