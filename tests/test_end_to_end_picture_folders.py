"""Folders and patterns of pictures, through the real command: names, places, and what is spared."""

import shutil
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import Clip, render
from tests.stills import names_in, upscale_still


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """A folder of two pictures, and a video beside it."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in (1, 2):
        save_png(folder / f"{number:05}.png", torch.rand(3, 40, 48))
    render(Clip(width=32, height=32, pts=(0,)), tmp_path, name="one")
    return folder


def test_pictures_of_the_input_are_never_replaced(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    pictures = [folder / f"{number:05}.png" for number in (1, 2)]
    for one in pictures:
        save_png(one, torch.rand(3, 40, 48))
    before = [one.read_bytes() for one in pictures]
    for source, target in ((folder, folder), (folder / "%05d.png", folder / "%05d.png")):
        assert upscale_still(weights, source, "-o", target, "--overwrite") == 2
        assert "is a picture of the input itself" in capfd.readouterr().err
    assert [one.read_bytes() for one in pictures] == before


@pytest.mark.parametrize("pattern", ["", "%05d.png"])
def test_among_many_inputs_pictures_keep_the_name_of_their_folder(
    pattern: str, frames: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    inputs = (frames / pattern, tmp_path / "one.mp4", tmp_path / "photo.png")
    save_png(inputs[2], torch.rand(3, 40, 48))
    assert upscale_still(weights, *inputs, "-o", out, "--dry-run") == 0
    assert not out.exists()
    assert upscale_still(weights, *inputs, "-o", out) == 0
    assert names_in(out) == {"frames", "one.mp4", "photo.png"}
    assert names_in(out / "frames") == {"00001.png", "00002.png"}
    assert read_picture(out / "photo.png").shape == (3, 80, 96)


def test_among_many_inputs_pictures_become_a_video_where_that_is_asked_for(
    frames: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert (
        upscale_still(weights, frames, tmp_path / "one.mp4", "-o", out, "--container", "mkv") == 0
    )
    assert names_in(out) == {"frames.mkv", "one.mkv"}
    # A single input is no exception.
    single = tmp_path / "single"
    assert upscale_still(weights, frames, "-o", f"{single}/", "--container", "mkv") == 0
    assert names_in(single) == {"frames.mkv"}


def test_in_their_own_folder_pictures_get_another_name(
    frames: Path, weights: Path, tmp_path: Path
) -> None:
    for source in (frames, frames / "%05d.png"):
        assert (
            upscale_still(weights, source, tmp_path / "one.mp4", "-o", tmp_path, "--overwrite") == 0
        )
        assert names_in(tmp_path) == {"frames", "frames_x2", "one.mp4", "one_x2.mp4"}
        assert names_in(tmp_path / "frames_x2") == names_in(frames) == {"00001.png", "00002.png"}
        assert read_picture(frames / "00001.png").shape == (3, 40, 48)


def test_two_patterns_are_two_sequences(frames: Path, weights: Path, tmp_path: Path) -> None:
    shutil.copytree(frames, tmp_path / "more")
    patterns = (frames / "%05d.png", tmp_path / "more" / "%05d.png")
    assert upscale_still(weights, *patterns, "-o", tmp_path / "out") == 0
    assert names_in(tmp_path / "out") == {"frames", "more"}


@pytest.mark.parametrize("output", [(), ("-o", "out")])
def test_a_pipe_among_many_inputs_is_refused_before_any_work(
    output: tuple[str, ...],
    frames: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(frames.parent)
    before = names_in(frames.parent)
    assert upscale_still(weights, "-", "one.mp4", *output) == 2
    assert "a pipe has no name" in capfd.readouterr().err
    assert names_in(frames.parent) == before


@pytest.mark.parametrize("container", [(), ("--container", "mkv")])
def test_what_was_made_of_one_picture_is_no_picture_of_its_folder(
    container: tuple[str, ...], frames: Path, weights: Path, tmp_path: Path
) -> None:
    assert upscale_still(weights, frames / "00001.png", *container) == 0
    assert len(names_in(frames)) == 3
    assert upscale_still(weights, frames) == 0
    assert names_in(tmp_path / "frames_x2") == {"00001.png", "00002.png"}


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """Pictures 1 to 3 and 5 to 6, each of one grey that says its number."""
    folder = tmp_path / "numbered"
    folder.mkdir()
    for number in (1, 2, 3, 5, 6):
        save_png(folder / f"{number:05}.png", torch.full((3, 32, 32), number / 10))
    return folder


def numbers_in(folder: Path) -> dict[str, int]:
    """Return the names of the pictures, and the numbers that they show."""
    return {
        name: round(10 * float(read_picture(folder / name).mean())) for name in names_in(folder)
    }


@pytest.mark.parametrize("pattern", ["", "%05d.png"])
def test_pictures_keep_their_names_where_only_a_part_is_read(
    pattern: str, numbered: Path, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = numbered / pattern
    assert upscale_still(weights, source) == 3
    assert "--start-number N begins behind the gap" in capfd.readouterr().err
    assert upscale_still(weights, source, "--start-number", "5") == 0
    assert numbers_in(tmp_path / "numbered_x2") == {"00005.png": 5, "00006.png": 6}

    shutil.rmtree(tmp_path / "numbered_x2")
    for number in (5, 6):
        (numbered / f"{number:05}.png").unlink()
    span = ("--fps", "10", "--start", "0.1", "--end", "0.3")
    assert upscale_still(weights, source, *span) == 0
    assert numbers_in(tmp_path / "numbered_x2") == {"00002.png": 2, "00003.png": 3}
    assert (
        upscale_still(weights, source, "--fps", "10", "--preview", "0.1", "-o", tmp_path / "p") == 0
    )
    assert numbers_in(tmp_path / "p") == {"00002.png": 2}


def test_a_pattern_goes_on_from_the_number_of_the_first_picture_that_is_read(
    numbered: Path, weights: Path, tmp_path: Path
) -> None:
    source, target = numbered / "%05d.png", tmp_path / "big" / "%03d.png"
    assert upscale_still(weights, source, "--start-number", "5", "-o", target) == 0
    assert numbers_in(tmp_path / "big") == {"005.png": 5, "006.png": 6}
    assert upscale_still(weights, source, "--start-number", "6", "--overwrite", "-o", target) == 0
    assert numbers_in(tmp_path / "big") == {"005.png": 5, "006.png": 6}


@pytest.mark.parametrize("out", ["big", "big/%03d.png"])
def test_pictures_made_of_a_video_are_verified(
    out: str, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(rotation=90, pts=(0, 1024, 2048), sound_seconds=0.2, chapters=("One", "Two"))
    source, folder = render(clip, tmp_path), tmp_path / "big"
    assert upscale_still(weights, source, "-o", folder / "%03d.png") == 0

    assert main(["verify", str(source), str(tmp_path / out)]) == 1

    # The rate is that of the video, and pictures hold nothing else.
    lost = [line for line in capfd.readouterr().out.splitlines() if line.startswith("lost")]
    assert [line.split()[1] for line in lost] == ["audio", "chapters"]

    (folder / "002.png").unlink()
    (folder / "003.png").rename(folder / "002.png")
    assert main(["verify", str(source), str(tmp_path / out), "--fast"]) == 1
    assert "2 of 3" in capfd.readouterr().out


def test_a_video_made_of_pictures_is_verified_at_its_own_rate(
    frames: Path, weights: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.mkv"
    assert upscale_still(weights, frames, "-o", target, "--fps", "12") == 0
    assert main(["verify", str(frames), str(target), "--fast"]) == 0
