"""How frames are encoded, through the real command: encoders, presets, and shades that survive."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render, render_kind
from tests.commands import run_upscale
from tests.helpers import packet_payloads


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


def run(weights: Path, source: Path, *arguments: str | Path) -> int:
    return run_upscale(source, "-s", "1.5", "-w", weights, *arguments)


@pytest.mark.parametrize(("out", "reaches"), [("out.mkv", (2, 253)), ("out.mp4", (6, 248))])
def test_luma_beyond_black_and_white_goes_through_unclipped(
    weights: Path, tmp_path: Path, out: str, reaches: tuple[int, int]
) -> None:
    source = tmp_path / "source.mkv"
    with av.open(str(source), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(3):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            lines = [2] * 24 + [253] * 24
            luma = frame.planes[0]
            luma.update(b"".join(bytes([code]) * luma.line_size for code in lines))
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    codec = "libx264" if out == "out.mp4" else "ffv1"
    assert run(weights, source, "-o", tmp_path / out, "--encoder", codec) == 0
    with av.open(str(tmp_path / out)) as container:
        for frame in container.decode(video=0):
            luma_codes = frame.to_ndarray()[: frame.height]
            assert luma_codes.min() <= reaches[0]
            assert luma_codes.max() >= reaches[1]


def test_the_name_of_a_codec_means_its_encoder_with_the_same_quality(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("single frame", tmp_path)
    for codec, encoder in (("h264", "libx264"), ("hevc", "libx265")):
        by_codec, by_encoder = tmp_path / f"{codec}.mkv", tmp_path / f"{encoder}.mkv"
        assert run(weights, source, "-o", by_codec, "--encoder", codec) == 0
        assert run(weights, source, "-o", by_encoder, "--encoder", encoder) == 0
        assert packet_payloads(by_codec, "video") == packet_payloads(by_encoder, "video")
    assert run(weights, source, "-o", tmp_path / "low.mkv", "--encoder", "hevc", "--crf", "40") == 0
    assert run(weights, source, "-o", tmp_path / "all.mkv", "--encoder", "hevc", "--lossless") == 0
    assert "x265 [info]" not in capfd.readouterr().err


def test_the_preset_for_archives_keeps_every_frame_and_names_the_container(
    weights: Path, tmp_path: Path
) -> None:
    source = render_kind("ten bit", tmp_path)
    assert run(weights, source, "--preset", "archive") == 0
    made = probe(tmp_path / "ten_bit_x1.5.mkv")
    assert (made.codec, made.bit_depth) == ("ffv1", 10)


def test_the_preset_for_the_web_gives_what_browsers_play(weights: Path, tmp_path: Path) -> None:
    clip = Clip(
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(range(0, 320, 40)),
        pixel_format="yuv422p10le",
        sound_seconds=0.32,
        sound_encoder="ac3",
    )
    source = render(clip, tmp_path)
    assert run(weights, source, "--preset", "web", "-o", f"{tmp_path / 'out'}/") == 0
    made = probe(tmp_path / "out" / "clip.mp4")
    assert (made.codec, made.pixel_format) == ("h264", "yuv420p")
    assert [stream.codec for stream in made.other_streams] == ["aac"]


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.ts"])
@pytest.mark.parametrize("pixel_format", ["gray", "gray10le"])
def test_grey_keeps_its_shades(
    name: str, pixel_format: str, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(encoder="ffv1", suffix=".mkv", time_base=Fraction(1, 1000), options=())
    source = render(replace(clip, pixel_format=pixel_format, pts=(0, 40, 80)), tmp_path)
    assert run(weights, source, "-o", tmp_path / name) == 0
    assert main(["verify", str(source), str(tmp_path / name)]) == 0
    assert not re.search(r"(?<!0 )\bchanged", capfd.readouterr().out)
