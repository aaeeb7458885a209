"""Damaged and cut videos, through the real command: what is kept, and what is reported."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import Clip, render
from tests.commands import run_upscale
from tests.helpers import stream_packets
from tests.networks import save_smallest
from tests.video.read.lossy_clips import cut, places


def spoiled(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    for index in range(int(len(content) * 0.4), int(len(content) * 0.5)):
        content[index] ^= 0xA5
    path.write_bytes(bytes(content))
    return path


def test_a_damaged_video_is_enlarged_as_far_as_it_goes_unless_strict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(
        suffix=".mkv",
        encoder="mpeg4",
        pts=tuple(range(0, 40 * 512, 512)),
        options=(("g", "5"), ("b", "2000000")),
    )
    source = spoiled(render(clip, tmp_path))

    assert run_upscale(source, "-s", "1.5", "-o", tmp_path / "out.mkv") == 0
    output = capfd.readouterr()
    assert "damaged frame" in output.err
    assert " damaged" in output.out.splitlines()[-1]

    assert run_upscale(source, "-s", "1.5", "-o", tmp_path / "strict.mkv", "--strict") == 3
    error = capfd.readouterr().err
    assert "is damaged" in error
    assert "--strict" in error
    assert not (tmp_path / "strict.mkv").exists()


def test_frames_that_vanish_from_a_damaged_file_are_in_the_report(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(
        suffix=".mkv", time_base=Fraction(1, 1000), pts=tuple(range(0, 1600, 40)), sound_seconds=1.6
    )
    source = render(clip, tmp_path)
    whole = len(stream_packets(source, 1))
    spoiled(source)

    weights = save_smallest(tmp_path / "smallest.safetensors")
    assert (
        run_upscale(source, "-s", "1.5", "-o", tmp_path / "out.mkv", "-w", weights, "--json") == 8
    )
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    report = lines[-1]["report"]
    assert report["frames_in"] == report["frames_out"] < 40
    assert abs(report["damaged_frames"] - (40 - report["frames_in"])) <= 3
    # What cannot be read is the rest of the file, with its audio.
    left = len(stream_packets(tmp_path / "out.mkv", 1))
    assert abs(report["lost_packets"] - (whole - left)) <= 3
    warnings = [line["message"] for line in lines if line.get("kind") == "warning"]
    assert any("cannot be read" in warning for warning in warnings)


def test_a_video_that_ends_early_is_reported_and_refused_where_strict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(suffix=".avi", encoder="mpeg4", time_base=Fraction(1, 25), pts=tuple(range(20)))
    source = render(clip, tmp_path)
    # At the border of two frames, where nothing but the header of the file tells.
    cut(source, places(source)[12] - 8)

    weights = save_smallest(tmp_path / "smallest.safetensors")
    options = ("-s", "1.5", "-w", weights)
    assert run_upscale(source, *options, "-o", tmp_path / "out.mkv", "--json") == 0
    report = json.loads(capfd.readouterr().out.splitlines()[-1])["report"]
    assert 0 < report["frames_out"] < 20
    assert report["damaged_frames"] == 20 - report["frames_out"]

    assert run_upscale(source, *options, "-o", tmp_path / "strict.mkv", "--strict") == 3
    assert "the end of the file cannot be read" in capfd.readouterr().err
    assert not (tmp_path / "strict.mkv").exists()
