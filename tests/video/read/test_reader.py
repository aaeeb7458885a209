"""One contract for every kind of clip, and what happens on damaged ones."""

import errno
import logging
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from dscvsr_cli.engine.background import Prefetch
from dscvsr_cli.errors import DeviceError, InputVideoError
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import CLIPS, Clip, picture, render, render_kind
from tests.helpers import assert_frames_close


@pytest.mark.parametrize("kind", CLIPS)
def test_every_frame_comes_once_with_its_own_timestamp(kind: str, tmp_path: Path) -> None:
    clip = CLIPS[kind]
    with VideoReader(render_kind(kind, tmp_path)) as reader:
        frames = list(reader)
    assert [frame.pts for frame in frames] == list(clip.pts)
    assert {tuple(frame.pixels.shape) for frame in frames} == {(3, clip.height, clip.width)}
    assert reader.damaged_frames == 0
    assert reader.info.time_base == clip.time_base


@pytest.mark.parametrize("kind", ["constant", "ten bit", "b frames"])
def test_the_pictures_are_the_ones_that_were_drawn(kind: str, tmp_path: Path) -> None:
    with VideoReader(render_kind(kind, tmp_path)) as reader:
        for index, frame in enumerate(reader):
            drawn = torch.from_numpy(picture(index, 48, 64)).permute(2, 0, 1) / 255
            assert_frames_close(frame.pixels, drawn, tolerance="encoded")


def test_a_second_loop_starts_from_the_beginning(tmp_path: Path) -> None:
    with VideoReader(render_kind("b frames", tmp_path)) as reader:
        first = [(frame.pts, frame.pixels) for frame in reader]
        second = [(frame.pts, frame.pixels) for frame in reader]
    assert [pts for pts, _ in first] == [pts for pts, _ in second]
    for (_, one), (_, other) in zip(first, second, strict=True):
        assert_frames_close(one, other, tolerance="exact")


def test_leaving_early_closes_the_file(tmp_path: Path) -> None:
    path = render_kind("constant", tmp_path)
    with VideoReader(path) as reader:
        assert next(iter(reader)).pts == 0
    path.rename(tmp_path / "moved.mp4")


def test_a_raw_stream_gets_timestamps_from_its_rate(tmp_path: Path) -> None:
    path = render(Clip(suffix=".h264", options=(("crf", "10"), ("bf", "2"))), tmp_path)
    with VideoReader(path) as reader:
        seconds = [frame.pts * reader.info.time_base for frame in reader]
    assert [float(at) for at in seconds] == pytest.approx([index / 25 for index in range(8)])


@pytest.mark.parametrize(
    "name", ["ünï 测试 & ' .mp4", "-leading.mp4", "with:colon.mp4", "100%d.mp4", "a b  c.mp4"]
)
def test_any_file_name_will_do(name: str, tmp_path: Path) -> None:
    path = render_kind("single frame", tmp_path).rename(tmp_path / name)
    with VideoReader(path) as reader:
        assert len(list(reader)) == 1


def test_a_second_loop_ends_the_first_one_with_an_error(tmp_path: Path) -> None:
    path = render(Clip(pts=tuple(range(0, 40 * 512, 512))), tmp_path)
    with VideoReader(path) as reader:
        first = iter(reader)
        assert [next(first).pts, next(first).pts] == [0, 512]
        second = iter(reader)
        assert next(second).pts == 0
        with pytest.raises(ValueError, match="another one has begun"):
            next(first)
        # The later loop goes on undisturbed, and its counts are the reader's.
        assert len(list(second)) == 39
        assert reader.frames_read == 40
        third = iter(reader)
        next(third)
    with pytest.raises(ValueError, match="reader was closed"):
        next(third)


def test_loops_in_two_threads_do_not_meet_inside_the_decoder(tmp_path: Path) -> None:
    path = render(Clip(pts=tuple(range(0, 200 * 512, 512))), tmp_path)
    with VideoReader(path) as reader:
        for _ in range(5):
            with Prefetch(reader) as first, Prefetch(reader) as second:
                outcomes: list[int | str] = []
                for frames in (first, second):
                    try:
                        outcomes.append(len(list(frames)))
                    except ValueError as error:
                        outcomes.append(str(error))
            assert 200 in outcomes
        reader.close()


def spoil(path: Path, start: float, end: float) -> None:
    """Overwrite a part of the file, given as fractions of its length."""
    content = bytearray(path.read_bytes())
    for index in range(int(len(content) * start), int(len(content) * end)):
        content[index] ^= 0xA5
    path.write_bytes(bytes(content))


def test_damage_in_the_middle_is_counted_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = Clip(
        suffix=".mkv",
        encoder="mpeg4",
        pts=tuple(range(0, 40 * 512, 512)),
        options=(("g", "5"), ("b", "2000000")),
    )
    path = render(clip, tmp_path)
    spoil(path, 0.4, 0.5)
    with caplog.at_level(logging.WARNING), VideoReader(path) as reader:
        frames = list(reader)
    assert reader.damaged_frames > 0
    assert 20 <= len(frames) <= 40
    assert "damaged frame" in caplog.text


def test_much_damage_does_not_fill_the_screen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = render(Clip(suffix=".mkv", encoder="mjpeg", pixel_format="yuvj420p"), tmp_path)
    path = tmp_path / "spoilt.mkv"
    with av.open(str(whole)) as old, av.open(str(path), "w") as new:
        twin = new.add_stream_from_template(old.streams.video[0], opaque=True)
        packets = [packet for packet in old.demux() if packet.size]
        for number in range(40):
            packet = av.Packet(bytes(packets[number]) if number < len(packets) else b"rubbish" * 9)
            packet.stream, packet.time_base = twin, packets[0].time_base
            packet.pts = packet.dts = number * 40
            new.mux(packet)
    with caplog.at_level(logging.WARNING), VideoReader(path) as reader:
        assert len(list(reader)) == len(packets)
        assert reader.damaged_frames == 40 - len(packets)
    assert len(caplog.messages) == 10
    assert "further ones are only counted" in caplog.messages[-1]


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    clip = Clip(suffix=".mkv", pts=tuple(range(0, 40 * 512, 512)))
    path = render(clip, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with VideoReader(path) as reader:
        count = len(list(reader))
    assert 5 <= count < 40


def test_a_picture_that_never_decodes_is_an_error_with_advice(tmp_path: Path) -> None:
    path = render(Clip(suffix=".mkv", pts=(0,)), tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75") + 12])
    with pytest.raises(InputVideoError) as caught:
        list(VideoReader(path))
    assert caught.value.hint


def test_a_picture_that_changes_its_size_is_brought_to_the_first(tmp_path: Path) -> None:
    parts = [
        render(Clip(suffix=".h264", width=width), tmp_path, name=f"part{width}")
        for width in (64, 96)
    ]
    path = tmp_path / "changing.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with VideoReader(path) as reader:
        shapes = [tuple(frame.pixels.shape) for frame in reader]
    assert shapes == [(3, 48, 64)] * 16


def test_a_file_cut_short_behind_its_index_says_what_is_missing(tmp_path: Path) -> None:
    path = render(Clip(pts=tuple(range(0, 40 * 512, 512)), sound_seconds=1.6), tmp_path)
    assert probe(path).frames_cut_off == 0
    index_first(path)
    assert probe(path).frames_cut_off == 0
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with VideoReader(path) as reader:
        frames = list(reader)
    assert 0 < len(frames) < 40
    assert reader.info.frames_cut_off == 40 - len(frames)
    with pytest.raises(InputVideoError, match="cut short") as caught:
        VideoReader(path, ReadOptions(strict=True))
    assert caught.value.hint


def index_first(path: Path) -> None:
    """Move the index of an MP4 file to its beginning."""
    with (
        av.open(str(path)) as source,
        av.open(str(path.with_name("moved.mp4")), "w", options={"movflags": "faststart"}) as target,
    ):
        twins = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = twins[packet.stream_index]
                target.mux(packet)
    path.with_name("moved.mp4").replace(path)


@pytest.mark.parametrize("spot", [0.3, 0.6])
def test_strict_reading_stops_at_the_first_damaged_picture(spot: float, tmp_path: Path) -> None:
    clip = Clip(
        suffix=".mkv",
        encoder="mpeg4",
        pts=tuple(range(0, 40 * 512, 512)),
        options=(("g", "5"), ("b", "2000000")),
    )
    path = render(clip, tmp_path)
    spoil(path, spot, spot + 0.1)
    with VideoReader(path) as reader:
        tolerant = [frame.pts for frame in reader]
    with (
        VideoReader(path, ReadOptions(strict=True)) as reader,
        pytest.raises(InputVideoError, match="is damaged") as caught,
    ):
        list(reader)
    assert str(path) in caught.value.message
    assert 0 < reader.frames_read < len(tolerant)


def test_a_sound_file_passes_strict_reading(tmp_path: Path) -> None:
    with VideoReader(render_kind("b frames", tmp_path), ReadOptions(strict=True)) as reader:
        assert len(list(reader)) == 20


def test_an_empty_packet_shows_the_frame_before_for_longer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = Clip(
        suffix=".nut", encoder="mpeg4", options=(), time_base=Fraction(1, 25), pts=tuple(range(10))
    )
    whole, gaps = render(clip, tmp_path), tmp_path / "gaps.nut"
    with av.open(str(whole)) as old, av.open(str(gaps), "w") as new:
        twin = new.add_stream_from_template(old.streams.video[0], opaque=True)
        for number, packet in enumerate(one for one in old.demux() if one.size):
            written = av.Packet(b"") if number in (4, 6) else packet
            written.pts, written.dts, written.time_base = packet.pts, packet.dts, packet.time_base
            written.stream = twin
            new.mux(written)
    with VideoReader(gaps) as reader:
        shown = [round(frame.pts * reader.info.time_base * 25) for frame in reader]
        assert shown == [0, 1, 2, 3, 5, 7, 8, 9]
        assert reader.damaged_frames == 0
    assert not caplog.records


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_a_decoder_without_memory_is_not_taken_for_damage(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        sample_aspect_ratio = None

        def decode(self, packet: object) -> None:
            del packet
            raise av.FFmpegError(number, "no room")

    monkeypatch.setattr("dscvsr_cli.video.read.decoder.picture_decoder", lambda _: Full())
    with pytest.raises(DeviceError, match="too little memory"):
        probe(render(Clip(), tmp_path))
