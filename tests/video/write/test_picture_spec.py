"""What is decided about an output's frames, and that the probe stays as it is."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.containers import container_of, picture_container
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.picture_spec import settle_picture
from tests.clips import render_kind

MP4 = container_of(Path("out.mp4"))


@pytest.fixture
def info(tmp_path: Path) -> VideoInfo:
    return probe(render_kind("single frame", tmp_path))


def test_the_source_is_kept_as_probed_whatever_the_output_is(info: VideoInfo) -> None:
    wide = replace(info, sample_aspect_ratio=Fraction(64, 45))
    spec = settle_picture(
        wide,
        MP4,
        height=96,
        width=128,
        options=EncodeOptions(),
        timing=OutputTiming.constant(wide, Fraction(30)),
        sample_aspect_ratio=Fraction(1),
    )
    assert spec.source is wide
    assert spec.sample_aspect_ratio == 1
    assert (spec.timing.time_base, spec.rate) == (Fraction(1, 30), Fraction(30))


def test_without_further_words_times_and_shape_stay(info: VideoInfo) -> None:
    spec = settle_picture(info, MP4, height=96, width=128, options=EncodeOptions())
    assert spec.timing == OutputTiming.like(info)
    assert spec.sample_aspect_ratio == info.sample_aspect_ratio
    assert [spec.timing.ticks(pts) for pts in (-3, 0, 7)] == [-3, 0, 7]


def test_a_container_with_a_coarse_clock_rounds_times_and_keeps_the_rate(info: VideoInfo) -> None:
    timing = OutputTiming.rounded(info, Fraction(100))
    assert timing.rate == info.frame_rate
    assert timing.ticks(round(Fraction(1, 25) / info.time_base)) == 4


def test_an_unknown_rate_is_taken_for_the_usual_one(info: VideoInfo) -> None:
    bare = replace(info, frame_rate=None)
    spec = settle_picture(bare, MP4, height=96, width=128, options=EncodeOptions())
    assert spec.timing.rate is None
    assert spec.rate == 25


def test_sides_that_chroma_cannot_share_are_refused(info: VideoInfo) -> None:
    with pytest.raises(UsageError, match="multiples of 2x2, got 128x95"):
        settle_picture(info, MP4, height=95, width=128, options=EncodeOptions())


def test_jpeg_is_bt601_in_full_range_with_centred_chroma_at_any_size(info: VideoInfo) -> None:
    options = EncodeOptions(encoder="mjpeg")
    spec = settle_picture(info, picture_container(".jpg"), height=900, width=1600, options=options)
    assert spec.colour.matrix == "bt601"
    assert spec.colour.full_range
    assert spec.colour.siting == "centre"
