"""Reading from pipes: probed and read in one go, with everything y4m says kept."""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import av
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.video.read.chroma_location import y4m_siting
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import CLIPS, Clip, picture, render, render_kind
from tests.helpers import assert_frames_close, decoded_pts

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@contextmanager
def piped(content: Path, folder: Path) -> Iterator[Path]:
    """Feed a file into a named pipe from a thread."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)

    def feed() -> None:
        try:
            with pipe.open("wb") as target, content.open("rb") as source:
                shutil.copyfileobj(source, target)
        except BrokenPipeError:
            pass

    thread = Thread(target=feed, daemon=True)
    thread.start()
    yield pipe
    thread.join(timeout=10)
    assert not thread.is_alive()


def render_y4m(folder: Path, *, header: bytes = b"") -> Path:
    path = folder / "clip.y4m"
    with av.open(str(path), "w", format="yuv4mpegpipe") as output:
        stream = output.add_stream("rawvideo", rate=Fraction(24000, 1001))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(picture(index, 48, 64), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_color_range="MPEG")
            frame.pts, frame.time_base = index, Fraction(1001, 24000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    if header:
        _, _, rest = path.read_bytes().partition(b"\n")
        path.write_bytes(header + b"\n" + rest)
    return path


def test_y4m_through_a_pipe_keeps_rate_pixel_shape_and_range(tmp_path: Path) -> None:
    source = render_y4m(
        tmp_path, header=b"YUV4MPEG2 W64 H48 F24000:1001 Ip A8:9 C420mpeg2 XCOLORRANGE=FULL"
    )
    with piped(source, tmp_path) as pipe, VideoReader(pipe) as reader:
        frames = list(reader)
        info = reader.info
    assert (info.kind, info.width, info.height) == ("pipe", 64, 48)
    assert info.frame_rate == Fraction(24000, 1001)
    assert info.sample_aspect_ratio == Fraction(8, 9)
    assert info.colour.full_range
    assert info.colour.siting == "left"
    assert [frame.pts * info.time_base for frame in frames] == [
        index * Fraction(1001, 24000) for index in range(5)
    ]


@pytest.mark.parametrize(
    ("header", "siting"),
    [
        (b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg XYSCSS=420JPEG", "centre"),
        (b"YUV4MPEG2 W64 H48 F25:1 C420", "centre"),
        (b"YUV4MPEG2 W64 H48 F25:1 Ip", "centre"),
        (b"YUV4MPEG2 W64 H48 F25:1 C420mpeg2 Ip", "left"),
        (b"YUV4MPEG2 W64 H48 F25:1 C420paldv Ip", "left"),
    ],
)
def test_the_place_of_chroma_samples_is_read_from_the_header(
    header: bytes, siting: str, tmp_path: Path
) -> None:
    source = render_y4m(tmp_path, header=header)
    assert probe(source).colour.siting == siting
    with piped(source, tmp_path) as pipe, VideoReader(pipe) as reader:
        assert len(list(reader)) == 5
    assert reader.info.colour.siting == siting


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".nut", ".webm", ".y4m"])
def test_a_pipe_gives_the_same_pictures_as_the_file(suffix: str, tmp_path: Path) -> None:
    if suffix == ".y4m":
        source = render_y4m(tmp_path)
    else:
        clip = Clip(suffix=suffix, time_base=Fraction(1, 1000), pts=tuple(range(0, 800, 40)))
        if suffix == ".webm":
            clip = Clip(
                suffix=suffix,
                encoder="libvpx-vp9",
                options=(("cpu-used", "8"),),
                time_base=Fraction(1, 1000),
                pts=tuple(range(0, 320, 40)),
            )
        source = render(clip, tmp_path)
    with VideoReader(source) as reader:
        expected = [(frame.pts, frame.duration, frame.pixels) for frame in reader]
    with piped(source, tmp_path) as pipe, VideoReader(pipe) as reader:
        got = [(frame.pts, frame.duration, frame.pixels) for frame in reader]
    assert [one[:2] for one in got] == [one[:2] for one in expected]
    for one, other in zip(got, expected, strict=True):
        assert torch.equal(one[2], other[2])


def test_standard_input_is_read_under_the_name_of_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO(render_y4m(tmp_path).read_bytes())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content, isatty=lambda: False))
    with VideoReader(Path("-")) as reader:
        frames = list(reader)
    for index, frame in enumerate(frames):
        drawn = torch.from_numpy(picture(index, 48, 64)).permute(2, 0, 1) / 255
        assert_frames_close(frame.pixels, drawn, tolerance="encoded")
    assert len(frames) == 5


def test_a_terminal_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(InputVideoError, match="nothing is piped") as caught:
        VideoReader(Path("-"))
    assert "yuv4mpegpipe" in caught.value.hint


def test_other_streams_of_a_pipe_are_reported_as_lost(tmp_path: Path) -> None:
    source = render_kind("subtitles", tmp_path)
    with piped(source, tmp_path) as pipe, VideoReader(pipe) as reader:
        assert len(list(reader)) == 8
    assert [stream.codec for stream in reader.info.lost_streams] == ["aac", "subrip"]
    assert reader.info.other_streams == ()
    assert reader.info.chapter_count == 0


def test_a_span_of_a_pipe_is_read_without_going_back(tmp_path: Path) -> None:
    source = render_y4m(tmp_path)
    options = ReadOptions(span=TimeSpan(Fraction(2 * 1001, 24000), Fraction(4 * 1001, 24000)))
    with piped(source, tmp_path) as pipe, VideoReader(pipe, options) as reader:
        assert [frame.pts for frame in reader] == [2, 3]


def test_a_pipe_can_neither_be_probed_alone_nor_read_twice(tmp_path: Path) -> None:
    source = render_y4m(tmp_path)
    with piped(source, tmp_path) as pipe:
        assert source_kind(pipe) == "pipe"
        with pytest.raises(UsageError, match="only once"):
            probe(pipe)
        with VideoReader(pipe) as reader:
            list(reader)
            with pytest.raises(ValueError, match="only once"):
                list(reader)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "nothing came"), (b"only words\n" * 99, "no video that can be read")],
)
def test_a_pipe_without_a_video_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    source = tmp_path / "content"
    source.write_bytes(content)
    with piped(source, tmp_path) as pipe, pytest.raises(InputVideoError, match=told) as caught:
        VideoReader(pipe)
    assert caught.value.hint


def test_a_rate_for_a_pipe_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not an image sequence"):
        VideoReader(tmp_path / "pipe", ReadOptions(rate=Fraction(25)))


def test_a_pipe_that_breaks_off_gives_what_came(tmp_path: Path) -> None:
    source = render(Clip(suffix=".mkv", pts=tuple(range(0, 40 * 512, 512))), tmp_path)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with piped(source, tmp_path) as pipe, VideoReader(pipe) as reader:
        frames = list(reader)
    assert 5 <= len(frames) < 40
    assert [frame.pts for frame in frames] == decoded_pts(source)


def test_stopping_early_lets_go_of_the_pipe(tmp_path: Path) -> None:
    clip = CLIPS["constant"]
    source = render(Clip(suffix=".nut", pts=clip.pts, time_base=clip.time_base), tmp_path)
    source.write_bytes(source.read_bytes() + bytes(1 << 21))
    with piped(source, tmp_path) as pipe, VideoReader(pipe) as reader:
        assert next(iter(reader)).pts == 0


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from(["", "mpeg2", "jpeg"]))
def test_any_way_of_writing_the_header_is_understood(rate: int, width: int, kind: str) -> None:
    header = f"YUV4MPEG2 W{width} H48 F{rate}:1 C420{kind} Ip\nFRAME\n".encode()
    assert y4m_siting(header) == ("left" if kind == "mpeg2" else "centre")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("https://example.com/clip.mp4", "https://example.com/clip.mp4 is an address"),
        ("rtsp://camera/1", "is an address"),
        ("frames/%04d.exr", "EXR pictures are not read"),
        ("frames/%04d.DPX", "DPX pictures are not read"),
        ("clip.mp4", "does not exist"),
    ],
)
def test_what_is_no_file_is_refused_in_its_own_words(name: str, words: str) -> None:
    with pytest.raises(InputVideoError, match=words):
        probe(Path(name))


def test_an_animated_webp_is_refused_in_its_own_words_and_a_still_one_is_read(
    tmp_path: Path,
) -> None:
    still, moving = tmp_path / "still.webp", tmp_path / "moving.webp"
    clip = Clip(suffix=".webp", pixel_format="bgra", time_base=Fraction(1, 25), options=())
    render(replace(clip, encoder="libwebp", pts=(0,)), tmp_path, name="still")
    render(replace(clip, encoder="libwebp_anim", pts=tuple(range(4))), tmp_path, name="moving")

    assert probe(still).codec == "webp"
    with pytest.raises(InputVideoError, match="is an animated WebP"):
        probe(moving)
