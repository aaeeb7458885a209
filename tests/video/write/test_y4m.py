"""YUV4MPEG2 streams that libav reads back unchanged."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.picture_spec import settle_picture
from dscvsr_cli.video.write.target_file import resolve_destination
from dscvsr_cli.video.write.y4m import Y4M_FORMATS
from dscvsr_cli.video.write.y4m_writer import Y4mWriter
from tests.clips import render_kind
from tests.helpers import assert_frames_close

RATE = Fraction(24000, 1001)


def steady_source(folder: Path) -> VideoInfo:
    return probe(render_kind("constant", folder))


def open_y4m(
    target: Path,
    *,
    source: VideoInfo,
    height: int,
    width: int,
    options: EncodeOptions,
    overwrite: bool = False,
) -> Y4mWriter:
    picture = settle_picture(
        source,
        container_of(target),
        height=height,
        width=width,
        options=options,
        timing=OutputTiming.constant(source, RATE),
    )
    return Y4mWriter(resolve_destination(target), picture, overwrite=overwrite)


def noise(height: int = 45, width: int = 61) -> torch.Tensor:
    # One grey value per picture row and column: every chroma format can hold it.
    ramp = torch.rand(1, height, width, generator=torch.Generator().manual_seed(3))
    return ramp.expand(3, -1, -1)


def write(
    target: Path, source: VideoInfo, pixel_format: str, *, overwrite: bool = False
) -> torch.Tensor:
    options = EncodeOptions(encoder="wrapped_avframe", pixel_format=pixel_format)
    pixels = noise(44, 64)
    with open_y4m(
        target, source=source, height=44, width=64, options=options, overwrite=overwrite
    ) as writer:
        for index in range(3):
            writer.write(Frame(pixels=pixels.roll(index, -1), pts=index))
    assert writer.frames_written == 3
    return pixels


@pytest.mark.parametrize("pixel_format", Y4M_FORMATS)
def test_libav_reads_every_format_back_as_it_was(pixel_format: str, tmp_path: Path) -> None:
    target = tmp_path / "out.y4m"
    pixels = write(target, steady_source(tmp_path), pixel_format)
    with av.open(str(target)) as container:
        assert container.streams.video[0].average_rate == RATE
        frames = list(container.decode(video=0))
    assert [frame.pts for frame in frames] == [0, 1, 2]
    assert {frame.format.name for frame in frames} == {pixel_format}
    with VideoReader(target) as reader:
        for index, frame in enumerate(reader):
            bits = max(8, frames[0].format.components[0].bits)
            assert_frames_close(
                frame.pixels, pixels.roll(index, -1), tolerance=1.2 / 2**bits * 256 / 219
            )


@pytest.mark.parametrize(
    ("kind", "aspect", "header"),
    [
        ("constant", None, b"A0:0 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED"),
        ("constant", Fraction(64, 45), b"A64:45 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED"),
        ("full range", None, b"A0:0 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL"),
        ("ten bit", None, b"A0:0 C420p10 XYSCSS=420P10 XCOLORRANGE=LIMITED"),
    ],
)
def test_the_header_says_rate_shape_chroma_and_range(
    kind: str, aspect: Fraction | None, header: bytes, tmp_path: Path
) -> None:
    source = probe(render_kind(kind, tmp_path))
    source = replace(source, sample_aspect_ratio=aspect)
    target = tmp_path / "out.y4m"
    options = EncodeOptions(encoder="wrapped_avframe")
    with open_y4m(target, source=source, height=48, width=64, options=options) as writer:
        writer.write(Frame(pixels=torch.zeros(3, 48, 64), pts=0))
    line = target.read_bytes().split(b"\n")[0]
    assert line == b"YUV4MPEG2 W64 H48 F24000:1001 Ip " + header


def test_nothing_is_left_of_an_unfinished_file(tmp_path: Path) -> None:
    source = steady_source(tmp_path)
    before = sorted(tmp_path.iterdir())
    options = EncodeOptions(encoder="wrapped_avframe")
    target = tmp_path / "out.y4m"

    def write_and_fail() -> None:
        with open_y4m(target, source=source, height=48, width=64, options=options) as writer:
            writer.write(Frame(pixels=torch.zeros(3, 48, 64), pts=0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert sorted(tmp_path.iterdir()) == before


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    source, target = steady_source(tmp_path), tmp_path / "out.y4m"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="already exists"):
        write(target, source, "yuv420p")
    assert target.read_bytes() == b"precious"
    write(target, source, "yuv420p", overwrite=True)
    assert target.read_bytes().startswith(b"YUV4MPEG2 ")
