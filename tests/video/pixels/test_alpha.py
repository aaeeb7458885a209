"""Alpha: read, passed on, and written wherever the output can hold it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.pixels.colour import ColourInfo, resolve_colour
from dscvsr_cli.video.pixels.convert import frame_to_alpha, frame_to_pixels, pixels_to_frame
from dscvsr_cli.video.pixels.formats import (
    choose_pixel_format,
    has_alpha,
    holds_alpha,
    plain_format,
)
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions, output_pixel_format
from tests.clips import picture, render_kind
from tests.helpers import assert_frames_close, stream_packets
from tests.video.outputs import open_writer
from tests.video.read.test_image_sequence import write_picture

HEIGHT, WIDTH = 48, 64

KINDS = {
    "vp9": (".webm", "libvpx-vp9", "yuva420p"),
    "vp8": (".webm", "libvpx", "yuva420p"),
    "ffv1": (".mkv", "ffv1", "yuva444p10le"),
    "ffv1 rgb": (".mkv", "ffv1", "bgra"),
    "prores": (".mov", "prores_ks", "yuva444p10le"),
    "png": (".mov", "png", "rgba"),
    "qtrle": (".mov", "qtrle", "argb"),
}


def alpha(index: int) -> npt.NDArray[np.uint8]:
    """Draw a slope that moves, from clear to opaque -> ``(H, W)``."""
    columns = np.arange(WIDTH)[None, :] + np.zeros((HEIGHT, 1), dtype=np.int64)
    drawn: npt.NDArray[np.uint8] = np.clip((columns + 2 * index - 8) * 5, 0, 255).astype(np.uint8)
    return drawn


def render_clear(path: Path, encoder: str, pixel_format: str, *, count: int = 4) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        if encoder.startswith("libvpx"):
            rate = {"b": "0"} if encoder == "libvpx-vp9" else {"b": "2M", "auto-alt-ref": "0"}
            stream.codec_context.options = {"crf": "10", "cpu-used": "8"} | rate
        for index in range(count):
            colours = picture(index, HEIGHT, WIDTH)
            drawn = np.concatenate([colours, alpha(index)[:, :, None]], axis=2)
            frame = av.VideoFrame.from_ndarray(drawn, format="rgba").reformat(format=pixel_format)
            frame.pts, frame.time_base = index * 40, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def expected_alpha(index: int) -> Tensor:
    return torch.from_numpy(alpha(index))[None] / 255


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_read(kind: str, tmp_path: Path) -> None:
    suffix, encoder, pixel_format = KINDS[kind]
    path = render_clear(tmp_path / f"a{suffix}", encoder, pixel_format)
    with VideoReader(path) as reader:
        frames = list(reader)
    assert reader.info.has_alpha
    assert len(frames) == 4
    for index, frame in enumerate(frames):
        assert frame.alpha is not None
        tolerance = "encoded" if encoder.startswith("libvpx") else "rounded"
        assert_frames_close(frame.alpha, expected_alpha(index), tolerance=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_comes_through_reader_and_writer(kind: str, tmp_path: Path) -> None:
    suffix, encoder, pixel_format = KINDS[kind]
    source = render_clear(tmp_path / f"a{suffix}", encoder, pixel_format)
    target = tmp_path / f"b{suffix}"
    options = EncodeOptions(encoder=encoder)
    with (
        VideoReader(source) as reader,
        open_writer(
            target, source=reader.info, height=HEIGHT, width=WIDTH, options=options
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    with VideoReader(source) as reader, VideoReader(target) as again:
        assert again.info.has_alpha
        for before, after in zip(reader, again, strict=True):
            assert before.alpha is not None
            assert after.alpha is not None
            assert before.pts * reader.info.time_base == after.pts * again.info.time_base
            assert_frames_close(after.alpha, before.alpha, tolerance="encoded")


def test_a_video_without_alpha_has_none(tmp_path: Path) -> None:
    with VideoReader(render_kind("constant", tmp_path)) as reader:
        assert not reader.info.has_alpha
        assert {frame.alpha for frame in reader} == {None}


def test_an_output_without_alpha_does_not_claim_any(tmp_path: Path) -> None:
    source = render_clear(tmp_path / "a.webm", "libvpx-vp9", "yuva420p")
    target = tmp_path / "b.mkv"
    with (
        VideoReader(source) as reader,
        open_writer(target, source=reader.info, height=HEIGHT, width=WIDTH) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    with av.open(str(target)) as container:
        assert "alpha_mode" not in {key.lower() for key in container.streams.video[0].metadata}
    assert len(stream_packets(target, 0)) == 4


@pytest.mark.parametrize(
    "pixel_format",
    ["rgba", "bgra", "argb", "rgba64le", "gbrap", "gbrap12le", "yuva420p", "yuva444p16le", "ya8"],
)
def test_colour_and_alpha_come_back_from_every_format(pixel_format: str) -> None:
    pixels = torch.rand(3, 18, 22, generator=torch.Generator().manual_seed(0))
    if pixel_format == "ya8":
        pixels = pixels[:1].expand(3, -1, -1)
    alpha = torch.rand(1, 18, 22, generator=torch.Generator().manual_seed(1))
    with_colour = probe_colour(pixel_format)
    frame = pixels_to_frame(pixels, pixel_format=pixel_format, colour=with_colour, alpha=alpha)
    assert has_alpha(frame)
    read = frame_to_alpha(frame)
    assert read is not None
    assert_frames_close(read, alpha, tolerance="rounded")
    if "yuv" not in pixel_format:
        back = frame_to_pixels(frame, with_colour)
        assert_frames_close(back, pixels, tolerance="yuv")


def probe_colour(pixel_format: str) -> ColourInfo:
    return resolve_colour(pixel_format=plain_format(pixel_format), height=18, width=22)


def test_without_alpha_of_its_own_a_frame_is_opaque() -> None:
    pixels = torch.zeros(3, 4, 6)
    colour = probe_colour("gbrap")
    alpha = frame_to_alpha(pixels_to_frame(pixels, pixel_format="gbrap", colour=colour))
    assert alpha is not None
    assert_frames_close(alpha, torch.ones(1, 4, 6), tolerance="exact")


@pytest.mark.parametrize("clear", [True, False])
def test_a_palette_has_alpha_only_where_a_colour_uses_it(clear: bool, tmp_path: Path) -> None:
    context = av.CodecContext.create("png", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 8, 4, "pal8"
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame(8, 4, "pal8")
    frame.planes[0].update(bytes([0, 1] * (frame.planes[0].buffer_size // 2)))
    first, second = (0xFF, 0xFF, 0xFF, 0 if clear else 255), (0, 0, 0, 255)
    frame.planes[1].update(bytes([*first, *second] + [0, 0, 0, 255] * 254))
    packets = [*context.encode(frame), *context.encode(None)]
    (tmp_path / "1.png").write_bytes(b"".join(bytes(packet) for packet in packets))
    with VideoReader(tmp_path) as reader:
        (read,) = reader
    assert reader.info.has_alpha == clear
    if clear:
        assert read.alpha is not None
        expected = torch.tensor([0.0, 1.0]).repeat(4)[None, None].expand(1, 4, 8)
        assert_frames_close(read.alpha, expected, tolerance="exact")
    else:
        assert read.alpha is None


@pytest.mark.parametrize(
    ("encoder", "source", "alpha", "expected"),
    [
        ("prores_ks", "yuva444p12le", True, "yuva444p10le"),
        ("prores_ks", "yuv422p10le", False, "yuv422p10le"),
        ("libvpx-vp9", "yuva420p", True, "yuva420p"),
        ("libvpx-vp9", "yuv420p", False, "yuv420p"),
        ("ffv1", "bgra", True, "bgra"),
        ("ffv1", "rgb24", False, "bgr0"),
        ("png", "rgba", True, "rgba"),
        ("png", "rgb24", False, "rgb24"),
        ("png", "gbrap16le", True, "rgba64be"),
        ("libx264", "yuva420p", True, "yuv420p"),
        ("libx265", "yuva420p", True, "yuv420p"),
        ("png", "pal8", True, "rgba"),
    ],
)
def test_the_stored_format_has_alpha_where_there_is_some_and_it_can(
    encoder: str, source: str, alpha: bool, expected: str, tmp_path: Path
) -> None:
    info = probe(render_kind("single frame", tmp_path))
    info = replace(info, pixel_format=source, has_alpha=alpha)
    assert output_pixel_format(info, EncodeOptions(encoder=encoder)) == expected


def test_alpha_weighs_more_than_chroma_and_depth() -> None:
    offered = ["yuv444p10le", "yuva420p"]
    assert choose_pixel_format("yuva444p10le", offered) == "yuva420p"
    assert choose_pixel_format("yuv444p10le", offered) == "yuv444p10le"
    assert holds_alpha("yuva420p")
    assert holds_alpha("pal8")
    assert not holds_alpha("yuv420p")


def test_a_frame_says_whether_it_has_alpha() -> None:
    frame = Frame(pixels=torch.zeros(3, 2, 2), pts=0, alpha=torch.zeros(1, 2, 2))
    assert "alpha" in repr(frame)
    assert "alpha" not in repr(Frame(pixels=torch.zeros(3, 2, 2), pts=0))


def render_gif(path: Path, opacities: list[int]) -> Path:
    """Render a GIF whose left half is clear in those pictures whose number here is 0."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("gif", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 8, "pal8"
        stream.codec_context.options = {"gifflags": "0"}
        for index, alpha_of_left in enumerate(opacities):
            frame = av.VideoFrame(16, 8, "pal8")
            line = frame.planes[0].line_size
            frame.planes[0].update(bytes([0] * 8 + [1] * (line - 8)) * 8)
            palette = [0, 0, 255, alpha_of_left, 0, 255, 0, 255] + [0, 0, 0, 255] * 254
            frame.planes[1].update(bytes(palette))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_a_gif_has_alpha_only_where_it_uses_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with VideoReader(render_gif(tmp_path / "a.gif", [255] * 3)) as reader:
        assert not reader.info.has_alpha
        assert {frame.alpha for frame in reader} == {None}
    with VideoReader(render_gif(tmp_path / "b.gif", [0] * 3)) as reader:
        assert reader.info.has_alpha
        for frame in reader:
            assert frame.alpha is not None
            assert frame.alpha[0, 0].tolist() == [0.0] * 8 + [1.0] * 8
    assert "transparent" not in caplog.text


def test_pictures_that_are_transparent_only_later_are_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for index, pixel_format in enumerate(("rgb24", "rgba", "rgba")):
        drawn = np.concatenate(
            [picture(index, 8, 16), np.full((8, 16, 1), 99, dtype=np.uint8)], axis=2
        )
        write_picture(tmp_path / f"{index}.png", drawn, pixel_format)
    with VideoReader(tmp_path) as reader:
        assert not reader.info.has_alpha
        assert len(list(reader)) == 3
    assert caplog.text.count("some frames are transparent") == 1
