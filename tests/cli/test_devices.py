"""``dscvsr devices`` and ``dscvsr encoders``, through the real command."""

import json
from collections.abc import Iterator
from typing import Any

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.options import complete_devices, complete_encoders
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines import device_report


def test_devices_are_listed_with_memory_dtype_and_a_speed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["devices", "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    processor = reports[-1]
    assert processor["device"] == "cpu"
    assert processor["free_memory_bytes"] > 0
    assert processor["dtype"] in ("float32", "bfloat16")
    assert processor["frames_per_second"] > 0
    assert "torch" in processor["runtimes"]
    assert processor["problem"] == ""


def test_a_speed_is_that_of_frames_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    # Equal frames go through the network once, so they would be far too fast.
    seen: list[int] = []

    def watch(frames: list[Frame], *given: Any, **options: Any) -> Iterator[Frame]:
        seen.append(len({frame.pixels.numpy().tobytes() for frame in frames}) - len(frames))
        return upscale_stream(frames, *given, **options)

    monkeypatch.setattr("dscvsr_cli.pipelines.device_report.upscale_stream", watch)
    assert all(one.frames_per_second for one in device_report.describe_devices())
    assert set(seen) == {0}


def test_devices_can_be_listed_without_a_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--no-measure"]) == 0
    out = capsys.readouterr().out
    assert "cpu" in out
    assert "free" in out
    assert "frames/s" not in out


def test_every_container_says_what_can_be_encoded_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["encoders", "--json"]) == 0
    found = {one["suffix"]: one for one in json.loads(capsys.readouterr().out)}
    assert found[".mp4"]["encoders"][0] == found[".mp4"]["default"] == "libx264"
    assert "ffv1" in found[".mkv"]["encoders"]
    assert "ffv1" not in found[".mp4"]["encoders"]
    assert set(found[".webm"]["encoders"]) <= {"libvpx-vp9", "libvpx", "libsvtav1", "libaom-av1"}
    for one in found.values():
        assert all(name in av.codecs_available for name in one["encoders"])
        assert not set(one["encoders"]) & set(one["lacking_hardware"])


def test_one_container_shows_all_its_encoders(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encoders", "mkv"]) == 0
    shown = capsys.readouterr().out
    assert "libx264 *" in shown
    assert "more" not in shown
    assert main(["encoders", ".m4v"]) == 0
    assert ".mp4" in capsys.readouterr().out
    assert main(["encoders", "docx"]) == 2
    assert ".mkv" in capsys.readouterr().err


def test_a_shell_completes_devices_and_encoders() -> None:
    assert {"auto", "cpu"} <= set(complete_devices())
    assert "libx264" in complete_encoders("libx")
    assert all(name.startswith("libx") for name in complete_encoders("libx"))
