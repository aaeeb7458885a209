"""Single pictures are read and written exactly, or refused."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from dscvsr_cli.errors import InputVideoError, OutputVideoError, UsageError
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.picture_writer import save_png
from tests.clips import picture
from tests.helpers import assert_frames_close, packet_payloads


def test_a_png_gives_every_eight_bit_value_back(tmp_path: Path) -> None:
    values = torch.arange(3 * 16 * 17).view(3, 16, 17) % 256
    save_png(tmp_path / "a.png", values / 255)
    assert torch.equal((read_picture(tmp_path / "a.png") * 255).round().long(), values)


def test_an_existing_png_is_replaced_and_values_outside_are_clamped(tmp_path: Path) -> None:
    for value, expected in ((-3.0, 0.0), (9.0, 1.0)):
        save_png(tmp_path / "a.png", torch.full((3, 5, 7), value))
        shown = read_picture(tmp_path / "a.png")
        assert_frames_close(shown, torch.full((3, 5, 7), expected), tolerance="exact")


@pytest.mark.parametrize(("encoder", "suffix"), [("mjpeg", ".jpg"), ("libwebp", ".webp")])
def test_jpeg_and_webp_are_read_in_their_own_colours(
    encoder: str, suffix: str, tmp_path: Path
) -> None:
    # 720 rows: an untagged video of this size would be BT.709, a still picture never is.
    drawn = picture(0, 720, 96)
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = 96, 720
    context.pix_fmt = "yuvj444p" if encoder == "mjpeg" else "yuv420p"
    context.time_base = Fraction(1, 25)
    context.options = {"qmin": "1", "qmax": "1"} if encoder == "mjpeg" else {"quality": "98"}
    frame = av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(
        format=context.pix_fmt,
        dst_colorspace="ITU601",
        dst_color_range="JPEG" if encoder == "mjpeg" else "MPEG",
    )
    packets = [*context.encode(frame), *context.encode(None)]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"".join(bytes(packet) for packet in packets))
    expected = torch.from_numpy(drawn).permute(2, 0, 1) / 255
    assert_frames_close(read_picture(path), expected, tolerance="encoded")


def test_a_sixteen_bit_png_is_read_in_full(tmp_path: Path) -> None:
    values = np.arange(8 * 9 * 3, dtype=np.uint16).reshape(8, 9, 3) * 300
    context = av.CodecContext.create("png", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 9, 8, "rgb48be"
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(values, format="rgb48le").reformat(format="rgb48be")
    packets = [*context.encode(frame), *context.encode(None)]
    (tmp_path / "a.png").write_bytes(b"".join(bytes(packet) for packet in packets))
    expected = torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1) / 65535
    assert_frames_close(read_picture(tmp_path / "a.png"), expected, tolerance="float")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture at all, only words" * 9)
    with pytest.raises(InputVideoError):
        read_picture(tmp_path / "a.png")
    with pytest.raises(InputVideoError, match="does not exist"):
        read_picture(tmp_path / "absent.png")


def test_a_kind_of_picture_without_a_decoder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "drawing.png"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    with pytest.raises(InputVideoError, match="of a kind that cannot be read"):
        read_picture(path)


def test_a_png_in_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutputVideoError, match="could not be written"):
        save_png(tmp_path / "absent" / "a.png", torch.zeros(3, 2, 2))


@pytest.mark.parametrize("shape", [(3, 4), (1, 4, 4), (3, 0, 4)])
def test_what_has_no_three_planes_is_a_programming_error(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="expected"):
        save_png(tmp_path / "a.png", torch.zeros(shape))


def test_the_demo_clip_moves_has_detail_and_sounds(tmp_path: Path) -> None:
    path = tmp_path / "demo.mp4"
    render_demo_clip(path, width=96, height=54, seconds=0.5)
    with VideoReader(path) as reader:
        frames = [frame.pixels for frame in reader]
        info = reader.info
    assert (info.width, info.height, len(frames)) == (96, 54, 12)
    assert info.frame_rate == 24
    assert float((frames[0] - frames[-1]).abs().mean()) > 0.01
    assert float((frames[0][:, :, 1:] - frames[0][:, :, :-1]).abs().mean()) > 0.01
    (sound,) = packet_payloads(path, "audio")
    assert len(sound) >= 24
    assert not list(tmp_path.glob(".*.part"))


def test_an_impossible_demo_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="even"):
        render_demo_clip(tmp_path / "demo.mp4", width=97)
    with pytest.raises(UsageError, match="cannot have"):
        render_demo_clip(tmp_path / "demo.mp4", seconds=0)
    with pytest.raises(OutputVideoError):
        render_demo_clip(tmp_path / "absent" / "demo.mp4")
