"""Footage: what is read, what is left out with a warning, what is refused."""

import logging
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import DatasetError
from dscvsr_cli.training.footage import load_footage
from dscvsr_cli.video.pictures import save_png
from tests.clips import Clip, picture, render


def save_photo(path: Path, *, height: int = 40, width: int = 48) -> None:
    save_png(path, torch.from_numpy(picture(0, height, width)).permute(2, 0, 1) / 255)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    (place / "deep" / "deeper").mkdir(parents=True)
    return place


def test_videos_and_photographs_are_found_at_any_depth(folder: Path) -> None:
    render(Clip(), folder, name="one")
    render(Clip(suffix=".mkv", pts=(0, 512, 1024, 1536)), folder / "deep", name="two")
    save_photo(folder / "deep" / "deeper" / "photo.PNG")
    (folder / "notes.txt").write_text("not footage")
    footage = load_footage([folder], min_frames=4, min_side=32)
    assert sorted(clip.shape for clip in footage.clips) == [(4, 3, 48, 64), (8, 3, 48, 64)]
    assert [photo.shape for photo in footage.photos] == [(3, 40, 48)]
    assert {picture.dtype for picture in (*footage.clips, *footage.photos)} == {torch.uint8}


def test_a_photograph_is_kept_to_the_bit(folder: Path) -> None:
    save_photo(folder / "photo.png")
    (photo,) = load_footage([folder], min_frames=2, min_side=16).photos
    assert torch.equal(photo, torch.from_numpy(picture(0, 40, 48)).permute(2, 0, 1))


def test_single_files_and_several_places_are_taken(folder: Path) -> None:
    clip = render(Clip(), folder)
    save_photo(folder / "deep" / "photo.png")
    footage = load_footage([clip, folder / "deep"], min_frames=4, min_side=32)
    assert (len(footage.clips), len(footage.photos)) == (1, 1)


def test_a_file_named_itself_may_have_any_ending(folder: Path) -> None:
    unusual = render(Clip(), folder).rename(folder / "clip.MTS2")
    footage = load_footage([unusual], min_frames=4, min_side=32)
    assert [clip.shape for clip in footage.clips] == [(8, 3, 48, 64)]


def test_what_cannot_be_used_is_skipped_with_a_warning_that_names_it(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    render(Clip(), folder, name="good")
    render(Clip(pts=(0, 512)), folder, name="short")
    render(Clip(width=30), folder, name="narrow")
    save_photo(folder / "small.png", height=20)
    (folder / "broken.mp4").write_bytes(b"this is no video")
    (folder / "broken.jpg").write_bytes(b"this is no picture")
    (folder / "folder.png").mkdir()
    seen: list[tuple[int, int]] = []
    with caplog.at_level(logging.WARNING, logger="dscvsr_cli"):
        footage = load_footage(
            [folder], min_frames=4, min_side=32, on_progress=lambda *done: seen.append(done)
        )
    assert (len(footage.clips), len(footage.photos)) == (1, 0)
    warnings = [record.getMessage() for record in caplog.records if "training" in record.name]
    for name in ("short.mp4", "narrow.mp4", "small.png", "broken.mp4", "broken.jpg"):
        assert sum(name in warning for warning in warnings) == 1
    assert not any("good" in warning for warning in warnings)
    assert seen == [(number, len(seen)) for number in range(1, len(seen) + 1)]


def test_sides_and_frames_that_just_fit_are_used(folder: Path) -> None:
    render(Clip(), folder)
    assert load_footage([folder], min_frames=8, min_side=48).clips
    for frames, side in ((9, 48), (8, 49)):
        with pytest.raises(DatasetError):
            load_footage([folder], min_frames=frames, min_side=side)


def test_nothing_usable_is_an_error_that_tells_what_is_needed(folder: Path) -> None:
    save_photo(folder / "small.png", height=20)
    with pytest.raises(DatasetError, match="nothing to learn from") as caught:
        load_footage([folder], min_frames=7, min_side=192)
    assert str(folder) in caught.value.message
    assert "7 frames" in caught.value.hint
    assert "192 pixels" in caught.value.hint


def test_an_empty_folder_and_a_missing_one_are_errors(folder: Path) -> None:
    with pytest.raises(DatasetError, match="nothing to learn from"):
        load_footage([folder], min_frames=2, min_side=16)
    with pytest.raises(DatasetError, match="no such folder"):
        load_footage([folder / "missing"], min_frames=2, min_side=16)


def test_files_come_in_the_same_order_every_time(folder: Path) -> None:
    for name, width in (("b", 36), ("a", 40), ("c", 44)):
        save_photo(folder / f"{name}.png", width=width)
    photos = load_footage([folder], min_frames=2, min_side=16).photos
    assert [photo.shape[-1] for photo in photos] == [40, 36, 44]
