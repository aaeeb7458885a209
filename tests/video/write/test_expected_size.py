"""What the frames of an output take, as far as that is known before they are encoded."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.cli.app import main
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.expected_size import expected_size
from tests.clips import Clip, render
from tests.networks import save_smallest

HD = Size(1080, 1920)
PIXELS = HD.height * HD.width


def bytes_per_pixel(
    encoder: str, pixel_format: str = "yuv420p", *, lossless: bool = False
) -> float:
    options = EncodeOptions(encoder=encoder, pixel_format=pixel_format, lossless=lossless)
    return expected_size(10, HD, options).size_bytes / 10 / PIXELS


@pytest.mark.parametrize(
    ("encoder", "pixel_format", "expected"),
    [
        ("rawvideo", "yuv420p", 1.5),
        ("rawvideo", "yuv422p10le", 4),
        ("rawvideo", "bgr24", 3),
        ("wrapped_avframe", "yuv420p", 1.5),
        ("wrapped_avframe", "gray", 1),
        ("bmp", "bgr24", 3),
    ],
)
def test_what_packs_nothing_is_known_exactly(
    encoder: str, pixel_format: str, expected: float
) -> None:
    assert bytes_per_pixel(encoder, pixel_format) == expected
    options = EncodeOptions(encoder=encoder, pixel_format=pixel_format)
    assert expected_size(10, HD, options).least_share > 0.5


@pytest.mark.parametrize(
    ("encoder", "pixel_format"),
    [
        ("ffv1", "yuv420p"),
        ("huffyuv", "yuv422p"),
        ("utvideo", "yuv420p"),
        ("png", "rgb24"),
        ("tiff", "rgb24"),
        ("qtrle", "rgb24"),
        ("gif", "pal8"),
    ],
)
def test_exact_frames_take_far_more_than_lossy_ones_and_less_than_raw_ones(
    encoder: str, pixel_format: str
) -> None:
    raw = bytes_per_pixel("rawvideo", pixel_format)
    assert 5 * bytes_per_pixel("libx264") < bytes_per_pixel(encoder, pixel_format) < raw
    options = EncodeOptions(encoder=encoder, pixel_format=pixel_format)
    # A drawing may pack so well that the estimate proves nothing.
    assert expected_size(10, HD, options).least_share < 0.05


def test_more_bits_take_more_where_frames_are_exact() -> None:
    eight, ten = (bytes_per_pixel("ffv1", name) for name in ("yuv420p", "yuv420p10le"))
    assert ten == pytest.approx(eight * 10 / 8)
    assert bytes_per_pixel("libx264", lossless=True) > 5 * bytes_per_pixel("libx264")
    assert bytes_per_pixel("libx264", lossless=True) < 1.5


@given(crf=st.integers(0, 62), frames=st.integers(1, 10**6))
def test_better_quality_and_more_frames_take_more(crf: int, frames: int) -> None:
    better = expected_size(frames, HD, EncodeOptions(crf=crf)).size_bytes
    assert better > expected_size(frames, HD, EncodeOptions(crf=crf + 1)).size_bytes > 0
    assert expected_size(frames + 1, HD, EncodeOptions(crf=crf)).size_bytes > better


@pytest.mark.parametrize("name", ["out.y4m", "out.mov", "%d.bmp"])
def test_the_size_of_raw_frames_is_the_one_that_a_run_writes(name: str, tmp_path: Path) -> None:
    source = render(Clip(pts=(0, 512, 1024)), tmp_path)
    weights = save_smallest(tmp_path / "smallest.safetensors")
    out = tmp_path / "out"
    out.mkdir()
    fixed = ["-s", "2", "-w", str(weights), "--device", "cpu", "-o", str(out / name)]
    raw = ["--encoder", "rawvideo", "--pix-fmt", "yuv422p"] if name.endswith("mov") else []

    assert main(["upscale", str(source), *fixed, *raw]) == 0

    written = sum(path.stat().st_size for path in out.iterdir() if path.name[0] != ".")
    with av.open(str(next(out.glob("[!.]*")))) as made:
        stream = made.streams.video[0]
        options = EncodeOptions(
            encoder={"y4m": "wrapped_avframe", "mov": "rawvideo", "bmp": "bmp"}[name[-3:]],
            pixel_format=stream.codec_context.pix_fmt,
        )
        size = Size(stream.height, stream.width)
    expected = expected_size(3, size, options).size_bytes
    # Headers, which a real video does not notice.
    assert expected < written < expected + 3000
    assert Fraction(written, expected) < Fraction(11, 10)


@pytest.mark.parametrize(("encoder", "usual", "coarse"), [("libx264", 18, 30), ("mpeg4", 2, 8)])
def test_a_quality_counts_on_the_scale_of_its_encoder(
    encoder: str, usual: float, coarse: float
) -> None:
    default, same, less = (
        expected_size(10, HD, EncodeOptions(encoder=encoder, crf=crf)).size_bytes
        for crf in (None, usual, coarse)
    )
    assert same == default
    assert 0.2 * default < less < 0.5 * default
