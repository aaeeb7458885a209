"""Frame rates: every part of an output that names one names that of its frames."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.probe import probe
from tests.clips import CLIPS, Clip, render
from tests.helpers import decoded_pts, decoded_seconds

RATE = Fraction(25)


def upscale(source: Path, target: Path) -> None:
    # B-frames: their times must come through as well.
    options = ["--encoder-preset", "medium", "--enc-opt", "bf=3"]
    assert main(["upscale", str(source), "-s", "2", "-o", str(target), *options]) == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_the_stream_itself_names_the_rate_of_its_frames(suffix: str, tmp_path: Path) -> None:
    clip = Clip(width=32, height=32, pts=tuple(range(0, 24 * 512, 512)))
    source, target = render(clip, tmp_path), tmp_path / f"out{suffix}"
    upscale(source, target)
    assert probe(source).has_steady_rate
    with av.open(str(target)) as output:
        stream = output.streams.video[0]
        assert stream.average_rate == stream.base_rate == stream.codec_context.framerate == RATE
    times = decoded_seconds(target)
    assert all(
        abs(time - times[0] - number / RATE) < Fraction(1, 900) for number, time in enumerate(times)
    )


def test_a_rate_that_varies_is_not_called_steady(tmp_path: Path) -> None:
    source, target = render(CLIPS["variable"], tmp_path), tmp_path / "out.mp4"
    upscale(source, target)
    assert not probe(source).has_steady_rate
    assert decoded_pts(target) == decoded_pts(source)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_video_of_slides_is_as_long_as_before(suffix: str, tmp_path: Path) -> None:
    seconds = (0, 1, 2, 3, 4, 30, 60, 600)
    clip = Clip(width=32, height=32, pts=tuple(12800 * second for second in seconds))
    source, target = render(clip, tmp_path), tmp_path / f"out{suffix}"
    upscale(source, target)
    with av.open(str(source)) as before, av.open(str(target)) as after:
        packets = [packet for packet in after.demux(video=0) if packet.size]
        assert [one.pts for one in packets] != sorted(one.pts or 0 for one in packets)
        for old, new in ((before.streams.video[0], after.streams.video[0]), (before, after)):
            assert old.duration is not None
            assert new.duration == pytest.approx(old.duration, rel=1e-6)
        assert after.streams.video[0].average_rate == before.streams.video[0].average_rate
