"""``dscvsr train`` from end to end, and how its mistakes are told."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.train.output import TrainDisplay
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.training.checkpoint import load_checkpoint
from dscvsr_cli.training.training_config import load_recipe
from dscvsr_cli.weights.load import load_network
from tests.clips import Clip, picture, render

RECIPE = """
iterations = 3
batch = 1
patch = 8
sequence = [2]
max_scale = 2.0
photo_share = 0.0
learning_rate = 3e-3
dtype = "float32"
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


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return str(path)


@pytest.fixture
def data(tmp_path: Path) -> str:
    folder = tmp_path / "data"
    folder.mkdir()
    render(Clip(), folder)
    return str(folder)


@pytest.fixture
def arguments(data: str, recipe: str, tmp_path: Path) -> list[str]:
    return [
        "train", "--data", data, "-o", str(tmp_path / "run"), "--recipe", recipe, "--device", "cpu",
    ]  # fmt: skip


def test_training_gives_weights_that_upscale(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    weights = tmp_path / "run" / "weights.safetensors"
    assert str(weights) in out
    assert "3 steps" in out
    loaded = load_network(str(weights), device=torch.device("cpu"))
    assert loaded.config.channels == 8
    assert loaded.record["iterations"] == "3"
    frame = torch.from_numpy(picture(0, 24, 32)).permute(2, 0, 1)[None, None] / 255
    made = loaded.network(frame, Size(65, 86))
    assert made.shape == (1, 1, 3, 65, 86)
    # After three steps it is still close to bicubic, and no longer the same.
    change = (made - interpolate(frame[0], Size(65, 86))[None]).abs()
    assert 0 < float(change.max()) < 0.3


def test_trained_weights_enlarge_a_video(arguments: list[str], tmp_path: Path) -> None:
    assert main([*arguments, "--quiet"]) == 0
    clip = render(Clip(pts=(0, 512, 1024)), tmp_path, name="small")
    enlarged = tmp_path / "large.mp4"
    weights = str(tmp_path / "run" / "weights.safetensors")
    command = ["upscale", str(clip), "-s", "1.5", "-o", str(enlarged), "-w", weights]
    assert main([*command, "--device", "cpu", "--quiet"]) == 0
    assert enlarged.stat().st_size > 0


def test_a_run_that_is_there_is_refused_without_resume(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    capsys.readouterr()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "holds a run already" in err
    assert "--resume" in err
    assert main([*arguments, "--resume"]) == 0


def test_the_report_as_json_says_what_was_made(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert report["weights"] == str(tmp_path / "run" / "weights.safetensors")
    assert (report["iterations"], report["clips_seen"]) == (3, 3)
    assert not err


def test_quiet_training_prints_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_seed_and_minutes_override_the_recipe(arguments: list[str], tmp_path: Path) -> None:
    assert main([*arguments, "--seed", "7", "--max-minutes", "30", "--quiet"]) == 0
    config = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["config"]
    assert (config["seed"], config["max_minutes"], config["iterations"]) == (7, 30.0, 3)


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (["--max-minutes", "0"], 2, "max_minutes"),
        (["--max-minutes", "-1"], 2, "max_minutes"),
        (["--seed", "-1"], 2, "seed"),
        (["--recipe", "nobody"], 2, "no recipe"),
        (["--resume", "--seed", "1"], 2, "keeps its recipe"),
        (["--init", "/nowhere/at/all"], 4, "no such weights file"),
        (["--resume"], 5, "no checkpoint"),
        (["--data", "/nowhere/at/all"], 5, "no such file or folder"),
        (["--device", "abacus"], 2, "abacus"),
        (["-O", "batsh=3"], 2, "no key 'batsh'"),
        (["-O", "network.channels=many"], 2, "network.channels must be a whole number"),
        (["-O", "batch=0"], 2, "batch must be positive"),
        (["--resume", "-O", "batch=3"], 2, "keeps its recipe"),
        (["--resume", "--dry-run"], 2, "cannot be combined with --resume"),
        (["--data-memory", "much"], 2, "amount of memory"),
        (["--val", "/nowhere/at/all"], 5, "no such file or folder"),
    ],
)
def test_mistakes_leave_with_their_code_and_a_word_on_what_was_wrong(
    arguments: list[str],
    more: list[str],
    code: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*arguments, *more]) == code
    out, err = capsys.readouterr()
    assert not out
    assert told in re.sub(r"\s+", " ", err)
    assert "Traceback" not in err


def test_what_is_skipped_is_reported_as_a_warning(
    arguments: list[str], data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(data) / "broken.mp4").write_bytes(b"no video")
    assert main(arguments) == 0
    assert re.search(r"warning: skipped .*broken\.mp4", capsys.readouterr().err)


def test_fields_of_the_recipe_can_be_set(arguments: list[str], tmp_path: Path) -> None:
    more = ["-O", "network.head_hidden=4", "-O", "sequence=2,3", "-O", "batch=2", "--quiet"]
    assert main([*arguments, *more]) == 0
    config = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["config"]
    assert (config["network"]["head_hidden"], config["sequence"], config["batch"]) == (4, (2, 3), 2)


def test_a_run_without_a_folder_is_reported(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    place = arguments.index("-o")
    assert main([*arguments[:place], *arguments[place + 2 :]]) == 2
    assert "-o DIR" in capsys.readouterr().err


@pytest.mark.slow
def test_a_dry_run_reports_and_leaves_nothing(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--dry-run"]) == 0
    out = capsys.readouterr().out
    for word in ("1 clip", "parameters", "multiply-adds", "clips/s", "3 steps", "B at most"):
        assert word in out
    assert not (tmp_path / "run").exists()


def test_a_dry_run_as_json_holds_figures_that_agree(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["-O", "iterations=1000000", "-O", "max_minutes=2", "-O", "batch=2"]
    assert main([*arguments, *settings, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["footage_bytes"] == 8 * 3 * 48 * 64
    assert plan["minutes"] == pytest.approx(2, rel=0.01)
    assert plan["iterations"] == pytest.approx(120 / plan["seconds_per_step"], rel=0.01)
    assert plan["samples_per_second"] == pytest.approx(2 / plan["seconds_per_step"])
    assert 0 < plan["sampling_share"] < 1
    assert 0 < plan["multiply_adds_per_pixel"]["x2"] < plan["multiply_adds_per_pixel"]["x4"]
    recipe = load_recipe(arguments[arguments.index("--recipe") + 1])
    network = RecurrentNetwork(recipe.network)
    assert plan["parameters"] == sum(weight.numel() for weight in network.parameters())


def test_what_is_learned_and_how_good_it_is_is_reported(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = render(Clip(width=80, height=64), tmp_path, name="measured")
    more = ["--val", str(measured), "-O", "validations=1", "--data-memory", "1MB"]
    assert main([*arguments, *more]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"held-out clips: x2 \d+\.\d\d dB \(bicubic \d+\.\d\d\), x4", out)
    assert re.search(r"100%: held-out clips: x2", err)
    assert "learning from 1 clip (73.7 kB in memory) on cpu in float32" in err
    assert "curves.svg" in out


def test_a_screen_shows_one_line_that_moves(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main([*arguments, "-O", "iterations=6", "-O", "motion_weight=0.1"]) == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    last = [line for line in re.split(r"[\r\n]+", shown) if "training" in line][-1]
    assert re.search(r"step 6  pictures 0\.\d+  motion 0\.\d+  total 0\.\d+  rate", last)
    assert re.search(r"clips/s  \d+\.\d s left", last)
    assert "learning from 1 clip" in shown


def test_plain_lines_of_reading_stay_few(capsys: pytest.CaptureFixture[str]) -> None:
    display = TrainDisplay(Terminal())
    for done in range(1, 778):
        display.reading(done, 777)
    for count in range(1, 2501):
        display.found(count)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10 + 2
    assert lines[9] == "read 777 of 777"
    assert lines[10:] == ["found 1000", "found 2000"]


def test_without_a_terminal_there_are_lines_of_progress(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "-O", "iterations=40"]) == 0
    steps = [line for line in capfd.readouterr().err.splitlines() if line.startswith("step ")]
    # One for every tenth of the run, whatever its length.
    assert 8 <= len(steps) <= 12
    assert "left" in steps[-1]


def interrupt(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)


def end_its_whole_group(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of a shell's kind")
@pytest.mark.parametrize(("workers", "end"), [(0, interrupt), (2, end_its_whole_group)])
def test_ctrl_c_saves_a_checkpoint_and_says_how_to_go_on(
    workers: int,
    end: Callable[[subprocess.Popen[str]], None],
    arguments: list[str],
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "dscvsr_cli", *arguments, "-O", "iterations=1000000"]
    command += ["--workers", str(workers)]
    run = Path(arguments[arguments.index("-o") + 1])
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("step "):
                break
        assert not (run / "checkpoint.pt").exists()
        end(running)
        error = running.stderr.read()
    assert running.returncode == 130
    assert "stopping after this step" in error
    assert f"the checkpoint is in {run}" in error
    assert "Traceback" not in error
    saved = load_checkpoint(run / "checkpoint.pt")
    assert saved["state"]["iteration"] >= 1
    target = tmp_path / "exported.safetensors"
    assert main(["weights", "export", str(run), "-o", str(target)]) == 0
