"""Subtitles that are pictures come along whole, in the right place, or are refused before work."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from tests.commands import upscale_with
from tests.helpers import packet_payloads, stream_packets
from tests.subtitle_pictures import blu_ray, dvd, render_with

BLU_RAY = {"mpegts_m2ts_mode": "1"}


def in_parts(path: Path) -> Path:
    """Render a video as on a Blu-ray disc: each segment a packet, with a time of its own."""
    packets = [
        (seconds + 0.01 * (part > 0), data)
        for seconds, shown in ((0.3, True), (0.9, False), (1.2, True))
        for part, data in enumerate(blu_ray(round(seconds * 10), shown=shown))
    ]
    return render_with(path, "hdmv_pgs_subtitle", packets, muxer_options=BLU_RAY)


def test_a_part_begins_with_the_whole_picture_of_a_blu_ray_that_is_shown(
    weights: Path, tmp_path: Path
) -> None:
    source, target = in_parts(tmp_path / "disc.m2ts"), tmp_path / "out.mkv"
    # Both fall between a composition and its parts.
    part = ("--start", "0.305", "--end", "1.205")

    assert upscale_with(weights, source, "-o", target, *part) == 0

    packets = stream_packets(target, 1)
    sets = [b"".join(blu_ray(number, shown=number != 9)) for number in (3, 9, 12)]
    assert [packet.payload for packet in packets] == sets
    assert [packet.seconds for packet in packets] == [0, Fraction("0.595"), Fraction("0.895")]
    assert main(["verify", str(source), str(target), *part, "--fast"]) == 0


def test_joined_parts_of_a_blu_ray_picture_are_no_loss(weights: Path, tmp_path: Path) -> None:
    source, target = in_parts(tmp_path / "disc.m2ts"), tmp_path / "out.mkv"

    assert upscale_with(weights, source, "-o", target) == 0

    assert main(["verify", str(source), str(target), "--fast"]) == 0


def test_a_part_begins_with_the_picture_of_a_dvd_that_is_shown(
    weights: Path, tmp_path: Path
) -> None:
    shown = dvd(ticks=52)
    source = render_with(
        tmp_path / "disc.vob", "dvd_subtitle", [(0.4, shown)], encoder="mpeg2video"
    )
    target = tmp_path / "out.mkv"

    assert upscale_with(weights, source, "-o", target, "--start", "0.6") == 0

    (packet,) = stream_packets(target, 1)
    assert packet.payload == shown
    assert packet.seconds == 0
    # 52 ticks last 592 ms, of which 200 are over.
    assert packet.duration_seconds == pytest.approx(Fraction("0.392"), abs=0.05)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_pictures_of_a_dvd_stay_in_their_place_on_larger_frames(
    suffix: str, weights: Path, tmp_path: Path
) -> None:
    source = render_with(
        tmp_path / "disc.vob", "dvd_subtitle", [(0.2, dvd(ticks=52))], encoder="mpeg2video"
    )
    target = tmp_path / f"out{suffix}"

    assert upscale_with(weights, source, "-o", target) == 0

    with av.open(str(target)) as container:
        assert b"size: 64x48" in (container.streams.subtitles[0].codec_context.extradata or b"")


def test_subtitles_of_a_blu_ray_are_for_m2ts_and_not_for_ts(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = b"".join(blu_ray(1))
    source = render_with(tmp_path / "clip.mkv", "hdmv_pgs_subtitle", [(0.2, whole)])

    assert upscale_with(weights, source, "-o", tmp_path / "out.ts") == 2
    assert "ts files cannot hold hdmv_pgs_subtitle" in capfd.readouterr().err

    target = tmp_path / "out.m2ts"
    assert upscale_with(weights, source, "-o", target) == 0
    # As on a disc: a reader cuts what is longer than it likes, even within a segment.
    assert packet_payloads(target, "subtitle") == [blu_ray(1)]
    assert main(["verify", str(source), str(target), "--fast"]) == 0

    back = tmp_path / "back.mkv"
    assert upscale_with(weights, target, "-o", back) == 0
    assert packet_payloads(back, "subtitle") == [[whole]]
