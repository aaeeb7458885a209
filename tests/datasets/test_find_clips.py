"""The clips of known data sets are found, or their absence is explained."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from dscvsr_cli.datasets.benchmark_sets import VID4
from dscvsr_cli.datasets.find_clips import dataset_root, find_clips, find_known
from dscvsr_cli.datasets.open_clip import open_clip
from dscvsr_cli.errors import DatasetError, InputVideoError

Pixels = NDArray[np.uint8]


def pixels(index: int, height: int = 8, width: int = 12) -> Pixels:
    made = np.random.default_rng(index).integers(0, 256, (height, width, 3))
    return made.astype(np.uint8)


def as_frame(picture: Pixels) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def write_folder(folder: Path, count: int = 2, pattern: str = "{:08d}.png") -> Path:
    folder.mkdir(parents=True)
    for index in range(count):
        Image.fromarray(pixels(index)).save(folder / pattern.format(index))
    return folder


def write_video(path: Path, count: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 12, 8, "bgr0"
        stream.codec_context.time_base = Fraction(1, 25)
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(pixels(index), format="rgb24")
            frame = frame.reformat(format="bgr0")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def assert_frames_are(frames: list[torch.Tensor], indices: list[int]) -> None:
    assert len(frames) == len(indices)
    for frame, index in zip(frames, indices, strict=True):
        assert frame.dtype == torch.float32
        torch.testing.assert_close(frame, as_frame(pixels(index)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("place", ["GT", ".", "vid4", "Vid4", "vid4/GT", "Vid4/GT"])
def test_vid4_is_found_as_folders_wherever_people_put_it(tmp_path: Path, place: str) -> None:
    for name in VID4.clips:
        write_folder(tmp_path / place / name)
    clips = find_known(VID4, tmp_path)
    assert [clip.name for clip in clips] == ["calendar", "city", "foliage", "walk"]
    assert [clip.frame_count for clip in clips] == [2] * 4
    assert_frames_are(list(clips[0]), [0, 1])


@pytest.mark.parametrize("place", [".", "Vid4"])
def test_vid4_is_found_as_lossless_video(tmp_path: Path, place: str) -> None:
    for name in VID4.clips:
        write_video(tmp_path / place / f"{name}.mkv")
    clips = find_known(VID4, tmp_path)
    assert [clip.name for clip in clips] == list(VID4.clips)
    assert_frames_are(list(clips[2]), [0, 1, 2])


def test_low_resolution_folders_beside_the_truth_are_not_taken(tmp_path: Path) -> None:
    for name in VID4.clips:
        write_folder(tmp_path / "Vid4" / "GT" / name, count=2)
        write_folder(tmp_path / "Vid4" / "BIx4" / name, count=1)
    assert [clip.frame_count for clip in find_known(VID4, tmp_path)] == [2] * 4


def test_a_missing_clip_is_named_with_where_to_get_and_put_it(tmp_path: Path) -> None:
    for name in ("calendar", "foliage", "walk"):
        write_folder(tmp_path / "vid4" / name)
    with pytest.raises(DatasetError, match="city not found") as caught:
        find_known(VID4, tmp_path)
    assert "https://" in caught.value.hint
    assert str(tmp_path / "Vid4" / "GT" / "calendar") in caught.value.hint
    assert "--root" in caught.value.hint


def test_an_empty_root_misses_all_four(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="calendar, city, foliage, walk not found"):
        find_clips("vid4", root=tmp_path / "nowhere")


def test_the_root_is_the_option_then_the_variable_then_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSCVSR_DATA", str(tmp_path / "variable"))
    assert dataset_root(tmp_path / "option") == tmp_path / "option"
    assert dataset_root() == tmp_path / "variable"
    monkeypatch.setenv("DSCVSR_DATA", "")
    assert dataset_root().name == "dscvsr"
    monkeypatch.delenv("DSCVSR_DATA")
    assert dataset_root().is_absolute()


def test_vid4_is_looked_for_in_the_variables_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VID4.clips:
        write_folder(tmp_path / name)
    monkeypatch.setenv("DSCVSR_DATA", str(tmp_path))
    assert len(find_clips("VID4")) == 4


def test_frames_of_a_folder_come_in_the_order_people_count(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", count=12, pattern="frame{}.png")
    assert_frames_are(list(open_clip(folder)), list(range(12)))


def test_what_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / "._00000000.png").write_bytes(b"left by a file manager")
    assert_frames_are(list(open_clip(folder)), [0, 1])


def test_a_clip_can_be_read_again_and_cut_short(tmp_path: Path) -> None:
    clip = open_clip(write_folder(tmp_path / "frames", count=3))
    assert_frames_are(list(clip), [0, 1, 2])
    assert_frames_are(list(clip), [0, 1, 2])
    assert clip.first(2).frame_count == 2
    assert clip.first(9).frame_count == 3
    assert_frames_are(list(clip.first(2)), [0, 1])
    with pytest.raises(ValueError, match="at least 1"):
        clip.first(0)


def test_a_video_file_is_one_clip(tmp_path: Path) -> None:
    (clip,) = find_clips(str(write_video(tmp_path / "holiday.mkv")))
    assert clip.name == "holiday"
    assert clip.frame_count is None
    assert_frames_are(list(clip.first(2)), [0, 1])


def test_a_folder_of_clips_gives_each_of_them(tmp_path: Path) -> None:
    write_folder(tmp_path / "all" / "clip10")
    write_folder(tmp_path / "all" / "clip2")
    write_video(tmp_path / "all" / "clip3.mkv")
    (tmp_path / "all" / "empty").mkdir()
    clips = find_clips(str(tmp_path / "all"))
    assert [clip.name for clip in clips] == ["clip2", "clip3", "clip10"]


def test_frames_of_several_sizes_are_refused_by_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames")
    Image.fromarray(pixels(0, 8, 10)).save(folder / "00000002.png")
    with pytest.raises(DatasetError, match=r"00000002\.png is 10x8, but .* 12x8"):
        list(open_clip(folder))


def test_a_path_with_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data set at"):
        find_clips(str(tmp_path / "absent"))
    with pytest.raises(DatasetError, match="holds no pictures"):
        find_clips(str(tmp_path))


def test_a_file_that_is_no_video_is_an_error_of_the_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    path.write_text("not a video", encoding="utf-8")
    with pytest.raises(InputVideoError):
        list(open_clip(path))


def test_low_resolution_frames_beside_the_truth_are_known_by_how_they_were_made(
    tmp_path: Path,
) -> None:
    for name in VID4.clips:
        write_folder(tmp_path / "Vid4" / "GT" / name)
        write_folder(tmp_path / "Vid4" / "BIx4" / name)
    write_folder(tmp_path / "Vid4" / "BDx4" / "city", count=1)
    calendar, city, _, _ = find_known(VID4, tmp_path)
    assert set(calendar.lows) == {("bi", 4)}
    assert set(city.lows) == {("bi", 4), ("bd", 4)}
    assert_frames_are(list(city.lows["bd", 4]()), [0])
    assert_frames_are(list(city.first(1).lows["bi", 4]()), [0])


@pytest.mark.parametrize("layout", ["REDS4/GT", "REDS/train_sharp", "REDS/train/train_sharp"])
def test_reds4_is_four_clips_of_the_training_set(tmp_path: Path, layout: str) -> None:
    for name in ("000", "001", "011", "015", "020"):
        write_folder(tmp_path / layout / name)
    assert [clip.name for clip in find_clips("reds4", root=tmp_path)] == [
        "000",
        "011",
        "015",
        "020",
    ]


def test_vimeo_counts_the_centre_frames_of_the_listed_clips_alone(tmp_path: Path) -> None:
    home = tmp_path / "vimeo_septuplet"
    for name in ("00001/0266", "00001/0268", "00002/0003"):
        write_folder(home / "sequences" / name, count=7, pattern="im{}.png")
    (home / "sep_testlist.txt").write_text("00001/0266\n00002/0003\n\n", encoding="utf-8")
    clips = find_clips("vimeo90k", root=tmp_path)
    assert [clip.name for clip in clips] == ["00001/0266", "00002/0003"]
    assert [[place for place in range(7) if clip.counts(place)] for clip in clips] == [[3], [3]]


@pytest.mark.parametrize("place", ["UDM10/GT/{}", "UDM10/{}/truth", "udm10/{}"])
def test_udm10_is_every_folder_that_is_there(tmp_path: Path, place: str) -> None:
    for name in ("lake", "archpeople"):
        write_folder(tmp_path / place.format(name))
    clips = find_clips("udm10", root=tmp_path)
    assert [clip.name for clip in clips] == ["archpeople", "lake"]
    assert [clip.frame_count for clip in clips] == [2, 2]


@pytest.mark.parametrize("name", ["vid4", "reds4", "vimeo90k", "udm10", "spmcs"])
def test_every_missing_data_set_says_where_to_get_and_put_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="not whole") as caught:
        find_clips(name, root=tmp_path)
    assert "http" in caught.value.hint
    assert str(tmp_path) in caught.value.hint


def test_a_listed_clip_that_is_absent_is_named(tmp_path: Path) -> None:
    home = tmp_path / "vimeo90k"
    write_folder(home / "GT" / "00001/0266", count=7)
    (home / "sep_testlist.txt").write_text("00001/0266\n00002/0003\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="00002/0003 not found"):
        find_clips("vimeo90k", root=tmp_path)
