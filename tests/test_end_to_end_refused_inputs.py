"""What cannot be enlarged is refused by the real command, by name and with advice."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.pipelines.upscale.being_written import is_being_written
from tests.clips import Clip, render, render_kind
from tests.commands import run_upscale, upscale_with
from tests.video.read.test_image_sequence import write_pictures


def zero_bytes(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def words(path: Path) -> Path:
    path.write_text("not a video at all\n" * 99)
    return path


def sound_alone(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((2, 1024), dtype=np.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = 48000, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def headers_alone(path: Path) -> Path:
    content = render(Clip(suffix=".mkv"), path.parent, name="whole").read_bytes()
    path.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75") + 12])
    return path


def without_index(path: Path) -> Path:
    content = render(Clip(), path.parent, name="whole").read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])
    return path


def huge_header(path: Path) -> Path:
    path.write_bytes(b"YUV4MPEG2 W99999999 H99999999 F25:1 Ip C420mpeg2\nFRAME\n" + bytes(999))
    return path


def folder_without_pictures(path: Path) -> Path:
    path.mkdir()
    (path / "notes.txt").write_text("nothing here")
    return path


def unreadable(path: Path) -> Path:
    path.symlink_to("/proc/self/mem")
    return path


def gap(path: Path) -> Path:
    write_pictures(path, "%03d.png", range(2))
    (path / "001.png").rename(path / "005.png")
    return path


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (zero_bytes, "is empty"),
        (words, "is not a video"),
        (sound_alone, "holds no video"),
        (headers_alone, "no frame of"),
        (without_index, "is an mp4 or mov without"),
        (huge_header, "is not a video"),
        (folder_without_pictures, "folder"),
        (unreadable, "cannot be read"),
        (gap, "picture number 1 is missing"),
    ],
)
def test_what_cannot_be_enlarged_is_refused_by_name_with_advice(
    make: Callable[[Path], Path],
    told: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = make(tmp_path / "the clip.mp4")

    assert run_upscale(source, "-s", "2", "-o", tmp_path / "out.mkv") == 3

    error = capfd.readouterr().err
    assert told in error
    assert "the clip.mp4" in error
    assert "hint:" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("single frame", tmp_path)
    source.chmod(0)
    assert run_upscale(source, "-s", "2") == 3
    assert "permissions" in capfd.readouterr().err


def test_a_picture_wider_than_any_encoder_takes_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "wide.y4m"
    source.write_bytes(
        b"YUV4MPEG2 W16384 H2 F25:1 Ip C420mpeg2\nFRAME\n" + bytes(16384 * 2 * 3 // 2)
    )
    assert run_upscale(source, "-s", "2", "-o", tmp_path / "out.mkv") == 2
    assert "no side may exceed" in capfd.readouterr().err


def test_options_that_do_not_fit_the_input_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("single frame", tmp_path)
    assert run_upscale(source, "-s", "2", "--fps", "30") == 2
    assert "not an image sequence" in capfd.readouterr().err
    assert run_upscale(source, "-s", "2", "--fps", "fast") == 2
    assert run_upscale(source, "-s", "2", "--deinterlace", "--field-order", "progressive") == 2
    assert run_upscale(source, "-s", "2", "--field-order", "sideways") == 2


@pytest.mark.parametrize("arguments", [["upscale", ""], ["upscale", "clip.mp4", "-o", ""]])
def test_an_empty_name_does_not_mean_everything_in_this_folder(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    render(Clip(), tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "-s", "2"]) == 2
    assert "an empty name is no file" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_a_file_that_another_program_writes_is_announced(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(), tmp_path)
    with source.open("ab"):
        if not is_being_written(source):
            pytest.skip("this file system has no leases")
        assert upscale_with(weights, source, "--dry-run") == 0
    assert "open for writing in another program" in capfd.readouterr().err
    assert upscale_with(weights, source, "--dry-run") == 0
    assert "open for writing" not in capfd.readouterr().err
