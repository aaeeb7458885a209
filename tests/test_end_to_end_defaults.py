"""Defaults of config.toml yield where a job cannot take them; what is said for it never does."""

import json
import tomllib
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.settings import settings_file
from dscvsr_cli.pipelines.upscale.defaults import OPTIONS
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render, render_kind
from tests.commands import run_upscale


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of settings, still empty."""
    folder = tmp_path / "settings"
    (folder / "presets").mkdir(parents=True)
    monkeypatch.setattr(settings_file, "user_folder", lambda: folder)
    return folder


UNFIT = [
    ("encoder", "libx264", "out.webm", "webm files cannot hold the h264"),
    ("encoder", "libx265", "frames/%03d.png", "png files cannot hold the hevc"),
    ("encoder", "libx265", "out.y4m", "y4m files cannot hold the hevc"),
    ("encoder", "libx265", "out.gif", "gif files cannot hold the hevc"),
    ("crf", "20", "frames/%03d.png", "png has no constant quality"),
    ("crf", "20", "out.y4m", "y4m has no constant quality"),
    ("crf", "20", "out.gif", "gif has no constant quality"),
    ("crf", "60", "out.mp4", "the quality of libx264 goes from 0"),
    ("encoder-preset", "slow", "frames/%03d.png", "png has no presets"),
    ("encoder-preset", "slow", "out.y4m", "y4m has no presets"),
    ("encoder-preset", "slow", "out.gif", "gif has no presets"),
    ("encoder-preset", "slow", "out.webm", "libvpx-vp9 does not take --encoder-preset slow"),
    ("enc-opt", "tune=film", "frames/%03d.png", "png has no option called 'tune'"),
    ("enc-opt", "tune=film", "out.y4m", "y4m has no option called 'tune'"),
    ("enc-opt", "tune=film", "out.webm", "tune"),
    ("pix-fmt", "yuv420p10le", "frames/%03d.png", "png cannot store yuv420p10le"),
    ("pix-fmt", "yuv420p10le", "out.gif", "gif cannot store yuv420p10le"),
    ("lossless", "true", "out.gif", "gif cannot encode without loss"),
    ("lossless", "true", "frames/%03d.jpg", "mjpeg cannot encode without loss"),
    ("format", "matroska", "out.mp4", "--format is for pipes"),
    ("fps", "24", "out.mp4", "is not an image sequence"),
    ("start-number", "4", "out.mp4", "is not an image sequence"),
    ("audio-encoder", "libmp3lame", "out.webm", "mp3"),
]
"""An option, its value, an output whose job cannot take it, and what is said of that."""

ENCODING = """[upscale]
encoder = "libx265"
crf = 20
encoder-preset = "slow"
enc-opt = ["tune=grain"]
pix-fmt = "yuv420p10le"
"""


@pytest.mark.parametrize("unfit", UNFIT, ids=lambda unfit: f"{unfit[0]} {unfit[2]}")
def test_a_default_that_cannot_apply_is_left_aside_with_a_note(
    unfit: tuple[str, str, str, str],
    weights: Path,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    option, value, output, said = unfit
    job = (render_kind("sound", tmp_path), "-s", "1.5", "-w", weights, "-o", tmp_path / output)
    given = [f"--{option}"] if value == "true" else [f"--{option}", value]
    assert run_upscale(*job, *given, "--dry-run") == 2
    assert said in capsys.readouterr().err
    quoted = value if value == "true" or option in ("crf", "start-number") else f'"{value}"'
    (home / "config.toml").write_text(f"[upscale]\n{option} = {quoted}\ndrop-unsupported = true\n")
    assert run_upscale(*job, "--dry-run") == 0
    shown = capsys.readouterr().err
    assert f"your default {option} is left aside: " in shown
    assert said in shown


def test_every_option_that_may_yield_is_tried_here() -> None:
    # A bit rate goes along with its encoder.
    assert {option for option, *_ in UNFIT} | {"audio-bitrate"} == OPTIONS.keys()


def test_all_defaults_of_an_encoder_go_with_it(
    weights: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text(ENCODING)
    job = (render_kind("constant", tmp_path), "-s", "1.5", "-w", weights)
    assert run_upscale(*job, "-o", tmp_path / "frames" / "%03d.png") == 0
    shown = capsys.readouterr().err
    assert "your defaults encoder, crf, encoder-preset and enc-opt are left aside: png" in shown
    assert "your default pix-fmt is left aside: png cannot store yuv420p10le" in shown
    assert probe(tmp_path / "frames" / "%03d.png").pixel_format == "rgb24"
    # Where they fit they count, and nothing is said.
    assert run_upscale(*job, "-o", tmp_path / "out.mkv", "--json") == 0
    plan = json.loads(capsys.readouterr().out.splitlines()[0])["plan"]
    assert (plan["encoder"], plan["pixel_format"]) == ("libx265", "yuv420p10le")
    assert plan["left_aside"] == []


def test_what_is_left_aside_does_not_stand_in_the_way_of_resuming(
    weights: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text(ENCODING)
    job = (render_kind("constant", tmp_path), "-s", "1.5", "-w", weights)
    target = tmp_path / "out.webm"
    assert run_upscale(*job, "-o", target, "--json") == 0
    plan = json.loads(capsys.readouterr().out.splitlines()[0])["plan"]
    assert plan["encoder"] == "libvpx-vp9"
    assert "webm files cannot hold the hevc" in plan["left_aside"][0]
    assert run_upscale(*job, "-o", target, "--resume") == 0
    assert "already finished" in capsys.readouterr().out


def test_what_is_left_aside_is_no_setting_of_the_finished_output(
    weights: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    render_kind("constant", videos)
    job = (videos, "-s", "1.5", "-w", weights, "--container", "webm", "-o", tmp_path / "out")
    config = home / "config.toml"

    def run(defaults: str, *more: str) -> str:
        config.write_text(f"[upscale]\n{defaults}\n")
        # A run that finds the output made from other settings refuses it.
        assert run_upscale(*job, *more) == 0
        said = capsys.readouterr()
        return said.out + said.err

    assert "is left aside: webm files cannot hold" in run('encoder = "libx264"')
    for defaults in ('encoder = "libx264"', 'encoder = "libx265"\ncrf = 20', "quiet = false"):
        assert "already finished" in run(defaults)
    # One that fits makes another output, and what is said for this job alone is never overlooked.
    for defaults, more in (("crf = 40", ()), ("", ("--crf", "40"))):
        config.write_text(f"[upscale]\n{defaults}\n")
        assert run_upscale(*job, *more) == 1
        assert "--crf was not given and is 40" in capsys.readouterr().err


def test_what_the_command_line_says_is_refused_beside_a_default_that_yields(
    weights: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text(ENCODING)
    job = (render_kind("constant", tmp_path), "-s", "1.5", "-w", weights)
    assert run_upscale(*job, "-o", tmp_path / "frames" / "%03d.png", "--crf", "12") == 2
    assert "png has no constant quality" in capsys.readouterr().err
    assert run_upscale(*job, "-o", tmp_path / "out.webm", "--encoder", "libx264") == 2
    assert "webm files cannot hold the h264" in capsys.readouterr().err
    preset = home / "presets" / "mine.toml"
    preset.write_text('encoder = "libx264"\n')
    assert run_upscale(*job, "-o", tmp_path / "out.webm", "--preset", "mine") == 2
    assert "webm files cannot hold the h264" in capsys.readouterr().err


def test_a_refusal_names_the_preset_of_one_file_and_of_each_of_many(
    weights: Path, home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (home / "presets" / "mine.toml").write_text("crf = 99\nscale = 2\n")
    (tmp_path / "in").mkdir()
    first, second = (render(Clip(pts=(0, 512)), tmp_path / "in", name=name) for name in "ab")
    asked: list[str | Path] = ["-o", tmp_path / "out", "-w", weights, "--preset", "mine"]
    said = "preset mine: crf: the quality of libx264 goes from 0 (best) to 51, got 99"

    assert run_upscale(first, *asked[2:], "-o", f"{tmp_path / 'out'}/") == 2
    assert said in capfd.readouterr().err
    for more in ([], ["--dry-run"], ["--jobs", "2"]):
        assert run_upscale(first, second, *asked, *more) == 1
        assert capfd.readouterr().err.count(said) == 2
    assert run_upscale(first, second, *asked, "--json") == 1
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["message"] for line in lines[:-1]] == [said, said]
    watch = ["watch", tmp_path / "in", "--once", "--settle", "0.1", *asked]
    assert main([*map(str, watch)]) == 1
    assert capfd.readouterr().err.count(said) == 2


@pytest.mark.parametrize(
    ("default", "given", "crf_and_options"),
    [
        ("crf = 20", ["--enc-opt", "crf=12"], (None, [("crf", "12")])),
        ('enc-opt = ["crf=12"]', ["--crf", "20"], (20.0, [])),
        ('enc-opt = ["tune=film"]', ["--crf", "20"], (20.0, [("tune", "film")])),
        ('encoder-preset = "slow"', ["--enc-opt", "preset=fast"], (None, [("preset", "fast")])),
    ],
)
def test_the_command_line_replaces_a_default_that_says_the_same(
    default: str,
    given: list[str],
    crf_and_options: tuple[float | None, list[tuple[str, str]]],
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "config.toml").write_text(f"[upscale]\n{default}\n")
    assert run_upscale("clip.mp4", *given, "--print-config") == 0
    settings = tomllib.loads(capsys.readouterr().out)
    crf, options = crf_and_options
    assert settings.get("crf") == crf
    assert settings.get("enc-opt", []) == [f"{name}={value}" for name, value in options]
    assert "encoder-preset" not in settings
