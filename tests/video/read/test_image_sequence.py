"""Image sequences: which pictures, in which order, and that they read like a video."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.video.read.image_sequence import (
    is_picture_folder,
    is_sequence,
    natural_order,
    sequence_pictures,
)
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import picture
from tests.helpers import assert_frames_close

FORMATS = {
    ".png": ("png", "rgb24"),
    ".bmp": ("bmp", "bgr24"),
    ".tif": ("tiff", "rgb24"),
    ".jpg": ("mjpeg", "yuvj444p"),
    ".webp": ("libwebp", "bgra"),
}


def write_picture(path: Path, pixels: npt.NDArray[np.uint8], pixel_format: str = "") -> None:
    encoder, usual = FORMATS[path.suffix]
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = pixels.shape[:2]
    context.pix_fmt = pixel_format or usual
    context.time_base = Fraction(1, 25)
    context.options = {"mjpeg": {"qmin": "1", "qmax": "1"}, "libwebp": {"lossless": "1"}}.get(
        encoder, {}
    )
    shape = "rgba" if pixels.shape[2] == 4 else "rgb24"
    frame = av.VideoFrame.from_ndarray(pixels, format=shape).reformat(
        format=context.pix_fmt, dst_colorspace="ITU601", dst_color_range="JPEG"
    )
    packets = [*context.encode(frame), *context.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


def write_pictures(folder: Path, pattern: str, numbers: range) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        write_picture(folder / (pattern % number), picture(number, 24, 32))


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_kind_of_picture_reads_as_a_frame(suffix: str, tmp_path: Path) -> None:
    write_pictures(tmp_path, f"a%03d{suffix}", range(3))
    with VideoReader(tmp_path / f"a%03d{suffix}") as reader:
        frames = list(reader)
    assert [frame.pts for frame in frames] == [0, 1, 2]
    for number, frame in enumerate(frames):
        drawn = torch.from_numpy(picture(number, 24, 32)).permute(2, 0, 1) / 255
        tolerance = "encoded" if suffix == ".jpg" else "float"
        assert_frames_close(frame.pixels, drawn, tolerance=tolerance)


def test_a_sequence_is_a_video_of_constant_rate_without_other_streams(tmp_path: Path) -> None:
    write_pictures(tmp_path / "ünï %5 folder", "%05d.png", range(5))
    info = probe(tmp_path / "ünï %5 folder", ReadOptions(rate=Fraction(24000, 1001)))
    assert (info.kind, info.width, info.height, info.frame_count) == ("sequence", 32, 24, 5)
    assert info.frame_rate == Fraction(24000, 1001)
    assert info.time_base == Fraction(1001, 24000)
    assert info.duration_seconds == pytest.approx(5 * 1001 / 24000)
    assert info.other_streams == ()
    assert not info.has_alpha


def test_without_a_rate_there_are_25_pictures_per_second(tmp_path: Path) -> None:
    write_pictures(tmp_path, "%d.png", range(1))
    assert probe(tmp_path).frame_rate == 25


def test_sixteen_bit_pictures_are_read_in_full(tmp_path: Path) -> None:
    values = np.arange(8 * 9 * 3, dtype=np.uint16).reshape(8, 9, 3) * 300
    context = av.CodecContext.create("png", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 9, 8, "rgb48be"
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(values, format="rgb48le").reformat(format="rgb48be")
    packets = [*context.encode(frame), *context.encode(None)]
    (tmp_path / "1.png").write_bytes(b"".join(bytes(packet) for packet in packets))
    with VideoReader(tmp_path) as reader:
        (read,) = reader
    assert reader.info.bit_depth == 16
    expected = torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1) / 65535
    assert_frames_close(read.pixels, expected, tolerance="float")


def test_grey_pictures_before_coloured_ones_take_no_colour_away(tmp_path: Path) -> None:
    grey = np.full((24, 32, 3), 7, dtype=np.uint8)
    write_picture(tmp_path / "1.png", grey, "gray")
    write_picture(tmp_path / "2.png", picture(0, 24, 32))
    with VideoReader(tmp_path) as reader:
        first, second = reader
    assert reader.info.pixel_format == "gbrp"
    assert_frames_close(first.pixels, torch.full((3, 24, 32), 7 / 255), tolerance="rounded")
    drawn = torch.from_numpy(picture(0, 24, 32)).permute(2, 0, 1) / 255
    assert_frames_close(second.pixels, drawn, tolerance="float")


def test_pictures_of_a_folder_come_in_natural_order(tmp_path: Path) -> None:
    names = ["frame1.png", "frame2.png", "frame10.png", "frame9.png"]
    for name in [*names, "._frame3.png", "notes.txt"]:
        (tmp_path / name).touch()
    for number in range(3, 9):
        (tmp_path / f"frame{number}.png").touch()
    found = [path.name for path in sequence_pictures(tmp_path)]
    assert found == [f"frame{number}.png" for number in range(1, 11)]


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1))
def test_natural_order_is_the_order_of_the_numbers(numbers: list[int]) -> None:
    paths = sorted((Path(f"a{number}b.png") for number in numbers), key=natural_order)
    assert paths == [Path(f"a{number}b.png") for number in sorted(numbers)]


def test_a_pattern_takes_only_what_it_would_write_itself(tmp_path: Path) -> None:
    for name in ("007.png", "008.png", "9.png", "0010.png", "011.jpg", "x012.png", "013.png.bak"):
        (tmp_path / name).touch()
    found = sequence_pictures(tmp_path / "%03d.png")
    assert [path.name for path in found] == ["007.png", "008.png"]


def test_a_start_number_begins_there(tmp_path: Path) -> None:
    for number in (1, 2, 5, 6, 7):
        (tmp_path / f"{number:02d}.png").touch()
    found = sequence_pictures(tmp_path / "%02d.png", start_number=5)
    assert [path.name for path in found] == ["05.png", "06.png", "07.png"]
    assert sequence_pictures(tmp_path, start_number=6)[0].name == "06.png"


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_missing_number_is_named(as_folder: bool, tmp_path: Path) -> None:
    for number in (1, 2, 4):
        (tmp_path / f"{number:02d}.png").touch()
    path = tmp_path if as_folder else tmp_path / "%02d.png"
    with pytest.raises(InputVideoError, match="picture number 3 is missing") as caught:
        sequence_pictures(path)
    assert "--start-number" in caught.value.hint
    with pytest.raises(InputVideoError, match="picture number 0 is missing"):
        sequence_pictures(path, start_number=0)


def test_names_that_are_no_numbering_have_no_gaps(tmp_path: Path) -> None:
    for name in ("spring3.png", "summer7.png", "autumn.png"):
        (tmp_path / name).touch()
    assert len(sequence_pictures(tmp_path)) == 3


def test_pictures_of_unequal_size_are_refused_by_name(tmp_path: Path) -> None:
    write_pictures(tmp_path, "%d.png", range(2))
    write_picture(tmp_path / "2.png", picture(0, 24, 34))
    with VideoReader(tmp_path) as reader, pytest.raises(InputVideoError, match=r"2\.png is 34x24"):
        list(reader)


def test_a_damaged_picture_is_refused_by_name(tmp_path: Path) -> None:
    write_pictures(tmp_path, "%d.png", range(2))
    (tmp_path / "1.png").write_bytes(b"no picture at all" * 9)
    with VideoReader(tmp_path) as reader, pytest.raises(InputVideoError, match=r"1\.png is not"):
        list(reader)


@pytest.mark.parametrize("pattern", ["%05d.png", "absent/%05d.png"])
def test_no_picture_at_all_is_refused_with_advice(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(InputVideoError) as caught:
        probe(tmp_path / pattern)
    assert caught.value.hint


def test_a_folder_is_a_sequence_if_it_holds_pictures_and_no_videos(tmp_path: Path) -> None:
    assert not is_picture_folder(tmp_path)
    assert not is_picture_folder(tmp_path / "absent")
    (tmp_path / "notes.txt").touch()
    assert not is_picture_folder(tmp_path)
    (tmp_path / "1.PNG").touch()
    assert is_picture_folder(tmp_path)
    assert is_sequence(tmp_path)
    (tmp_path / "._hidden.mp4").touch()
    assert is_picture_folder(tmp_path)
    (tmp_path / "film.MKV").touch()
    assert not is_picture_folder(tmp_path)


def test_a_percent_sign_in_the_name_of_a_file_is_no_pattern(tmp_path: Path) -> None:
    path = tmp_path / "100%d.png"
    assert is_sequence(path)
    path.touch()
    assert not is_sequence(path)
    assert not is_sequence(tmp_path / "100%d.mp4")
    assert not is_sequence(tmp_path / "%d and %d.png")


def test_a_span_takes_the_pictures_that_begin_in_it(tmp_path: Path) -> None:
    write_pictures(tmp_path, "%d.png", range(10))
    options = ReadOptions(rate=Fraction(10), span=TimeSpan(Fraction(3, 10), Fraction(6, 10)))
    with VideoReader(tmp_path, options) as reader:
        assert [frame.pts for frame in reader] == [3, 4, 5]


def test_a_rate_for_a_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not an image sequence"):
        VideoReader(tmp_path / "clip.mp4", ReadOptions(rate=Fraction(30)))


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-25), Fraction(10**6)])
def test_an_impossible_rate_is_refused(rate: Fraction) -> None:
    with pytest.raises(UsageError, match="rate"):
        ReadOptions(rate=rate)
