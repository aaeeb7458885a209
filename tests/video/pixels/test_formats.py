"""The pixel format that keeps the most of a source."""

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.pixels.formats import (
    choose_pixel_format,
    parse_plain,
    plain_format,
    required_multiple,
)
from dscvsr_cli.video.write.encoder_options import EncodeOptions, offered_formats
from dscvsr_cli.video.write.encoder_words import encoder_options

X264 = (
    *("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12"),
    *("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray", "gray10le"),
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("yuv420p", "yuv420p"),
        ("yuvj420p", "yuv420p"),
        ("nv12", "yuv420p"),
        ("yuva420p", "yuv420p"),
        ("yuv422p", "yuv422p"),
        ("yuv444p", "yuv444p"),
        ("yuv420p10le", "yuv420p10le"),
        ("p010le", "yuv420p10le"),
        ("yuv420p12le", "yuv420p10le"),
        ("yuv444p12le", "yuv444p10le"),
        ("yuv411p", "yuv422p"),
        ("yuv410p", "yuv420p"),
        ("yuv440p", "yuv444p"),
        ("rgb24", "yuv444p"),
        ("gbrp10le", "yuv444p10le"),
        ("pal8", "yuv444p"),
        ("gray", "gray"),
        ("gray16le", "gray10le"),
    ],
)
def test_the_format_that_keeps_most_is_chosen(source: str, expected: str) -> None:
    assert choose_pixel_format(source, X264) == expected


def test_chroma_is_kept_before_depth() -> None:
    assert choose_pixel_format("yuv444p10le", ["yuv420p10le", "yuv444p"]) == "yuv444p"


def test_rgb_stays_rgb_where_it_can() -> None:
    assert choose_pixel_format("rgb24", ["yuv444p", "gbrp", "gbrap"]) == "gbrp"


def test_an_encoder_of_packed_formats_gets_its_first() -> None:
    assert choose_pixel_format("yuv420p", ["bgr0", "rgb24"]) == "bgr0"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("yuv420p", (2, 2)),
        ("yuv420p10le", (2, 2)),
        ("yuv422p", (1, 2)),
        ("yuv440p", (2, 1)),
        ("yuv444p", (1, 1)),
        ("gray", (1, 1)),
        ("gbrp", (1, 1)),
        ("nv12", (2, 2)),
        ("yuv410p", (4, 4)),
        ("rgb24", (1, 1)),
    ],
)
def test_sides_are_multiples_of_what_shares_a_chroma_sample(
    name: str, expected: tuple[int, int]
) -> None:
    assert required_multiple(name) == expected


@pytest.mark.parametrize("name", ["yuv555p", "nonsense", ""])
def test_an_unknown_format_is_the_persons_mistake(name: str) -> None:
    with pytest.raises(UsageError, match="pixel format"):
        plain_format(name)


@pytest.mark.parametrize("name", ["rgb24", "yuyv422", "pal8", "monob", "nv21", "xyz12le"])
def test_packed_and_foreign_formats_are_not_plain(name: str) -> None:
    assert parse_plain(name) is None


def test_an_unknown_encoder_is_named_with_alternatives() -> None:
    with pytest.raises(UsageError, match="nonsense264") as caught:
        offered_formats("nonsense264")
    assert "libx264" in caught.value.hint


def test_a_sound_encoder_is_refused() -> None:
    with pytest.raises(UsageError, match="audio"):
        offered_formats("aac")


@pytest.mark.parametrize("crf", [-1.0, 64.0, float("nan")])
def test_a_quality_that_no_encoder_takes_is_refused(crf: float) -> None:
    with pytest.raises(UsageError, match=r"quality of libx264 goes from 0 \(best\) to 51"):
        encoder_options(EncodeOptions(encoder="libx264", crf=crf), hdr=None)


def test_negative_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="threads"):
        EncodeOptions(threads=-1)


def test_the_quality_reaches_each_encoder_under_its_own_name() -> None:
    def named(encoder: str) -> dict[str, str]:
        return encoder_options(EncodeOptions(encoder=encoder, crf=21.5), hdr=None)

    assert named("libx264")["crf"] == "21.5"
    assert named("libvpx-vp9")["b"] == "0"
    assert named("h264_nvenc")["cq"] == "21.5"
    assert named("mpeg4")["qmin"] == named("mpeg4")["qmax"] == "22"


def test_a_lossless_encoder_takes_no_quality() -> None:
    assert "crf" not in encoder_options(EncodeOptions(encoder="ffv1"), hdr=None)
    with pytest.raises(UsageError, match="ffv1"):
        encoder_options(EncodeOptions(encoder="ffv1", crf=20), hdr=None)
