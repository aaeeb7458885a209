"""Which colours the numbers of a video mean, tagged or not."""

import pytest
import torch

from dscvsr_cli.video.pixels.colour import (
    Matrix,
    codec_siting,
    matrix_for_size,
    resolve_colour,
    rgb_to_yuv_matrix,
)
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.pixels.output_colour import ColourLimits, colour_limits, output_colour
from tests.helpers import assert_frames_close
from tests.video.outputs import container_named

YUV = plain_format("yuv420p")


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (576, 720, "bt601"),
        (719, 1279, "bt601"),
        (720, 960, "bt709"),
        (544, 1280, "bt709"),
        (2160, 3840, "bt709"),
    ],
)
def test_an_untagged_picture_is_judged_by_its_size(height: int, width: int, expected: str) -> None:
    assert matrix_for_size(height, width) == expected
    colour = resolve_colour(pixel_format=YUV, height=height, width=width)
    assert colour.matrix == expected
    assert not colour.full_range


def test_a_tag_outweighs_the_size() -> None:
    colour = resolve_colour(pixel_format=YUV, height=1080, width=1920, matrix_tag=5, range_tag=2)
    assert (colour.matrix, colour.full_range) == ("bt601", True)


def test_bt2020_primaries_alone_mean_the_bt2020_matrix() -> None:
    colour = resolve_colour(pixel_format=YUV, height=480, width=640, primaries_tag=9)
    assert colour.matrix == "bt2020"


@pytest.mark.parametrize("name", ["yuvj420p", "gray", "gbrp"])
def test_untagged_jpeg_formats_grey_and_rgb_are_full_range(name: str) -> None:
    assert resolve_colour(pixel_format=plain_format(name), height=64, width=64).full_range


@pytest.mark.parametrize(("transfer", "expected"), [(16, True), (18, True), (1, False), (2, False)])
def test_pq_and_hlg_are_hdr(transfer: int, expected: bool) -> None:
    colour = resolve_colour(pixel_format=YUV, height=64, width=64, transfer_tag=transfer)
    assert colour.is_hdr is expected


def test_an_untagged_video_that_stays_small_stays_untagged() -> None:
    source = resolve_colour(pixel_format=YUV, height=240, width=320)
    output = output_colour(source, pixel_format=YUV, height=480, width=640)
    assert (output.matrix, output.matrix_tag, output.range_tag) == ("bt601", 2, 0)


def test_an_untagged_video_that_grows_past_the_limit_is_tagged() -> None:
    source = resolve_colour(pixel_format=YUV, height=480, width=640)
    output = output_colour(source, pixel_format=YUV, height=1440, width=1920)
    assert (output.matrix, output.matrix_tag) == ("bt601", 6)


def test_tags_are_written_again_as_they_were() -> None:
    source = resolve_colour(
        pixel_format=YUV,
        height=240,
        width=320,
        matrix_tag=9,
        range_tag=1,
        primaries_tag=9,
        transfer_tag=16,
    )
    output = output_colour(source, pixel_format=YUV, height=1080, width=1440)
    tags = (output.matrix_tag, output.range_tag, output.primaries_tag, output.transfer_tag)
    assert tags == (9, 1, 9, 16)
    assert output.matrix == "bt2020"


def test_rgb_that_becomes_yuv_is_tagged_with_the_matrix_it_went_through() -> None:
    source = resolve_colour(pixel_format=plain_format("gbrp"), height=240, width=320)
    output = output_colour(source, pixel_format=plain_format("yuv444p"), height=1080, width=1920)
    assert (output.matrix, output.matrix_tag, output.range_tag) == ("bt709", 1, 1)


def test_full_range_of_a_yuvj_video_is_written_as_a_tag() -> None:
    source = resolve_colour(pixel_format=plain_format("yuvj420p"), height=240, width=320)
    output = output_colour(source, pixel_format=YUV, height=480, width=640)
    assert output.full_range
    assert output.range_tag == 2


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020", "smpte240m", "fcc", "ycgco"])
def test_white_has_no_chroma_and_full_luma_under_every_matrix(matrix: Matrix) -> None:
    white = rgb_to_yuv_matrix(matrix) @ torch.ones(3, dtype=torch.float64)
    expected = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    assert_frames_close(white, expected, tolerance="float")


def test_rgb_has_no_matrix() -> None:
    with pytest.raises(ValueError, match="RGB"):
        rgb_to_yuv_matrix("rgb")


@pytest.mark.parametrize(
    ("codec", "container", "matrix", "full_range", "tags"),
    [
        ("h264", "avi", "bt601", True, (6, 2)),
        ("mpeg4", "mp4", "bt601", True, (6, 2)),
        ("mpeg4", "avi", "bt709", False, (2, 0)),
        ("ffv1", "nut", "bt709", False, (2, 0)),
        ("mpeg2video", "matroska", "bt601", False, (6, 1)),
        ("prores", "mov", "bt601", False, (6, 1)),
        ("dnxhd", "mov", "bt709", True, (1, 2)),
        ("mjpeg", "matroska", "bt601", True, (6, 2)),
        ("mjpeg", "avi", "bt601", True, (2, 2)),
        ("wrapped_avframe", "yuv4mpegpipe", "bt709", True, (2, 2)),
    ],
)
def test_what_cannot_be_tagged_is_written_as_players_take_it(
    codec: str, container: str, matrix: str, full_range: bool, tags: tuple[int, int]
) -> None:
    source = resolve_colour(pixel_format=YUV, height=480, width=640, matrix_tag=6, range_tag=2)
    output = output_colour(
        source,
        pixel_format=YUV,
        height=1080,
        width=1440,
        limits=colour_limits(codec, container_named(container).colour_tags),
    )
    assert (output.matrix, output.full_range) == (matrix, full_range)
    assert (output.matrix_tag, output.range_tag) == tags


def test_primaries_go_where_they_can_be_told() -> None:
    source = resolve_colour(pixel_format=YUV, height=64, width=64, primaries_tag=9, transfer_tag=16)

    def tags(limits: ColourLimits) -> tuple[int, int]:
        output = output_colour(source, pixel_format=YUV, height=96, width=96, limits=limits)
        return output.primaries_tag, output.transfer_tag

    assert tags(ColourLimits()) == (9, 16)
    assert tags(ColourLimits(tags_matrix=False)) == (2, 2)


def test_chroma_goes_where_players_of_the_codec_look_for_it() -> None:
    source = resolve_colour(pixel_format=YUV, height=64, width=64, siting="centre")
    for codec, siting in (("h264", "left"), ("mjpeg", "centre"), ("mpeg1video", "centre")):
        assert codec_siting(codec) == siting
        limits = colour_limits(
            codec, container_named("matroska").colour_tags, source_siting="centre"
        )
        output = output_colour(source, pixel_format=YUV, height=96, width=96, limits=limits)
        assert output.siting == siting
    assert (
        colour_limits(
            "wrapped_avframe", container_named("yuv4mpegpipe").colour_tags, source_siting="centre"
        ).siting
        == "centre"
    )
