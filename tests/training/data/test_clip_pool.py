"""Footage: what is read, what is left out and listed, what is held when memory is short."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from dscvsr_cli.datasets.sources import Source, find_sources
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.geometry import Size
from dscvsr_cli.training.data.clip_pool import Demand, Footage, Part, RotatingFootage
from dscvsr_cli.training.data.clip_window import STEPS_PER_CHANGE
from dscvsr_cli.training.data.load_clips import PART_LENGTHS, LoadedFootage, cut, load_footage
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import Clip, picture, render

CPU = torch.device("cpu")
PLENTY = 10**9


def save_photo(path: Path, *, height: int = 40, width: int = 48) -> None:
    save_png(path, torch.from_numpy(picture(0, height, width)).permute(2, 0, 1) / 255)


def load(
    *places: Path,
    frames: int = 4,
    side: int = 32,
    budget: int = PLENTY,
    batches_done: int = 0,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> LoadedFootage:
    return load_footage(
        find_sources(places).sources,
        Demand(frames=frames, side=side),
        budget_bytes=budget,
        device=CPU,
        seed=seed,
        batches_done=batches_done,
        on_progress=on_progress,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    (place / "deep" / "deeper").mkdir(parents=True)
    return place


def test_clips_and_photographs_are_read_as_bytes(folder: Path) -> None:
    render(Clip(), folder, name="one")
    render(Clip(suffix=".mkv", pts=(0, 512, 1024, 1536)), folder / "deep", name="two")
    save_photo(folder / "deep" / "deeper" / "photo.PNG")
    loaded = load(folder)
    footage = loaded.stream.next()
    assert sorted(clip.shape for clip in footage.clips) == [(4, 3, 48, 64), (8, 3, 48, 64)]
    assert [photo.shape for photo in footage.photos] == [(3, 40, 48)]
    assert {picture.dtype for picture in (*footage.clips, *footage.photos)} == {torch.uint8}
    assert torch.equal(footage.photos[0], torch.from_numpy(picture(0, 40, 48)).permute(2, 0, 1))
    assert str(loaded) == "2 clips and 1 photograph"
    assert loaded.held_bytes == loaded.size_bytes == 12 * 3 * 48 * 64 + 3 * 40 * 48
    assert not loaded.in_turns
    assert loaded.stream.next() is footage


def test_what_cannot_be_used_is_listed_with_its_reason(folder: Path) -> None:
    render(Clip(), folder, name="good")
    render(Clip(pts=(0, 512)), folder, name="short")
    render(Clip(width=30), folder, name="narrow")
    save_photo(folder / "small.png", height=20)
    (folder / "broken.mp4").write_bytes(b"this is no video")
    (folder / "folder.png").mkdir()
    seen: list[tuple[int, int]] = []
    loaded = load(folder, frames=4, on_progress=lambda *done: seen.append(done))
    assert (loaded.clips, loaded.photos) == (1, 0)
    reasons = {Path(entry.place).name: str(entry) for entry in loaded.skipped}
    assert reasons.keys() == {"short.mp4", "narrow.mp4", "small.png", "broken.mp4"}
    assert "2 of at least 3 frames" in reasons["short.mp4"]
    assert "30x48 pixels are less than 32" in reasons["narrow.mp4"]
    assert "48x20 pixels are less than 32" in reasons["small.png"]
    assert str(folder / "broken.mp4") in reasons["broken.mp4"]
    assert seen == [(1, 1)]


def test_a_clip_whose_frames_cannot_be_read_after_all_is_listed(folder: Path) -> None:
    clip = folder / "clip"
    clip.mkdir()
    for index in range(6):
        save_png(
            clip / f"{index}.png", torch.from_numpy(picture(index, 40, 48)).permute(2, 0, 1) / 255
        )
    render(Clip(), folder, name="good")
    (clip / "5.png").write_bytes((clip / "4.png").read_bytes()[:60])
    loaded = load(folder)
    assert (loaded.clips, len(loaded.stream.next().clips)) == (1, 1)
    (entry,) = loaded.skipped
    assert entry.place == str(clip)
    assert "5.png" in entry.reason


def test_sides_and_frames_that_just_fit_are_used(folder: Path) -> None:
    render(Clip(), folder)
    # Played to and fro, 8 frames show 15.
    assert load(folder, frames=15, side=48).clips == 1
    for frames, side in ((16, 48), (8, 49)):
        with pytest.raises(DatasetError):
            load(folder, frames=frames, side=side)


def test_nothing_usable_is_an_error_that_tells_what_is_needed(folder: Path) -> None:
    save_photo(folder / "small.png", height=20)
    with pytest.raises(DatasetError, match="nothing to learn from") as caught:
        load(folder, frames=7, side=192)
    assert str(folder) in caught.value.message
    assert "4 frames" in caught.value.hint
    assert "192 pixels" in caught.value.hint


def test_an_empty_folder_is_an_error(folder: Path) -> None:
    with pytest.raises(DatasetError, match="nothing to learn from") as caught:
        load(folder)
    assert "--data" in caught.value.hint


# More than memory holds


@pytest.mark.parametrize(("frames", "pieces"), [(3, 1), (8, 1), (15, 1), (16, 2), (100, 12)])
def test_parts_tile_a_clip_once_and_are_long_enough(frames: int, pieces: int) -> None:
    source = Source(name="clip", kind="video", paths=(Path("clip.mp4"),))
    whole = Part(source=source, count=frames, size_bytes=frames * 300)
    parts = cut(whole, Demand(frames=4, side=8))
    assert len(parts) == pieces
    covered = [
        place for part in parts for place in range(part.first, part.first + (part.count or 0))
    ]
    assert covered == list(range(frames))
    assert sum(part.size_bytes for part in parts) == frames * 300
    if pieces > 1:
        assert all((part.count or 0) >= PART_LENGTHS * 4 for part in parts)


@pytest.fixture
def many(folder: Path) -> Path:
    """Six clips of 4 frames whose first pixel tells which one it is, and a photograph."""
    for index in range(6):
        place = folder / f"clip {index}"
        place.mkdir()
        for frame in range(4):
            drawn = torch.from_numpy(picture(frame, 40, 48)).permute(2, 0, 1) / 255
            drawn[:, 0, 0] = index / 255
            save_png(place / f"{frame}.png", drawn)
    save_photo(folder / "deep" / "photo.png")
    return folder


ONE_CLIP = 4 * 3 * 40 * 48


def names(footage: Footage) -> list[int]:
    return [int(clip[0, 0, 0, 0]) for clip in footage.clips]


def sequence_of(loaded: LoadedFootage, batches: int) -> list[tuple[list[int], int]]:
    with loaded:
        drawn = [loaded.stream.next() for _ in range(batches)]
    return [(names(footage), len(footage.photos)) for footage in drawn]


def test_more_than_memory_holds_is_held_in_turns(many: Path) -> None:
    loaded = load(many, frames=2, budget=3 * ONE_CLIP)
    assert loaded.in_turns
    assert (loaded.clips, loaded.photos) == (6, 1)
    assert loaded.held_bytes <= 3 * ONE_CLIP < loaded.size_bytes
    sequence = sequence_of(loaded, 14 * STEPS_PER_CHANGE)
    for start in range(0, len(sequence), STEPS_PER_CHANGE):
        assert sequence[start : start + STEPS_PER_CHANGE] == [sequence[start]] * STEPS_PER_CHANGE
    held = [entry for entry, _ in sequence[::STEPS_PER_CHANGE]]
    assert all(len(entry) in (2, 3) for entry in held)
    assert {name for entry in held for name in entry} == set(range(6))
    assert {photos for _, photos in sequence} == {0, 1}


def test_turns_depend_on_the_seed_and_go_on_where_a_run_stopped(many: Path) -> None:
    straight = sequence_of(load(many, frames=2, budget=3 * ONE_CLIP), 5 * STEPS_PER_CHANGE)
    done = 2 * STEPS_PER_CHANGE + 17
    resumed = sequence_of(
        load(many, frames=2, budget=3 * ONE_CLIP, batches_done=done), len(straight) - done
    )
    assert resumed == straight[done:]
    other = sequence_of(load(many, frames=2, budget=3 * ONE_CLIP, seed=5), 5 * STEPS_PER_CHANGE)
    assert other != straight


def test_a_part_that_cannot_be_read_leaves_the_others(many: Path) -> None:
    for index in range(3):
        damaged = many / f"clip {index}" / "2.png"
        damaged.write_bytes(damaged.read_bytes()[:60])
    loaded = load(many, frames=2, budget=4 * ONE_CLIP)
    seen = {name for held, _ in sequence_of(loaded, 9 * STEPS_PER_CHANGE) for name in held}
    assert seen == {3, 4, 5}


def test_footage_that_vanished_ends_the_run_with_a_word(many: Path) -> None:
    sources = [source for source in find_sources([many]).sources if source.kind == "frames"]
    demand = Demand(frames=2, side=32)
    parts: Sequence[Part] = [
        Part(source=source, count=4, size_bytes=ONE_CLIP) for source in sources
    ]
    for source in sources:
        for path in source.paths:
            path.write_bytes(b"")
    with pytest.raises(DatasetError, match="can be read"):
        RotatingFootage(parts, demand, budget=2 * ONE_CLIP, seed=0, device=CPU)


def test_demands_count_a_clip_to_and_fro_and_a_photograph_as_it_is() -> None:
    demand = Demand(frames=7, side=10)
    assert demand.refuse(frames=4, size=Size(10, 10), photo=False) is None
    assert demand.refuse(frames=3, size=Size(10, 10), photo=False) is not None
    assert demand.refuse(frames=1, size=Size(10, 10), photo=True) is None
    assert demand.refuse(frames=1, size=Size(9, 100), photo=True) is not None
