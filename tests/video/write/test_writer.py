"""What goes in comes out: frames, times, colours, and everything beside the picture."""

import logging
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import HdrMetadata
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import CLIPS, Clip, picture, render, render_kind
from tests.helpers import (
    assert_frames_close,
    assert_times_close,
    decoded_pts,
    decoded_seconds,
    packet_payloads,
    stream_packets,
)
from tests.video.outputs import open_writer
from tests.video.write.writing import FAST, enlarge, grey_frames, write_grey


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("kind", [kind for kind, clip in CLIPS.items() if clip.suffix == ".mp4"])
def test_mp4_and_mov_give_every_timestamp_and_sound_packet_back(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    source, target = render_kind(kind, tmp_path), tmp_path / f"out{suffix}"
    writer = enlarge(source, target)
    assert decoded_pts(target) == list(CLIPS[kind].pts)
    assert writer.frames_written == len(CLIPS[kind].pts)
    assert probe(target).time_base == CLIPS[kind].time_base
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")
    sounds = [stream.index for stream in probe(source).other_streams]
    for index in sounds:
        before, after = stream_packets(source, index), stream_packets(target, index)
        assert [packet.seconds for packet in after] == [packet.seconds for packet in before]


@pytest.mark.parametrize("kind", CLIPS)
def test_matroska_gives_every_timestamp_back_to_the_millisecond(kind: str, tmp_path: Path) -> None:
    source, target = render_kind(kind, tmp_path), tmp_path / "out.mkv"
    enlarge(source, target)
    half_tick = Fraction(1, 2000)
    assert_times_close(decoded_seconds(target), decoded_seconds(source), seconds=half_tick)
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")
    assert packet_payloads(target, "subtitle") == packet_payloads(source, "subtitle")
    for stream in probe(source).other_streams:
        before, after = (stream_packets(path, stream.index) for path in (source, target))
        assert_times_close(
            [packet.seconds or Fraction(0) for packet in after],
            [packet.seconds or Fraction(0) for packet in before],
            seconds=half_tick,
        )


@pytest.mark.parametrize("kind", ["late start", "b frames", "variable"])
def test_transport_streams_keep_picture_and_sound_together(kind: str, tmp_path: Path) -> None:
    source, target = render_kind(kind, tmp_path), tmp_path / "out.ts"
    enlarge(source, target)
    tick = Fraction(1, 90000)
    moved = decoded_seconds(target)[0] - decoded_seconds(source)[0]
    expected = [at + moved for at in decoded_seconds(source)]
    assert_times_close(decoded_seconds(target), expected, seconds=tick)
    if CLIPS[kind].sound_seconds:
        sound = [stream_packets(path, 1)[0].seconds for path in (source, target)]
        assert sound[0] is not None
        assert sound[1] is not None
        assert abs(sound[1] - sound[0] - moved) <= 2 * tick


def test_webm_holds_vp9(tmp_path: Path) -> None:
    source, target = render_kind("variable", tmp_path), tmp_path / "out.webm"
    enlarge(source, target, options=EncodeOptions(encoder="libvpx-vp9", preset="8"))
    assert probe(target).codec == "vp9"
    half_tick = Fraction(1, 2000)
    assert_times_close(decoded_seconds(target), decoded_seconds(source), seconds=half_tick)


@given(steps=st.lists(st.integers(1, 4000), min_size=1, max_size=9), start=st.integers(0, 9000))
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_rising_timestamps_come_back_unchanged(
    tmp_path: Path, steps: list[int], start: int
) -> None:
    source = tmp_path / "clip.mp4"
    if not source.exists():
        render_kind("single frame", tmp_path).rename(source)
    pts = [start]
    for step in steps:
        pts.append(pts[-1] + step)
    options = EncodeOptions(preset="medium", threads=1)
    write_grey(tmp_path / "out.mp4", probe(source), pts, options=options, overwrite=True)
    assert decoded_pts(tmp_path / "out.mp4") == pts


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_start_before_zero_moves_everything_together(suffix: str, tmp_path: Path) -> None:
    source = render_kind("sound", tmp_path)
    target = tmp_path / f"out{suffix}"
    write_grey(target, probe(source), [-1280, 0, 1280])  # a tenth of a second each
    assert decoded_seconds(target) == [0, Fraction(1, 10), Fraction(1, 5)]
    before, after = (stream_packets(path, 1) for path in (source, target))
    assert_times_close(
        [packet.seconds or Fraction(0) for packet in after],
        [(packet.seconds or Fraction(0)) + Fraction(1, 10) for packet in before],
        seconds=Fraction(1, 2000),
    )


def test_repeated_and_falling_timestamps_are_put_in_order_and_no_frame_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = probe(render_kind("single frame", tmp_path))
    with caplog.at_level(logging.WARNING):
        writer = write_grey(tmp_path / "out.mp4", source, [0, 512, 512, 300, 2048])
    assert decoded_pts(tmp_path / "out.mp4") == [0, 512, 513, 514, 2048]
    assert writer.moved_timestamps == 2
    assert "repeat or step back" in caplog.text


def test_the_pictures_are_the_ones_that_were_written(tmp_path: Path) -> None:
    source, target = render_kind("constant", tmp_path), tmp_path / "out.mp4"
    enlarge(source, target)
    with VideoReader(target) as reader:
        for index, frame in enumerate(reader):
            drawn = torch.from_numpy(picture(index, 48, 64)).permute(2, 0, 1) / 255
            shrunk = frame.pixels.reshape(3, 48, 2, 64, 2).mean(dim=(2, 4))
            assert_frames_close(shrunk, drawn, tolerance="encoded")


@pytest.mark.parametrize("kind", ["bt709", "bt601", "full range", "constant"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_colours_keep_their_tags_and_their_meaning(kind: str, suffix: str, tmp_path: Path) -> None:
    source, target = render_kind(kind, tmp_path), tmp_path / f"out{suffix}"
    enlarge(source, target)
    before, after = probe(source).colour, probe(target).colour
    assert (after.matrix, after.full_range) == (before.matrix, before.full_range)
    assert (after.matrix_tag, after.primaries_tag, after.transfer_tag) == (
        before.matrix_tag,
        before.primaries_tag,
        before.transfer_tag,
    )


def test_an_untagged_clip_that_grows_past_720_lines_keeps_its_colours(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    target = tmp_path / "out.mp4"
    pixels = torch.tensor([0.8, 0.2, 0.3]).view(3, 1, 1).expand(3, 720, 960)
    with open_writer(target, source=source, height=720, width=960, options=FAST) as writer:
        writer.write(Frame(pixels=pixels, pts=0))
    assert probe(target).colour.matrix_tag == 6
    with VideoReader(target) as reader:
        shown = next(iter(reader)).pixels
    assert_frames_close(shown, pixels, tolerance="encoded")


def test_ten_bits_stay_ten_bits_all_the_way(tmp_path: Path) -> None:
    source, target = probe(render_kind("ten bit", tmp_path)), tmp_path / "out.mkv"
    ramp = (0.5 + torch.arange(64) / 1023 / 2).expand(3, 48, 64)
    options = EncodeOptions(encoder="ffv1")
    with open_writer(target, source=source, height=48, width=64, options=options) as writer:
        writer.write(Frame(pixels=ramp, pts=0))
    assert probe(target).pixel_format == "yuv420p10le"
    with VideoReader(target) as reader:
        assert_frames_close(next(iter(reader)).pixels, ramp, tolerance=1 / 876)


def test_pixel_shape_and_rotation_are_kept(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mov", ".mkv"):
        enlarge(render_kind("anamorphic", tmp_path), tmp_path / f"wide{suffix}")
        assert probe(tmp_path / f"wide{suffix}").sample_aspect_ratio == Fraction(64, 45)
        enlarge(render_kind("turned", tmp_path), tmp_path / f"upright{suffix}")
        assert probe(tmp_path / f"upright{suffix}").rotation == 90


@pytest.mark.parametrize(
    "name", ["ünï 测试 & ' .mp4", "-leading.mp4", "x:y.mp4", "n" * 240 + ".mp4"]
)
def test_any_file_name_will_do(name: str, tmp_path: Path) -> None:
    source = probe(render_kind("single frame", tmp_path))
    write_grey(tmp_path / name, source, [0])
    assert decoded_pts(tmp_path / name) == [0]


def test_sound_without_copying_is_left_out(tmp_path: Path) -> None:
    source = probe(render_kind("sound", tmp_path))
    target = tmp_path / "out.mp4"
    with open_writer(
        target, source=source, height=48, width=64, options=FAST, copy_streams=False
    ) as writer:
        writer.write(grey_frames([0])[0])
    assert probe(target).other_streams == ()


@pytest.mark.parametrize("encoder", ["libx265", "libsvtav1", "ffv1", "mpeg4"])
def test_other_encoders_keep_the_times_too(encoder: str, tmp_path: Path) -> None:
    clip = Clip(time_base=Fraction(1, 1000), pts=(0, 40, 100, 140, 500))
    source, target = render(clip, tmp_path), tmp_path / "out.mkv"
    enlarge(source, target, options=EncodeOptions(encoder=encoder, threads=1))
    assert_times_close(decoded_seconds(target), decoded_seconds(source))


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libsvtav1", "libvpx-vp9"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_clips_come_through_every_encoder(
    encoder: str, count: int, tmp_path: Path
) -> None:
    source = probe(render_kind("single frame", tmp_path))
    pts = [512 * index for index in range(count)]
    options = EncodeOptions(encoder=encoder, threads=1)
    write_grey(tmp_path / "out.mp4", source, pts, options=options)
    assert decoded_pts(tmp_path / "out.mp4") == pts


def test_hdr_metadata_reaches_the_encoder(tmp_path: Path) -> None:
    hdr = HdrMetadata(
        primaries=(
            (Fraction(17, 25), Fraction(8, 25)),
            (Fraction(53, 200), Fraction(69, 100)),
            (Fraction(3, 20), Fraction(3, 50)),
            (Fraction(3127, 10000), Fraction(329, 1000)),
        ),
        luminance=(Fraction(1, 200), Fraction(1000)),
        content_light=(1100, 180),
    )
    source = replace(probe(render_kind("ten bit", tmp_path)), hdr=hdr)
    for encoder in ("libx264", "libx265", "libsvtav1"):
        target = tmp_path / f"{encoder}.mkv"
        write_grey(target, source, [0], options=EncodeOptions(encoder=encoder, threads=1))
        found = probe(target).hdr
        assert found is not None, encoder
        assert found.content_light == (1100, 180)
        for ours, theirs in zip(found.primaries, hdr.primaries, strict=True):
            assert [float(value) for value in ours] == pytest.approx(
                [float(value) for value in theirs], abs=1e-4
            )
        assert found.luminance is not None
        assert float(found.luminance[1]) == pytest.approx(1000, abs=0.1)
