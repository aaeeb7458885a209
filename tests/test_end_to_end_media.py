"""Drives that fail and files that end too early: neither ever passes for a whole video."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.clock_jumps import PacketClock
from tests.clips import Clip, render
from tests.helpers import stream_packets

GONE = av.error.OSError(errno.ENODEV, "No such device")
JUNK = av.error.InvalidDataError(0x41444E49, "Invalid data found")
FASTSTART = {"movflags": "faststart"}
CLIP = Clip(
    width=32,
    height=32,
    pts=tuple(range(0, 10 * 512, 512)),
    options=(("crf", "10"), ("g", "2")),
    sound_seconds=0.4,
)
UNREADABLE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t read(int file, void *bytes, size_t count) {
  ssize_t (*real)(int, void *, size_t) = dlsym(RTLD_NEXT, "read");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length > 0) {
    path[length] = 0;
    off_t begin = atoll(getenv("BAD_BEGIN")), end = atoll(getenv("BAD_END"));
    off_t place = strcmp(path, getenv("BAD_FILE")) ? end : lseek(file, 0, SEEK_CUR);
    if (place >= begin && place < end) return errno = EIO, -1;
    if (place < begin && place + (off_t)count > begin) count = begin - place;
  }
  return real(file, bytes, count);
}
"""


def upscale(source: Path, target: Path, *more: str) -> int:
    options = ["-s", "2", "--encoder-preset", "ultrafast", "--checkpoint", "1"]
    return main(["upscale", str(source), "-o", str(target), *options, *more])


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Exception]]:
    """Reading the second half of the streams of these kinds ends with these errors."""
    errors: dict[str, Exception] = {}
    carry_on = PacketClock.carry_on

    def carry_on_or_fail(self: PacketClock, packet: "av.Packet[av.stream.Stream]") -> None:
        seconds = (packet.dts or 0) * packet.time_base
        if packet.stream.type in errors and seconds > Fraction(1, 5):
            raise errors[packet.stream.type]
        carry_on(self, packet)

    with monkeypatch.context() as patch:
        patch.setattr(PacketClock, "carry_on", carry_on_or_fail)
        yield errors


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_a_drive_that_goes_away_is_an_error_and_the_work_is_kept(
    kind: str, fail: dict[str, Exception], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = render(CLIP, tmp_path), tmp_path / "out.mp4"
    fail[kind] = GONE
    assert upscale(source, target) == 3
    assert not target.exists()
    said = capfd.readouterr().err
    assert "could not be read to its end: No such device" in said
    # The network had not seen enough frames yet when those came no more.
    made = kind == "audio"
    assert ("10 frames are kept, and --resume continues" in said) == made

    fail.clear()
    assert upscale(source, target, *["--resume"] * made) == 0
    with av.open(str(target)) as output:
        assert output.streams.video[0].frames == len(CLIP.pts)


def test_audio_that_cannot_be_read_to_its_end_is_counted(
    fail: dict[str, Exception], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = render(CLIP, tmp_path), tmp_path / "out.mp4"
    with av.open(str(source)) as container:
        whole = sum(1 for packet in container.demux(audio=0) if packet.size)
    fail["audio"] = JUNK
    assert upscale(source, target) == 8
    with av.open(str(target)) as output:
        copied = sum(1 for packet in output.demux(audio=0) if packet.size)
    said = capfd.readouterr()
    assert f"{whole - copied} packets of audio or subtitles lost" in said.out + said.err


def test_audio_behind_the_end_of_a_file_that_was_cut_short_is_counted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole, source = render(CLIP, tmp_path), tmp_path / "cut.mp4"
    with av.open(str(whole)) as old, av.open(str(source), "w", options=FASTSTART) as new:
        twins = [new.add_stream_from_template(stream) for stream in old.streams]
        for packet in old.demux():
            if packet.size:
                packet.stream = twins[packet.stream_index]
                new.mux(packet)
    source.write_bytes(source.read_bytes()[:-400])
    assert upscale(source, tmp_path / "out.mp4") == 8
    assert "audio or subtitles end early" in capfd.readouterr().err
    # What lies behind the span is not missed.
    assert upscale(source, tmp_path / "part.mp4", "--end", "0.1") == 0


def test_audio_that_a_matroska_file_lacks_is_counted_by_the_length_it_states(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = replace(CLIP, suffix=".mkv", pts=tuple(range(0, 50 * 512, 512)), sound_seconds=2.0)
    whole, source = render(clip, tmp_path), tmp_path / "cut.mkv"
    content = whole.read_bytes()
    source.write_bytes(content[: len(content) // 2])

    assert upscale(source, tmp_path / "out.mkv") == 8

    told = capfd.readouterr().err
    missing = int(told.partition("packets missing: ")[2].split()[0])
    left, right = (len(stream_packets(path, 1)) for path in (whole, tmp_path / "out.mkv"))
    assert abs(missing - (left - right)) <= 3
    # Nothing is missing of a whole file, nor of a part before the place where it was cut, nor of
    # audio that ends where it is stated to end, though the file lacks its own end.
    assert upscale(whole, tmp_path / "whole.mkv") == 0
    source.write_bytes(content[:-1])
    assert upscale(source, tmp_path / "nearly.mkv") == 0
    source.write_bytes(content[: len(content) // 2])
    assert upscale(source, tmp_path / "part.mkv", "--end", "0.1") == 0


@pytest.mark.parametrize(
    ("suffix", "encoder", "sound"),
    [
        (".ts", "libx264", "aac"),
        (".m2ts", "libx264", "ac3"),
        (".nut", "ffv1", "pcm_s16le"),
        (".flv", "libx264", "aac"),
        (".avi", "mpeg4", "mp2"),
    ],
)
def test_audio_behind_a_cut_is_missed_though_its_length_is_unknown(
    suffix: str, encoder: str, sound: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = replace(CLIP, suffix=suffix, encoder=encoder, sound_encoder=sound, options=())
    whole, source = render(clip, tmp_path), tmp_path / f"cut{suffix}"
    # The end of a packet, wherever that is, cannot be told from the end of the file.
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10 // 188 * 188 + 100])

    assert upscale(source, tmp_path / "out.mkv") == 8
    assert "audio or subtitles end early; packets missing: 1" in capfd.readouterr().err
    assert upscale(whole, tmp_path / "whole.mkv") == 0
    assert upscale(source, tmp_path / "part.mkv", "--end", "0.1") == 0


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None,
    reason="needs a C compiler, and a system that lets a program's reads be replaced",
)
def test_an_unreadable_place_in_the_middle_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "unreadable.c").write_text(UNREADABLE)
    library = tmp_path / "unreadable.so"
    compiler = ["cc", "-shared", "-fPIC", "-o", str(library), str(tmp_path / "unreadable.c")]
    subprocess.run([*compiler, "-ldl"], check=True)
    source = noisy(tmp_path / "noisy.mkv")
    middle = source.stat().st_size // 2
    place = {"BAD_FILE": source, "BAD_BEGIN": middle, "BAD_END": middle + 4096}
    ran = subprocess.run(
        [sys.executable, "-m", "dscvsr_cli", "upscale", str(source), "-s", "2", "-o", "out.mkv"],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(sys.path), "LD_PRELOAD": str(library)}
        | {name: str(value) for name, value in place.items()},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 3, ran.stderr
    assert "could not be read to its end: Input/output error" in ran.stderr
    assert not (tmp_path / "out.mkv").exists()


def noisy(path: Path) -> Path:
    """Render some megabytes of noise beside small frames."""
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=5, options={"g": "1"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = output.add_stream("pcm_s16le", rate=48000, layout="7.1")
        for index in range(15):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 5)
            output.mux(video.encode(frame))
            samples = noise.integers(-9999, 9999, (1, 9600 * 8), dtype=np.int16)
            sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="7.1")
            sound.sample_rate, sound.pts = 48000, index * 9600
            output.mux(audio.encode(sound))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
    return path
