"""Frames that a container has lost are told; whole files of every kind raise no alarm."""

import io
import logging
import os
import struct
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import Clip, render
from tests.video.read.lossy_clips import CONTAINERS, FRAMES, X264, cut, overwrite, places, read

EXACT = {"avi", "avi with h264", "flv", "ivf", "mxf"}
"""Containers whose headers say how much there should be."""

HOLED = [
    "transport stream",
    "m2ts",
    "program stream",
    "avi",
    "avi with h264",
    "flv",
    "wmv",
    "ogg",
    "mxf",
    "matroska",
]


@pytest.mark.parametrize("kind", list(CONTAINERS))
def test_a_whole_file_raises_no_alarm(kind: str, tmp_path: Path) -> None:
    assert read(render(CONTAINERS[kind], tmp_path)) == (FRAMES, 0)


@pytest.mark.parametrize("kind", [kind for kind in CONTAINERS if kind not in ("mp4", "raw")])
def test_a_file_that_ends_in_the_middle_of_something_is_reported(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = render(CONTAINERS[kind], tmp_path)
    found = places(path)
    frame = found[len(found) * 3 // 4]
    # The next place that libav names is that of another packet, page or frame.
    after = next(place for place in found if place > frame)
    cut(path, (frame + after) // 2 | 1)
    with caplog.at_level(logging.WARNING):
        frames, told = read(path)
    assert frames < FRAMES
    assert told > 0
    if kind in EXACT:
        # The last frame may be there in part, and seconds do not say how long the last one lasts.
        assert abs(told - (FRAMES - frames)) <= 2
    assert "cannot be read" in caplog.text or "reading stopped" in caplog.text
    with pytest.raises(InputVideoError, match="damaged or missing"):
        read(path, ReadOptions(strict=True))


@pytest.mark.parametrize("kind", HOLED)
def test_a_hole_in_the_middle_of_a_file_is_reported(kind: str, tmp_path: Path) -> None:
    path = render(CONTAINERS[kind], tmp_path)
    found = places(path)
    middle = len(found) // 2
    after = next(place for place in found[middle + 2 :] if place > found[middle + 1])
    overwrite(path, found[middle] - 8, after - 8)
    frames, told = read(path)
    assert frames < FRAMES
    assert 0 < told <= 2 * (FRAMES - frames) + 3


@pytest.mark.parametrize("kind", ["avi", "flv", "transport stream", "matroska"])
def test_a_part_of_a_damaged_file_that_is_whole_raises_no_alarm(kind: str, tmp_path: Path) -> None:
    path = render(CONTAINERS[kind], tmp_path)
    cut(path, places(path)[-5] + 9)
    whole = ReadOptions(span=TimeSpan(start=Fraction(1, 2), end=Fraction(1)))
    assert read(path, whole)[1] == 0
    rest = ReadOptions(span=TimeSpan(start=Fraction(1, 2)))
    assert read(path, rest)[1] > 0


@pytest.mark.parametrize("kind", ["transport stream", "program stream", "flv", "matroska"])
def test_a_part_that_ends_or_begins_inside_a_hole_tells_its_share(
    kind: str, tmp_path: Path
) -> None:
    path = render(CONTAINERS[kind], tmp_path)
    found = places(path)
    overwrite(path, found[len(found) // 3] - 8, found[len(found) * 2 // 3] - 8)
    _, told = read(path)
    # One second is in the middle of what is missing. These containers say when each frame is.
    assert 2 < read(path, ReadOptions(span=TimeSpan(end=Fraction(1))))[1] < told
    assert 0 < read(path, ReadOptions(span=TimeSpan(start=Fraction(1))))[1] < told


@pytest.mark.parametrize("suffix", [".flv", ".ogv", ".nut", ".avi", ".wmv"])
def test_pauses_are_no_damage(suffix: str, tmp_path: Path) -> None:
    unit = {".ogv": Fraction(1, 25), ".avi": Fraction(1, 25)}.get(suffix, Fraction(1, 1000))
    encoder = {".ogv": "libvpx", ".avi": "mjpeg", ".wmv": "wmv2"}.get(suffix, "libx264")
    steps = [1, 1, 1, 20, 1, 1, 2, 50, 3, 1] * 3
    tick = int(Fraction(1, 25) / unit)
    clip = Clip(
        suffix=suffix,
        rate=25,
        time_base=unit,
        pts=tuple(sum(steps[:index]) * tick for index in range(len(steps))),
        encoder=encoder,
        pixel_format="yuvj420p" if encoder == "mjpeg" else "yuv420p",
        options=X264 if encoder == "libx264" else (),
    )
    assert read(render(clip, tmp_path)) == (len(steps), 0)


def test_an_mp4_that_was_written_in_fragments_and_cut_is_reported(tmp_path: Path) -> None:
    source = render(CONTAINERS["mp4"], tmp_path)
    path = tmp_path / "fragments.mp4"
    options = {"movflags": "+frag_keyframe+empty_moov"}
    with (
        av.open(str(source)) as container,
        av.open(str(path), "w", container_options=options) as output,
    ):
        track = output.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                output.mux(packet)
    assert read(path) == (FRAMES, 0)
    cut(path, path.read_bytes().rfind(b"moof") + 20)
    frames, told = read(path)
    assert frames < FRAMES
    assert told > 0


def through_a_pipe(content: bytes, folder: Path) -> tuple[int, int]:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    try:
        return read(pipe)
    finally:
        writer.join()
        pipe.unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_y4m_pipe_that_breaks_off_inside_a_frame_is_reported(tmp_path: Path) -> None:
    content = render(CONTAINERS["y4m"], tmp_path).read_bytes()
    assert through_a_pipe(content, tmp_path) == (FRAMES, 0)
    frames, told = through_a_pipe(content[: len(content) // 2 + 700], tmp_path)
    assert frames == FRAMES // 2 - 1 or frames == FRAMES // 2
    assert told == 1


def test_an_avi_file_that_was_written_through_a_pipe_does_not_know_its_length(
    tmp_path: Path,
) -> None:
    source = render(CONTAINERS["avi"], tmp_path)

    class Pipe(io.RawIOBase):
        """What cannot be gone back in."""

        def __init__(self) -> None:
            self.content = bytearray()

        def write(self, part: bytes) -> int:  # type: ignore[override]
            self.content += part
            return len(part)

        def writable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return False

    sink = Pipe()
    with av.open(str(source)) as container, av.open(sink, "w", format="avi") as output:
        track = output.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                output.mux(packet)
    path = tmp_path / "piped.avi"
    path.write_bytes(bytes(sink.content))
    assert read(path) == (FRAMES, 0)


def test_an_edit_list_that_leaves_out_the_end_is_no_damage(tmp_path: Path) -> None:
    path = render(CONTAINERS["mp4"], tmp_path)
    content = bytearray(path.read_bytes())
    entry = content.find(b"elst") + 12
    shorter = int.from_bytes(content[entry : entry + 4], "big") // 2
    content[entry : entry + 4] = shorter.to_bytes(4, "big")
    path.write_bytes(bytes(content))
    frames, told = read(path)
    assert frames < FRAMES
    assert told == 0


def test_an_edit_list_of_several_parts_is_no_damage(tmp_path: Path) -> None:
    # With one keyframe alone, the index lists all frames up to the end once for each part.
    path = render(Clip(pts=tuple(range(0, 50 * 512, 512))), tmp_path)
    content = bytearray(path.read_bytes())
    name = content.find(b"elst")
    # Each entry: ticks of the film, where it begins in the track, its speed.
    parts = [struct.pack(">III", 10 * 512, start * 512, 1 << 16) for start in (10, 30)]
    content[name + 8 : name + 24] = struct.pack(">I", len(parts)) + b"".join(parts)
    for box in (b"elst", b"edts", b"trak", b"moov"):
        place = content.rfind(box, 0, name + 4) - 4
        size = int.from_bytes(content[place : place + 4], "big") + 12
        content[place : place + 4] = size.to_bytes(4, "big")
    path.write_bytes(content)
    assert read(path) == (20, 0)


@pytest.mark.parametrize("kind", list(CONTAINERS))
def test_a_file_that_is_removed_meanwhile_is_no_damage(kind: str, tmp_path: Path) -> None:
    path = render(CONTAINERS[kind], tmp_path)
    with VideoReader(path) as reader:
        frames = iter(reader)
        made = [next(frames)]
        path.unlink()
        made += frames
        assert len(made) == FRAMES
        assert not reader.damaged_frames
