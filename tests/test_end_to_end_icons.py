"""Icons, through the real command: of a picture in several sizes the largest is enlarged."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.picture_writer import save_png


def icon(sizes: Sequence[int], path: Path) -> Path:
    """Write a picture in several sizes, as an ICO holds them."""
    pictures = []
    for side in sizes:
        save_png(path.with_suffix(".png"), torch.rand(3, side, side))
        pictures.append(path.with_suffix(".png").read_bytes())
    path.with_suffix(".png").unlink()
    place, head = 6 + 16 * len(sizes), struct.pack("<HHH", 0, 1, len(sizes))
    for side, content in zip(sizes, pictures, strict=True):
        head += struct.pack("<4B2H2I", side, side, 0, 0, 1, 24, len(content), place)
        place += len(content)
    path.write_bytes(head + b"".join(pictures))
    return path


@pytest.mark.parametrize("name", ["out.png", "out.mkv"])
def test_of_an_icon_the_largest_picture_is_enlarged_and_the_others_are_named(
    name: str, tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = icon([16, 48, 32], tmp_path / "my.ico"), tmp_path / name
    assert main(["upscale", str(source), "-s", "2", "-w", str(weights), "-o", str(target)]) == 0
    said = capfd.readouterr().err
    assert "only the picture of 48x48 in" in said
    assert "of 3 (--video-stream 0 to 2 chooses another)" in said
    assert (probe(target).width, probe(target).height) == (96, 96)


def test_an_icon_becomes_a_picture_beside_it_of_the_size_that_is_chosen(
    tmp_path: Path, weights: Path
) -> None:
    source = icon([16, 48], tmp_path / "my.ico")
    options = ["-s", "2", "-w", str(weights), "--video-stream", "0"]
    assert main(["upscale", str(source), *options]) == 0
    assert probe(tmp_path / "my_x2.png").width == 32
