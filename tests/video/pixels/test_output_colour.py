"""Pictures come back in the same colours from every kind of file, tagged or not."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.picture_losses import lost_colours
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import Clip, render, render_kind
from tests.helpers import assert_frames_close
from tests.video.outputs import container_named, open_writer

HEIGHT, WIDTH = 256, 1280
"""So wide that untagged pictures are taken for BT.709."""


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("out.avi", EncodeOptions(encoder="mpeg4", crf=1)),
        ("out.avi", EncodeOptions(encoder="ffv1")),
        ("out.nut", EncodeOptions(encoder="ffv1")),
        ("out.avi", EncodeOptions(encoder="mjpeg", crf=1)),
        ("out.mkv", EncodeOptions(encoder="mjpeg", crf=1)),
        ("out.mkv", EncodeOptions(encoder="mpeg2video", crf=1)),
        ("out.mov", EncodeOptions(encoder="dnxhd")),
        ("out.mov", EncodeOptions(encoder="prores_ks")),
        ("out.mkv", EncodeOptions(encoder="libx264", crf=1)),
    ],
)
@pytest.mark.parametrize("kind", ["bt601", "full range"])
def test_colours_come_back_the_same(
    kind: str, name: str, options: EncodeOptions, tmp_path: Path
) -> None:
    source = replace(probe(render_kind(kind, tmp_path)), time_base=Fraction(1, 25))
    colour = torch.tensor([0.8, 0.25, 0.35]).view(3, 1, 1).expand(3, HEIGHT, WIDTH)
    target = tmp_path / name
    with open_writer(target, source=source, height=HEIGHT, width=WIDTH, options=options) as writer:
        writer.write(Frame(pixels=colour, pts=0))
    with VideoReader(target) as reader:
        (frame,) = reader
    # Rounding to 8 bits and a mild quantiser; the wrong matrix is off by ten times as much.
    assert_frames_close(frame.pixels, colour, tolerance=4 / 255)


def test_prores_is_tagged_like_its_source(tmp_path: Path) -> None:
    source = probe(render(Clip(pts=(0,), colour_tags=(9, 1, 9, 16)), tmp_path))
    target = tmp_path / "out.mov"
    options = EncodeOptions(encoder="prores_ks")
    with open_writer(target, source=source, height=48, width=64, options=options) as writer:
        writer.write(Frame(pixels=torch.full((3, 48, 64), 0.5), pts=0))
    colour = probe(target).colour
    tags = (colour.matrix_tag, colour.range_tag, colour.primaries_tag, colour.transfer_tag)
    assert tags == (9, 1, 9, 16)


@pytest.fixture
def info(tmp_path: Path) -> VideoInfo:
    return probe(render_kind("bt709", tmp_path))


@pytest.mark.parametrize(
    ("container", "encoder", "lost"),
    [
        ("avi", "mpeg4", True),
        ("nut", "ffv1", True),
        ("yuv4mpegpipe", "wrapped_avframe", True),
        ("gif", "gif", False),
        ("avi", "libx264", False),
        ("mpegts", "libx265", False),
        ("matroska", "ffv1", False),
        ("mp4", "mpeg4", False),
    ],
)
def test_lost_primaries_are_reported_only_where_they_are_lost(
    container: str, encoder: str, lost: bool, info: VideoInfo
) -> None:
    assert (lost_colours(info, container_named(container), encoder) is not None) == lost


def test_only_colours_that_would_look_wrong_are_worth_a_refusal(info: VideoInfo) -> None:
    loss = lost_colours(info, container_named("avi"), "mpeg4")
    assert loss is not None
    assert not loss.refused
    assert "primaries 1 and transfer 1" in str(loss)
    for primaries, transfer in ((1, 16), (1, 18), (9, 1)):
        colour = replace(info.colour, primaries_tag=primaries, transfer_tag=transfer)
        strange = replace(info, colour=colour)
        loss = lost_colours(strange, container_named("avi"), "mpeg4")
        assert loss is not None
        assert loss.refused
        assert "-o out.mkv" in loss.fixes
    bare = replace(info, colour=replace(info.colour, primaries_tag=2, transfer_tag=2))
    assert lost_colours(bare, container_named("avi"), "mpeg4") is None
