"""Frames become pictures in a folder, which appears whole or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import picture_container
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.picture_reader import decode_picture, read_picture
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions, suitable_encoder
from dscvsr_cli.video.write.picture_names import (
    PictureNames,
    is_sequence_target,
    picture_names,
)
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from dscvsr_cli.video.write.picture_writer import save_png
from dscvsr_cli.video.write.sequence_writer import SequenceWriter
from tests.clips import picture, render_kind
from tests.helpers import assert_frames_close


@pytest.fixture
def source(tmp_path: Path) -> VideoInfo:
    folder = tmp_path / "clips"
    folder.mkdir()
    return probe(render_kind("constant", folder))


def drawn(index: int) -> torch.Tensor:
    return torch.from_numpy(picture(index, 45, 61)).permute(2, 0, 1).float() / 255


def spec(names: PictureNames, source: VideoInfo, options: EncodeOptions) -> PictureSpec:
    container = picture_container(names.suffix)
    return settle_picture(source, container, height=45, width=61, options=options)


def write(
    names: PictureNames, source: VideoInfo, *, count: int = 3, overwrite: bool = False
) -> SequenceWriter:
    encoder = suitable_encoder(picture_container(names.suffix), source)
    options = EncodeOptions(encoder=encoder)
    if names.suffix == ".jpg":
        options = replace(options, pixel_format="yuv444p")
    with SequenceWriter(names, spec(names, source, options), overwrite=overwrite) as writer:
        for index in range(count):
            writer.write(Frame(pixels=drawn(index), pts=index))
    return writer


def png_writer(names: PictureNames, source: VideoInfo) -> SequenceWriter:
    options = EncodeOptions(encoder="png")
    return SequenceWriter(names, spec(names, source, options))


@pytest.mark.parametrize(
    ("suffix", "tolerance"),
    [("png", 0.003), ("tiff", 0.003), ("bmp", 0.003), ("webp", 0.003), ("jpg", 0.05)],
)
def test_every_frame_becomes_a_picture(
    suffix: str, tolerance: float, source: VideoInfo, tmp_path: Path
) -> None:
    rgb = replace(source, pixel_format="rgb24")
    write(picture_names(tmp_path / "new" / f"%03d.{suffix}", rgb), rgb)
    made = sorted((tmp_path / "new").iterdir())
    assert [path.name for path in made] == [f"{number:03}.{suffix}" for number in (1, 2, 3)]
    for index, path in enumerate(made):
        assert_frames_close(read_picture(path), drawn(index), tolerance=tolerance)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_more_than_eight_bits_become_sixteen(
    suffix: str, source: VideoInfo, tmp_path: Path
) -> None:
    deep = replace(source, pixel_format="yuv420p10le", bit_depth=10)
    names = picture_names(tmp_path / "new" / f"%d.{suffix}", deep)
    write(names, deep, count=1)
    path = tmp_path / "new" / f"1.{suffix}"
    assert decode_picture(path).format.components[0].bits == 16
    assert_frames_close(read_picture(path), drawn(0), tolerance=1e-4)


def test_alpha_is_stored_where_there_is_some(source: VideoInfo, tmp_path: Path) -> None:
    clear = replace(source, has_alpha=True)
    names = picture_names(tmp_path / "new" / "%d.png", clear)
    alpha = torch.linspace(0, 1, 61).expand(1, 45, 61)
    with png_writer(names, clear) as writer:
        writer.write(Frame(pixels=drawn(0), pts=0, alpha=alpha))
    stored = decode_picture(tmp_path / "new" / "1.png").to_ndarray(format="rgba")
    assert abs(stored[0, :, 3] / 255 - alpha[0, 0].numpy()).max() < 0.003


def test_a_new_folder_appears_whole_or_not_at_all(source: VideoInfo, tmp_path: Path) -> None:
    names = picture_names(tmp_path / "new" / "%d.png", source)
    before = sorted(tmp_path.iterdir())

    def write_and_fail() -> None:
        with png_writer(names, source) as writer:
            writer.write(Frame(pixels=drawn(0), pts=0))
            assert not (tmp_path / "new").exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert sorted(tmp_path.iterdir()) == before


def test_pictures_are_never_replaced_unasked(source: VideoInfo, tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "2.png").write_bytes(b"precious")
    (folder / "notes.txt").write_text("mine")
    names = picture_names(folder / "%d.png", source)
    with pytest.raises(UsageError, match=r"2\.png already exists"):
        write(names, source)
    assert sorted(path.name for path in folder.iterdir()) == ["2.png", "notes.txt"]
    write(names, source, overwrite=True)
    made = sorted(path.name for path in folder.iterdir())
    assert made == ["1.png", "2.png", "3.png", "notes.txt"]
    assert (folder / "2.png").read_bytes() != b"precious"


def test_older_pictures_that_stay_beside_new_ones_are_named(
    source: VideoInfo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "frames"
    names = picture_names(folder / "a%03d.png", source)
    write(names, source, count=5)
    save_png(folder / "cover 1.png", drawn(0))
    write(names, source, count=5, overwrite=True)
    assert not caplog.records
    write(names, source, count=2, overwrite=True)
    assert "3 older pictures, a003.png to a005.png, are still there" in caplog.text
    assert len(list(folder.glob("a*.png"))) == 5
    # Others that only go on from there replace nothing.
    caplog.clear()
    write(PictureNames(folder=folder, pattern="a%03d.png", first=6), source, overwrite=True)
    assert not caplog.records


def test_a_picture_that_appears_meanwhile_is_not_replaced(
    source: VideoInfo, tmp_path: Path
) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    names = picture_names(folder / "%d.png", source)

    def write_while_somebody_else_does() -> None:
        with png_writer(names, source) as writer:
            writer.write(Frame(pixels=drawn(0), pts=0))
            (folder / "1.png").write_bytes(b"somebody else's")

    with pytest.raises(OutputVideoError, match="appeared"):
        write_while_somebody_else_does()
    assert (folder / "1.png").read_bytes() == b"somebody else's"
    assert [path.name for path in folder.iterdir()] == ["1.png"]


def test_pictures_of_a_folder_keep_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for name in ("a1.png", "a2.png", "a3.png"):
        save_png(folder / name, drawn(0))
    sequence = probe(folder)
    assert is_sequence_target(tmp_path / "frames_x2.7", sequence)
    assert not is_sequence_target(tmp_path / "out.mkv", sequence)
    names = picture_names(tmp_path / "frames_x2.7", sequence)
    assert [names.name(index) for index in range(3)] == ["a1.png", "a2.png", "a3.png"]


def test_numbers_go_on_as_the_input_counts(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in (7, 8):
        save_png(folder / f"{number:04}.png", drawn(0))
    sequence = probe(folder / "%04d.png")
    names = picture_names(tmp_path / "out" / "%02d.tiff", sequence)
    assert [names.name(index) for index in range(2)] == ["07.tiff", "08.tiff"]


def test_a_percent_sign_alone_makes_no_sequence(source: VideoInfo) -> None:
    assert not is_sequence_target(Path("100% done.mp4"), source)
    assert not is_sequence_target(Path("%d.mp4"), source)
    assert is_sequence_target(Path("%d.png"), source)
