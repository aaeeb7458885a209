"""Finding what there is to learn from: known layouts, clips in frames, photographs, mixed packs."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.datasets.decode import decode
from dscvsr_cli.datasets.extent import measure
from dscvsr_cli.datasets.frame_folders import are_frames, likeness
from dscvsr_cli.datasets.sources import Source, find_sources
from dscvsr_cli.errors import DatasetError, VideoError
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import Clip, picture, render


def as_tensor(index: int, height: int = 24, width: int = 32) -> Tensor:
    return torch.from_numpy(picture(index, height, width)).permute(2, 0, 1) / 255


def save_frames(folder: Path, count: int = 3, *, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(first, first + count):
        save_png(folder / f"{index:08d}.png", as_tensor(index))
    return folder


def save_photos(folder: Path, sizes: list[tuple[int, int]]) -> Path:
    """Pictures that have nothing to do with each other."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(3)
    for index, (height, width) in enumerate(sizes):
        coarse = torch.rand((1, 3, 6, 6), generator=generator)
        photo = torch.nn.functional.interpolate(coarse, (height, width))[0]
        save_png(folder / f"{index:04d}.png", photo)
    return folder


def found(*places: Path) -> list[tuple[str, str]]:
    return [(source.kind, source.name) for source in find_sources(places).sources]


def test_a_folder_of_frames_is_one_clip_in_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    for index in (9, 10, 11):
        save_png(folder / f"frame{index}.png", as_tensor(index))
    (source,) = find_sources([folder]).sources
    assert (source.kind, source.name, source.place) == ("frames", "clip", folder)
    assert [path.name for path in source.paths] == ["frame9.png", "frame10.png", "frame11.png"]


def test_a_folder_of_photographs_is_as_many_photographs(tmp_path: Path) -> None:
    same = save_photos(tmp_path / "same", [(24, 32)] * 5)
    mixed = save_photos(tmp_path / "mixed", [(24, 32), (32, 24), (40, 40)])
    assert found(same) == [("photo", f"{i:04d}") for i in range(5)]
    assert found(mixed) == [("photo", f"{i:04d}") for i in range(3)]


def test_a_mixed_pack_is_walked_whole_and_once(tmp_path: Path) -> None:
    save_frames(tmp_path / "a" / "deep" / "one")
    save_photos(tmp_path / "b", [(24, 32), (30, 30)])
    render(Clip(), tmp_path / "a", name="two")
    render(Clip(suffix=".mkv", pts=(0, 512, 1024)), tmp_path, name="three")
    (tmp_path / "notes.txt").write_text("not footage")
    (tmp_path / "._three.mkv").write_bytes(b"a leaving of a file manager")
    (tmp_path / "c").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    kinds = found(tmp_path)
    assert sorted(kinds) == [
        ("frames", "one"),
        ("photo", "0000"),
        ("photo", "0001"),
        ("video", "three"),
        ("video", "two"),
    ]
    assert found(tmp_path) == kinds


def test_a_file_named_itself_may_have_any_ending(tmp_path: Path) -> None:
    unusual = render(Clip(), tmp_path).rename(tmp_path / "clip.MTS2")
    save_png(tmp_path / "one.png", as_tensor(0))
    assert found(unusual, tmp_path / "one.png") == [("video", "clip"), ("photo", "one")]


def test_the_number_found_grows_by_one(tmp_path: Path) -> None:
    save_photos(tmp_path, [(24, 32), (30, 30), (20, 20)])
    seen: list[int] = []
    find_sources([tmp_path], on_found=seen.append)
    assert seen == [1, 2, 3]


def test_of_vimeo_only_what_its_training_list_names_is_taken(tmp_path: Path) -> None:
    root = tmp_path / "vimeo_septuplet"
    for name in ("00001/0001", "00001/0002", "00002/0001"):
        save_frames(root / "sequences" / name, 7)
    (root / "sep_trainlist.txt").write_text("00001/0001\n00002/0001\n00009/0009\n\n")
    (root / "sep_testlist.txt").write_text("00001/0002\n")
    for place in (root, tmp_path):
        scan = find_sources([place])
        assert [source.name for source in scan.sources] == ["00001/0001", "00002/0001"]
        assert all(len(source.paths) == 7 for source in scan.sources)
        assert "Vimeo-90K" in scan.notes[0]
        (missing,) = scan.skipped
        assert "1 of the 3 septuplets" in str(missing)


@pytest.mark.parametrize("inner", ["train/train_sharp", "train_sharp"])
def test_of_reds_the_test_clips_are_left_out_and_that_is_said(tmp_path: Path, inner: str) -> None:
    root = tmp_path / "REDS"
    for name in ("000", "001", "011", "012", "015", "020", "239"):
        save_frames(root / inner / name, 2)
    save_frames((root / inner).parent / "train_sharp_bicubic" / "X4" / "001", 2)
    for place in (root, root / inner):
        scan = find_sources([place])
        assert [source.name for source in scan.sources] == ["001", "012", "239"]
        assert "000, 011, 015, 020" in scan.notes[0]
        assert "REDS4" in scan.notes[0]


def test_the_validation_half_of_reds_keeps_its_own_clips_of_those_numbers(tmp_path: Path) -> None:
    save_frames(tmp_path / "REDS" / "val" / "val_sharp" / "000", 2)
    save_frames(tmp_path / "REDS" / "train" / "train_sharp" / "000", 2)
    assert found(tmp_path / "REDS") == [("frames", "val 000")]


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file or folder") as caught:
        find_sources([tmp_path / "nothing"])
    assert "--data" in caught.value.hint


def test_pictures_that_cannot_be_read_do_not_decide(tmp_path: Path) -> None:
    folder = save_frames(tmp_path / "clip", 6)
    (folder / "00000001.png").write_bytes(b"damaged")
    assert found(folder) == [("frames", "clip")]
    for path in folder.iterdir():
        path.write_bytes(b"damaged")
    assert {kind for kind, _ in found(folder)} == {"photo"}


def test_likeness_is_one_for_equals_and_low_for_strangers() -> None:
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.rand((3, 40, 40), generator=generator) for _ in range(2))
    assert likeness(one, one) == pytest.approx(1.0, abs=1e-5)
    assert abs(likeness(one, other)) < 0.3
    black, white = torch.zeros(3, 20, 20), torch.ones(3, 20, 20)
    assert likeness(black, black) == 1.0
    assert likeness(black, white) == 0.0
    assert not are_frames(())


# What sources hold


def frames_source(folder: Path) -> Source:
    (source,) = find_sources([folder]).sources
    return source


def test_frames_are_measured_and_decoded_as_they_are(tmp_path: Path) -> None:
    source = frames_source(save_frames(tmp_path / "clip", 5))
    extent = measure(source)
    assert (extent.frames, extent.size, extent.size_bytes) == (5, Size(24, 32), 5 * 3 * 24 * 32)
    wanted = [torch.from_numpy(picture(index, 24, 32)).permute(2, 0, 1) for index in range(5)]
    assert torch.equal(decode(source), torch.stack(wanted))
    assert torch.equal(decode(source, first=1, count=2), torch.stack(wanted[1:3]))
    with pytest.raises(VideoError, match="no frame 5"):
        decode(source, first=5)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_stretch_of_a_video_is_the_same_frames_as_in_the_whole(
    tmp_path: Path, suffix: str
) -> None:
    clip = Clip(suffix=suffix, pts=tuple(range(0, 9 * 512, 512)))
    (source,) = find_sources([render(clip, tmp_path)]).sources
    whole = decode(source)
    assert whole.shape == (9, 3, 48, 64)
    assert whole.dtype is torch.uint8
    assert measure(source).frames in (9, 10)  # Matroska tells only its length, rounded
    assert torch.equal(decode(source, first=4, count=3), whole[4:7])


def test_pictures_that_are_no_png_are_measured_too(tmp_path: Path) -> None:
    path = save_frames(tmp_path / "clip", 1) / "00000000.png"
    renamed = path.rename(tmp_path / "photo.jpg")  # a PNG by its content
    assert measure(Source(name="a", kind="photo", paths=(renamed,))).size == Size(24, 32)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"damaged")
    with pytest.raises(VideoError):
        measure(Source(name="b", kind="photo", paths=(broken,)))


def test_frames_of_two_sizes_are_no_clip(tmp_path: Path) -> None:
    folder = save_frames(tmp_path / "clip", 6)
    source = frames_source(folder)
    save_png(source.paths[5], as_tensor(5, 20, 20))
    with pytest.raises(VideoError, match=r"frame 5 of .* is 20x20"):
        decode(source)
