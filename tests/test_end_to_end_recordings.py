"""Recordings as they are: cut, joined, with tracks that come and go; nothing of them gets lost."""

import itertools
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, render, render_two
from tests.commands import upscale, upscale_with
from tests.helpers import decoded_seconds, packet_payloads, stream_packets
from tests.transport import (
    joined,
    late_track,
    other_pids_midway,
    programs_apart,
    without_pid,
)

PTS = tuple(range(0, 12 * 512, 512))
PART = Clip(suffix=".ts", pts=PTS, sound_seconds=0.48, sound_encoder="ac3")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_joined_recordings_play_one_after_the_other(
    suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = joined([PART, PART], tmp_path), tmp_path / f"out{suffix}"

    assert upscale(source, target) == 0

    assert capfd.readouterr().err.count("timestamps step back at 0.5") == 1
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")
    shown = decoded_seconds(target)
    heard = [packet.seconds or Fraction(0) for packet in stream_packets(target, 1)]
    assert len(shown) == 24
    for times, usual in ((shown, 0.040), (heard, 0.032)):
        steps = [float(new - old) for old, new in itertools.pairwise(times)]
        assert all(usual - 0.002 < step < usual + 0.04 for step in steps)
    half = len(heard) // 2
    apart = [shown[0] - heard[0], shown[12] - heard[half]]
    assert abs(apart[0] - apart[1]) < 0.02
    assert compare_files(source, target).worst == "ok"


def test_audio_that_overlaps_at_a_seam_stays_with_its_frames(tmp_path: Path) -> None:
    later = replace(PART, pts=tuple(12 * 512 + pts for pts in PTS), sound_start=12 * 1920)
    source = joined([replace(PART, sound_seconds=0.56), later], tmp_path)
    target = tmp_path / "out.mkv"

    assert upscale(source, target) == 0

    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")
    assert compare_files(source, target).worst == "ok"


def test_audio_that_is_encoded_again_follows_across_a_seam(tmp_path: Path) -> None:
    source, target = joined([PART, PART], tmp_path), tmp_path / "out.mkv"

    assert upscale(source, target, "--audio-encoder", "flac") == 0

    packets = stream_packets(target, 1)
    heard = sum(packet.duration_seconds for packet in packets)
    assert float(heard) == pytest.approx(2 * 16 * 0.032, abs=0.04)
    assert compare_files(source, target).lost == ()


def test_a_recording_joined_in_a_pipe_follows_across_a_seam(tmp_path: Path) -> None:
    script = (
        f"cat {joined([PART, PART], tmp_path)} | {sys.executable} -m dscvsr_cli upscale - -s 2 "
        f"-o {tmp_path / 'out.mkv'} --encoder-preset ultrafast"
    )
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)  # noqa: S607

    shown = decoded_seconds(tmp_path / "out.mkv")
    steps = [float(new - old) for old, new in itertools.pairwise(shown)]
    assert len(shown) == 24
    assert all(0.038 < step < 0.042 for step in steps)


def test_a_track_that_appears_midway_is_announced_and_counted_as_lost(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = late_track(tmp_path), tmp_path / "out.mkv"

    assert upscale(source, target) == 0

    assert (
        "audio stream 2 (ac3, fra) will be lost: it appears only at 2.99" in capfd.readouterr().err
    )
    assert len(decoded_seconds(target)) == 100
    assert [one.subject for one in compare_files(source, target).lost] == [
        "audio stream 2 (ac3, fra)"
    ]
    assert main(["verify", str(source), str(target)]) == 1


def test_a_track_that_never_comes_is_refused_before_work(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = without_pid(render(replace(PART, sound_tracks=2), tmp_path), 0x102)
    target = tmp_path / "out.mkv"

    for options in ((), ("--dry-run",)):
        assert upscale(source, target, *options) == 2
        assert "audio stream 2 (ac3, fra): it is announced" in capfd.readouterr().err
    assert upscale(source, target, "--dry-run", "--drop-unsupported") == 0
    copied = [line for line in capfd.readouterr().out.splitlines() if "copied" in line]
    assert [line.split(maxsplit=1)[1] for line in copied] == ["audio stream 1 (ac3, eng)"]
    assert upscale(source, target, "--drop-unsupported") == 0
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")[:1]


def test_b_frames_in_avi_go_into_avi_and_stay_with_the_audio(tmp_path: Path) -> None:
    clip = Clip(
        suffix=".avi",
        time_base=Fraction(1, 25),
        pts=tuple(range(12)),
        options=(("crf", "20"), ("bf", "2"), ("b_strategy", "0")),
        sound_seconds=0.48,
        sound_encoder="libmp3lame",
    )
    source = render(clip, tmp_path)

    for suffix in (".avi", ".mkv"):
        target = tmp_path / f"out{suffix}"
        assert upscale(source, target, "--encoder", "libx264") == 0
        with VideoReader(target) as reader:
            shown = [frame.pts * reader.info.time_base for frame in reader]
        assert shown == [Fraction(number, 25) for number in range(12)]
        levels = {one.subject: one.level for one in compare_files(source, target).findings}
        assert levels["frames"] == levels["frame times"] == levels["audio stream 1 (mp3)"] == "ok"


def test_frames_that_change_their_shape_midway_are_named_by_verify(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    square = replace(PART, sound_seconds=0.0, sample_aspect_ratio=Fraction(1))
    wide = replace(
        square, pts=tuple(12800 + pts for pts in PTS), sample_aspect_ratio=Fraction(4, 3)
    )
    source, target = joined([square, wide], tmp_path), tmp_path / "out.mkv"

    assert upscale(source, target) == 0

    assert capfd.readouterr().err.count("change their shape at 1.0") == 1
    changed = [one.message for one in compare_files(source, target).changed]
    assert changed == ["64x48, 64x48 with 4:3 pixels were fitted into one"]


def test_the_half_of_a_film_under_another_pid_is_no_small_loss(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = other_pids_midway(tmp_path), tmp_path / "out.mkv"

    assert upscale_with(weights, source, "-o", target) == 2
    told = capfd.readouterr().err
    assert "video stream 2 (h264): it appears only at 1.2" in told
    assert "--video-stream 2" in told

    assert upscale_with(weights, source, "-o", target, "--drop-unsupported") == 0
    assert "audio stream 3 (ac3) will be lost: it appears only at" in capfd.readouterr().err
    assert len(decoded_seconds(target)) == 30

    other = tmp_path / "other.mkv"
    assert upscale_with(weights, source, "-o", other, "--video-stream", "2") == 0
    assert len(stream_packets(other, 2)) == 30


def test_programs_whose_clocks_are_an_hour_apart_are_announced(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = programs_apart(tmp_path)
    for stream, other, begins in ((0, 1, "3600.000"), (1, 0, "0.000")):
        chosen = ("--video-stream", str(stream), "--dry-run")
        assert upscale_with(weights, source, "-o", tmp_path / "out.mkv", *chosen) == 0
        told = capfd.readouterr().err
        assert (
            f"video stream {other} (h264) is never there while the video is: it begins at" in told
        )
        assert begins in told
    both = joined([PART, PART], tmp_path)
    assert upscale_with(weights, both, "-o", tmp_path / "out.mkv", "--dry-run") == 0
    assert "is never there" not in capfd.readouterr().err


def test_of_two_videos_one_is_chosen_and_the_other_is_announced(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_two(
        [Clip(width=48, height=32, pts=PTS), Clip(width=96, height=64, pts=PTS)], tmp_path
    )

    assert upscale(source, tmp_path / "first.mkv") == 0
    assert "video stream 1 (h264) is copied as it is, not enlarged" in capfd.readouterr().err
    assert upscale(source, tmp_path / "second.mkv", "--video-stream", "1") == 0
    assert "video stream 0 (h264) is copied as it is" in capfd.readouterr().err
    assert upscale(source, tmp_path / "third.mkv", "--video-stream", "7") == 2

    for name, sizes in (("first", [(96, 64), (96, 64)]), ("second", [(48, 32), (192, 128)])):
        with av.open(str(tmp_path / f"{name}.mkv")) as container:
            videos = container.streams.video
            assert [(one.codec_context.width, one.codec_context.height) for one in videos] == sizes


def test_of_two_videos_both_are_enlarged_in_two_runs_or_one_is_left_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render_two(
        [Clip(width=48, height=32, pts=PTS), Clip(width=96, height=64, pts=PTS)], tmp_path
    )
    first, both, one = (tmp_path / f"{name}.mkv" for name in ("first", "both", "one"))

    assert upscale(source, first) == 0
    assert upscale(first, both, "--video-stream", "1") == 0
    assert "--no-other-videos leaves it out" in capfd.readouterr().err
    assert upscale(source, one, "--no-other-videos") == 0
    assert "video stream" not in capfd.readouterr().err
    assert main(["upscale", str(source), "-s", "2", "-o", str(tmp_path / "refused.webm")]) == 2
    assert "--no-other-videos" in capfd.readouterr().err

    assert main(["verify", str(first), str(both), "--video-stream", "1"]) == 0
    assert "192x128" in capfd.readouterr().out
    assert main(["verify", str(source), str(first)]) == 0
    assert "96x64" in capfd.readouterr().out

    for target, sizes in ((both, [(96, 64), (192, 128)]), (one, [(96, 64)])):
        with av.open(str(target)) as container:
            videos = container.streams.video
            assert [(one.codec_context.width, one.codec_context.height) for one in videos] == sizes
            assert [len(stream_packets(target, video.index)) for video in videos] == [
                len(PTS)
            ] * len(sizes)
