"""What a person reads when something cannot work: the message, the hint, and how soon."""

import time
from dataclasses import replace
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render

SHORT = Clip(width=32, height=32, pts=(0, 512, 1024))


def upscale(weights: Path, *arguments: str | Path) -> int:
    fixed = ["-w", weights, "-s", "2", "--device", "cpu"]
    return main(["upscale", *map(str, [*fixed, *arguments])])


@pytest.mark.parametrize(
    ("suffix", "most"), [("mp4", "51"), ("webm", "63")], ids=["libx264", "libvpx-vp9"]
)
def test_the_range_of_the_quality_is_the_encoders_own(
    suffix: str,
    most: str,
    tmp_path: Path,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source, target = render(SHORT, tmp_path), tmp_path / f"out.{suffix}"
    too_much = str(int(most) + 1)
    assert upscale(weights, source, "-o", target, "--crf", too_much) == 2
    assert f"to {most}" in capfd.readouterr().err
    for impossible in ("99", "1e9", "-1", "nan", "inf"):
        assert upscale(weights, source, "-o", target, "--crf", impossible) == 2
        assert f"goes from 0 (best) to {most}, got {impossible.replace('1e9', '1e+09')}" in (
            capfd.readouterr().err
        )
    assert upscale(weights, source, "-o", target, "--crf", most) == 0


def test_a_container_that_cannot_hold_the_frames_is_what_is_named(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # Nor can it hold the AAC, which no longer matters.
    source = render(replace(SHORT, sound_seconds=0.1), tmp_path)
    assert upscale(weights, source, "-o", tmp_path / "out.webm", "--encoder", "libx264") == 2
    said = capfd.readouterr().err
    assert "webm files cannot hold the h264 that libx264 makes" in said
    assert "--encoder libvpx-vp9, or -o out.mkv" in said

    audio = ("--audio-encoder", "aac")
    assert upscale(weights, source, "-o", tmp_path / "out.webm", *audio) == 2
    assert "webm files cannot hold aac\n" in capfd.readouterr().err


def test_one_frame_is_counted_as_one(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(replace(SHORT, pts=(0,)), tmp_path)
    assert upscale(weights, source, "-o", tmp_path / "out.mkv") == 0
    said = capfd.readouterr().out
    assert f"{source.name}: 32x32, 1 frame -> " in said
    assert "1 frame in = 1 frame out, " in said
    assert "aac" not in said


def test_too_little_memory_is_reported_in_the_units_of_the_option(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(SHORT, tmp_path)
    assert upscale(weights, source, "--memory", "4kB") == 6
    said = capfd.readouterr().err
    assert "0.004 MB can be used" in said
    assert "allow more with --memory" in said
    # The network is on the processor already.
    assert "--device cpu" not in said


def test_a_folder_is_no_file_of_weights(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(SHORT, tmp_path)
    assert upscale(weights, source, "-w", tmp_path) == 4
    assert "dscvsr weights export" in capfd.readouterr().err
    assert upscale(weights, source, "-w", weights.parent) == 4
    assert f"give the file: {weights}" in capfd.readouterr().err


def test_pictures_become_a_video_that_players_show(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = render(SHORT, tmp_path)
    frames = tmp_path / "frames"
    assert upscale(weights, clip, "-o", frames / "%03d.png") == 0
    capfd.readouterr()
    assert upscale(weights, frames, "-o", tmp_path / "out.mp4") == 0
    assert probe(tmp_path / "out.mp4").pixel_format == "yuv420p"
    assert "--pix-fmt yuv444p" in capfd.readouterr().err
    target = tmp_path / "full.mp4"
    assert upscale(weights, frames, "-o", target, "--pix-fmt", "yuv444p") == 0
    assert probe(target).pixel_format == "yuv444p"
    assert upscale(weights, frames, "-o", tmp_path / "out.mkv") == 0
    assert probe(tmp_path / "out.mkv").pixel_format == "yuv444p"


@pytest.mark.parametrize("command", [("weights", "pull"), ("upscale", "clip.mp4", "-s", "2", "-w")])
def test_a_hub_out_of_reach_is_reported_within_seconds(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    render(SHORT, tmp_path)
    # Port 9 of this machine refuses: nothing listens there.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    started = time.monotonic()
    assert main([*command, "some-one/nets/x.safetensors"]) == 4
    assert time.monotonic() - started < 8
    said = capfd.readouterr().err
    assert "cannot reach the Hub" in said
    assert "Retrying" not in said


@pytest.mark.parametrize("command", ["upscale", "train", "weights"])
def test_narrow_help_shows_the_names_of_options_whole(
    command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert main([command, "--help"]) == 0
    shown = capfd.readouterr().out
    assert "…" not in shown
    if command == "upscale":
        for name in ("--audio-encoder", "--drop-unsupported", "--square-pixels", "--checkpoint"):
            assert name in shown


def test_a_title_cannot_pass_for_a_line_of_ours(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plain, forged = render(Clip(suffix=".mkv", sound_seconds=0.3), tmp_path), tmp_path / "f.mkv"
    with av.open(str(plain)) as old, av.open(str(forged), "w") as new:
        twins = [new.add_stream_from_template(one, opaque=True) for one in old.streams]
        twins[1].metadata["title"] = "two\nerror: no room\r"
        for packet in old.demux():
            if packet.size:
                packet.stream = twins[packet.stream_index]
                new.mux(packet)
    assert main(["upscale", str(forged), "-s", "2", "-o", str(tmp_path / "out.webm")]) == 2
    told = capfd.readouterr().err.splitlines()
    assert [line for line in told if line.startswith("error")] == told[:1]
    assert r"two\nerror: no room\r" in told[1]
