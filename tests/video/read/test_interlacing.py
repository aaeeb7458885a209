"""Interlaced video: recognised, and made whole with as many pictures as before."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.video.read.interlacing import deinterlace
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import FieldOrder, ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import picture, render_kind
from tests.video.read.test_image_sequence import write_picture

HEIGHT, WIDTH = 48, 64


def woven(index: int) -> npt.NDArray[np.uint8]:
    """Draw frame ``index``: its odd rows at one moment, its even ones at a later one."""
    frame = picture(4 * index + 2, HEIGHT, WIDTH)
    frame[1::2] = picture(4 * index, HEIGHT, WIDTH)[1::2]
    return frame


def render_fields(path: Path, *, count: int = 6, flagged: bool = True) -> Path:
    """Render a clip whose bottom fields come first, which is what PyAV lets libx264 write."""
    with av.open(str(path), "w") as output:
        options = {"crf": "4", "preset": "ultrafast"}
        if flagged:
            options["x264-params"] = "bff=1"
        stream = output.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(count):
            drawn = av.VideoFrame.from_ndarray(woven(index), format="rgb24")
            frame = drawn.reformat(format="yuv420p", interpolation="BICUBIC")
            frame.pts, frame.time_base = index * 3, Fraction(1, 75)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def combing(pixels: torch.Tensor) -> float:
    """How much neighbouring rows differ beyond what rows two apart do."""
    luma = pixels.mean(dim=0)
    near = (luma[1:-1] - (luma[:-2] + luma[2:]) / 2).abs().mean()
    far = (luma[2:-2] - (luma[:-4] + luma[4:]) / 2).abs().mean()
    return float(near - far)


def test_fields_are_recognised_by_their_flags(tmp_path: Path) -> None:
    assert probe(render_fields(tmp_path / "a.mp4")).interlaced
    assert not probe(render_fields(tmp_path / "b.mp4", flagged=False)).interlaced
    assert not probe(render_kind("constant", tmp_path)).interlaced


@pytest.mark.parametrize("order", ["top", "bottom", "progressive"])
def test_the_persons_word_goes_before_the_flags(order: FieldOrder, tmp_path: Path) -> None:
    for flagged in (True, False):
        path = render_fields(tmp_path / f"{flagged}.mp4", flagged=flagged)
        info = probe(path, ReadOptions(field_order=order))
        assert info.interlaced == (order != "progressive")


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("flagged", [True, False])
def test_every_picture_is_made_whole_at_its_own_time(
    count: int, flagged: bool, tmp_path: Path
) -> None:
    path = render_fields(tmp_path / "a.mp4", count=count, flagged=flagged)
    with VideoReader(path) as reader:
        before = list(reader)
    # Without flags the filter would take the top field for the first one.
    options = ReadOptions(deinterlace=True, field_order="auto" if flagged else "bottom")
    with VideoReader(path, options) as reader:
        after = list(reader)
    assert [(frame.pts, frame.duration) for frame in after] == [
        (frame.pts, frame.duration) for frame in before
    ]
    assert len(after) == count
    for one, other in zip(before, after, strict=True):
        assert combing(one.pixels) > 0.015
        assert combing(other.pixels) < 0.005
        # The first field stands as it is.
        difference = (one.pixels - other.pixels)[:, 3:-2:2].abs().mean()
        assert float(difference) < 0.01


def test_the_bottom_field_can_be_the_first_one(tmp_path: Path) -> None:
    path = render_fields(tmp_path / "a.mp4", flagged=False)
    moment = torch.from_numpy(picture(4 * 3, HEIGHT, WIDTH)).permute(2, 0, 1) / 255
    errors = {}
    for order in ("top", "bottom"):
        options = ReadOptions(deinterlace=True, field_order=order)
        with VideoReader(path, options) as reader:
            errors[order] = float((list(reader)[3].pixels - moment).abs().mean())
    assert errors["bottom"] < 0.8 * errors["top"]


def test_pictures_of_a_sequence_are_made_whole_on_request(tmp_path: Path) -> None:
    for index in range(4):
        write_picture(tmp_path / f"{index}.png", woven(index))
    assert not probe(tmp_path).interlaced
    assert probe(tmp_path, ReadOptions(field_order="bottom")).interlaced
    with VideoReader(tmp_path, ReadOptions(deinterlace=True, field_order="bottom")) as reader:
        frames = list(reader)
    assert [frame.pts for frame in frames] == [0, 1, 2, 3]
    for frame in frames:
        assert combing(frame.pixels) < 0.005


def test_a_single_picture_has_no_neighbours_and_stays(tmp_path: Path) -> None:
    path = render_fields(tmp_path / "a.mp4", count=1)
    with VideoReader(path, ReadOptions(deinterlace=True)) as reader:
        assert [frame.pts for frame in reader] == [0]


def test_a_span_is_deinterlaced_like_the_whole(tmp_path: Path) -> None:
    path = render_fields(tmp_path / "a.mp4", count=8)
    with VideoReader(path, ReadOptions(deinterlace=True)) as reader:
        whole = {frame.pts: frame.pixels for frame in reader}
    span = TimeSpan(Fraction(3, 25), Fraction(6, 25))
    with VideoReader(path, ReadOptions(deinterlace=True, span=span)) as reader:
        part = list(reader)
    assert len(part) == 3
    for frame in part:
        assert torch.equal(frame.pixels, whole[frame.pts])


def test_fields_that_begin_later_are_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = tmp_path / "first.h264"
    render_fields(first, count=9, flagged=False)
    second = render_fields(tmp_path / "second.h264", count=6)
    first.write_bytes(first.read_bytes() + second.read_bytes())
    with VideoReader(first) as reader:
        assert not reader.info.interlaced
        assert len(list(reader)) == 15
    assert caplog.text.count("--deinterlace") == 1


def test_a_progressive_video_has_nothing_to_deinterlace() -> None:
    with pytest.raises(UsageError, match="no fields"):
        ReadOptions(deinterlace=True, field_order="progressive")


def test_what_is_too_small_for_the_filter_is_refused() -> None:
    frame = av.VideoFrame(2, 2, "yuv420p")
    frame.pts = 0
    with pytest.raises(InputVideoError, match="cannot be deinterlaced") as caught:
        list(deinterlace([frame]))
    assert "bwdif" in caught.value.hint
