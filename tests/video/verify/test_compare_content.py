"""What frames show is compared, frame by frame, not only that they are there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.verify.compare_content import compare_content
from dscvsr_cli.video.verify.compare_files import compare_files
from dscvsr_cli.video.verify.findings import Finding
from tests.clips import Clip, render, render_kind
from tests.video.outputs import FAST, copy_clip, open_writer

SIZE = Size(96, 128)


def enlarged(
    source: Path, target: Path, change: Callable[[int, Frame], Frame] = lambda _, frame: frame
) -> Path:
    """Write a clip twice as large, each frame changed on the way."""
    with (
        VideoReader(source) as reader,
        open_writer(target, source=reader.info, height=96, width=128, options=FAST) as writer,
    ):
        for index, frame in enumerate(reader):
            larger = replace(frame, pixels=resize(frame.pixels, SIZE).clamp(0, 1))
            writer.write(change(index, larger))
    return target


def content(source: Path, target: Path) -> Finding:
    return next(one for one in compare_content(source, target) if one.subject == "content")


def test_an_enlarged_video_is_like_its_source(tmp_path: Path) -> None:
    source = render_kind("bt709", tmp_path)
    finding = content(source, enlarged(source, tmp_path / "out.mp4"))
    assert finding.level == "ok"
    assert "dB at worst" in finding.message


def test_what_looks_other_than_its_source_is_not_said_to_match_it(tmp_path: Path) -> None:
    source = render_kind("bt709", tmp_path)
    dim = enlarged(
        source, tmp_path / "out.mp4", lambda _, frame: replace(frame, pixels=frame.pixels * 0.85)
    )
    finding = content(source, dim)
    assert finding.level == "changed"
    assert finding.message.startswith("differs from the source")


def test_one_black_frame_is_found_and_named(tmp_path: Path) -> None:
    def black(index: int, frame: Frame) -> Frame:
        return replace(frame, pixels=frame.pixels * 0) if index == 5 else frame

    source = render_kind("constant", tmp_path)
    finding = content(source, enlarged(source, tmp_path / "out.mp4", black))
    assert finding.level == "lost"
    assert finding.message.startswith("1 of 8 frames do not show their source")
    assert "(frame 5)" in finding.message


@pytest.mark.parametrize("shown", [0.0, 0.1, 0.5])
def test_a_flat_picture_is_not_like_a_dark_one(shown: float, tmp_path: Path) -> None:
    source, dim = render_kind("constant", tmp_path), tmp_path / "dim.mp4"
    with (
        VideoReader(source) as reader,
        open_writer(dim, source=reader.info, height=48, width=64, options=FAST) as writer,
    ):
        for frame in reader:
            writer.write(replace(frame, pixels=frame.pixels * 0.2))

    def flat(_: int, frame: Frame) -> Frame:
        return replace(frame, pixels=torch.full_like(frame.pixels, shown))

    assert content(dim, enlarged(dim, tmp_path / "out.mp4", flat)).level == "lost"
    assert content(dim, enlarged(dim, tmp_path / "good.mp4")).level == "ok"


def test_black_and_still_scenes_are_like_themselves(tmp_path: Path) -> None:
    def black(_: int, frame: Frame) -> Frame:
        return replace(frame, pixels=frame.pixels * 0)

    source = render_kind("constant", tmp_path)
    dark = enlarged(source, tmp_path / "dark.mp4", black)
    copy_clip(dark, tmp_path / "out.mp4")
    assert content(dark, tmp_path / "out.mp4").level == "ok"


def bright(path: Path, code: int) -> Path:
    """Write two frames of limited range, half of them as bright as ``code``."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(2):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for number, plane in enumerate(frame.planes):
                rows = plane.buffer_size // plane.line_size
                low, high = (60, code) if number == 0 else (128, 128)
                plane.update(
                    b"".join(
                        bytes([high if row >= rows // 2 else low]) * plane.line_size
                        for row in range(rows)
                    )
                )
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_headroom_that_is_cut_off_is_found(tmp_path: Path) -> None:
    source, clipped = bright(tmp_path / "a.mkv", 250), bright(tmp_path / "b.mkv", 235)
    (finding,) = [one for one in compare_content(source, clipped) if "headroom" in one.subject]
    assert finding.level == "lost"
    (finding,) = [one for one in compare_content(source, source) if "headroom" in one.subject]
    assert finding.level == "ok"
    assert not [one for one in compare_content(clipped, clipped) if "headroom" in one.subject]


def test_the_command_compares_content_unless_it_is_to_be_fast(tmp_path: Path) -> None:
    def black(_: int, frame: Frame) -> Frame:
        return replace(frame, pixels=frame.pixels * 0)

    source = render_kind("bt709", tmp_path)
    target = enlarged(source, tmp_path / "out.mp4", black)
    assert main(["verify", str(source), str(target)]) == 1
    assert main(["verify", str(source), str(target), "--fast"]) == 0


def test_more_frames_than_before_are_a_loss_too(tmp_path: Path) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path, name="two")
    target = render(Clip(pts=(0, 512, 1024)), tmp_path, name="three")
    lost = {one.subject: one.message for one in compare_files(source, target).lost}
    assert lost["frames"] == "3 instead of 2"


def test_how_long_the_last_frame_is_shown_is_compared(tmp_path: Path) -> None:
    source, target = render_kind("constant", tmp_path), tmp_path / "out.mp4"
    with (
        VideoReader(source) as reader,
        open_writer(target, source=reader.info, height=48, width=64, options=FAST) as writer,
    ):
        frames = list(reader)
        for frame in frames[:-1]:
            writer.write(frame)
        writer.write(replace(frames[-1], duration=3 * frames[-1].duration))
    (finding,) = [one for one in compare_files(source, target).changed if "last" in one.subject]
    assert finding.message == "shown for 0.12 s instead of 0.04 s"
