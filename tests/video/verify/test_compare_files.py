"""``verify`` finds every loss, and reports none where nothing is lost."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.passthrough.stream_copier import copy_stream_tags
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.verify.compare_files import compare_files
from dscvsr_cli.video.verify.findings import Comparison
from dscvsr_cli.video.verify.packet_digests import unwrapped
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import CLIPS, Clip, render, render_kind
from tests.video.outputs import FAST, copy_clip, open_writer


def levels(comparison: Comparison) -> dict[str, str]:
    return {one.subject: one.level for one in comparison.findings}


def not_ok(comparison: Comparison) -> list[str]:
    return [f"{one.subject}: {one.message}" for one in comparison.findings if one.level != "ok"]


@pytest.mark.parametrize("kind", sorted(CLIPS))
def test_our_own_copies_of_every_kind_of_clip_lose_nothing(kind: str, tmp_path: Path) -> None:
    source = render_kind(kind, tmp_path)
    for suffix in (source.suffix, ".mkv"):
        target = tmp_path / f"to {suffix[1:]} {len(list(tmp_path.iterdir()))}{suffix}"
        copy_clip(source, target)
        comparison = compare_files(source, target)
        assert not_ok(comparison) == []
        assert comparison.worst == "ok"


def test_a_transport_stream_keeps_pictures_sound_and_their_distance(tmp_path: Path) -> None:
    source, target = render_kind("b frames", tmp_path), tmp_path / "out.ts"
    copy_clip(source, target)
    assert not_ok(compare_files(source, target)) == []


def test_the_program_that_wrote_an_avi_file_is_not_missed(tmp_path: Path) -> None:
    clip = Clip(suffix=".avi", encoder="mpeg4", options=(), time_base=Fraction(1, 25))
    source, target = render(replace(clip, pts=tuple(range(8))), tmp_path), tmp_path / "out.mp4"
    with av.open(str(source)) as container:
        assert container.metadata["software"].startswith("Lavf")
    assert probe(source).tags == ()
    copy_clip(source, target)
    assert [one for one in not_ok(compare_files(source, target)) if "tag" in one] == []


def test_chapters_fonts_and_tags_are_compared(tmp_path: Path) -> None:
    clip = Clip(
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(range(0, 320, 40)),
        chapters=("Start", "End"),
        attachment=b"font" * 50,
        metadata=(("title", "A «title»"),),
    )
    source = render(clip, tmp_path)
    whole, poor = tmp_path / "whole.mkv", tmp_path / "poor.ts"
    copy_clip(source, whole)
    assert not_ok(compare_files(source, whole)) == []
    copy_clip(source, poor)
    comparison = compare_files(source, poor)
    assert comparison.worst == "lost"
    lost = {one.subject for one in comparison.lost}
    assert {"chapters", "attachment stream 1 (font.ttf)"} <= lost


def test_lost_pictures_are_found(tmp_path: Path) -> None:
    source, target = render_kind("constant", tmp_path), tmp_path / "out.mp4"
    with (
        VideoReader(source) as reader,
        open_writer(target, source=reader.info, height=48, width=64, options=FAST) as writer,
    ):
        for frame in list(reader)[:-1]:
            writer.write(frame)
    (finding,) = compare_files(source, target).lost
    assert (finding.subject, finding.message) == ("frames", "7 of 8")


def test_moved_pictures_are_found_however_little(tmp_path: Path) -> None:
    source, target = render_kind("constant", tmp_path), tmp_path / "out.mp4"
    with (
        VideoReader(source) as reader,
        open_writer(target, source=reader.info, height=48, width=64, options=FAST) as writer,
    ):
        for index, frame in enumerate(reader):
            writer.write(Frame(pixels=frame.pixels, pts=frame.pts + 26 * (index == 3)))
    changed = compare_files(source, target).changed
    assert [one.message for one in changed] == ["moved by up to 2.031 ms"]


def test_a_shift_of_the_whole_file_is_no_change(tmp_path: Path) -> None:
    source, target = render_kind("constant", tmp_path), tmp_path / "out.mp4"
    with (
        VideoReader(source) as reader,
        open_writer(target, source=reader.info, height=48, width=64, options=FAST) as writer,
    ):
        for frame in reader:
            writer.write(Frame(pixels=frame.pixels, pts=frame.pts + 12800))
    times = next(
        one for one in compare_files(source, target).findings if one.subject == "frame times"
    )
    assert times.level == "ok"
    assert "begins 1 s later" in times.message


def test_a_file_that_begins_before_its_source_is_said_to(tmp_path: Path) -> None:
    late = render(Clip(pts=tuple(range(12800, 12800 + 5 * 512, 512))), tmp_path, name="late")
    early = render(Clip(pts=tuple(range(0, 5 * 512, 512))), tmp_path, name="early")
    findings = compare_files(late, early).findings
    times = next(one for one in findings if one.subject == "frame times")
    assert times.level == "ok"
    assert "begins 1 s earlier" in times.message


def test_missing_and_encoded_sound_are_told_apart(tmp_path: Path) -> None:
    source, target = render_kind("sound", tmp_path), tmp_path / "out.mkv"
    copy_clip(source, target, choices=StreamChoices(audio_encoder="flac"))
    assert levels(compare_files(source, target))["audio stream 1 (aac, eng)"] == "changed"
    copy_clip(source, tmp_path / "mute.mkv", choices=StreamChoices(audio=False))
    assert {one.message for one in compare_files(source, tmp_path / "mute.mkv").lost} == {"missing"}


def test_one_damaged_sound_packet_is_found(tmp_path: Path) -> None:
    source, target = render_kind("sound", tmp_path), tmp_path / "out.mkv"
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        twins = [new.add_stream_from_template(stream) for stream in old.streams]
        for stream, twin in zip(old.streams, twins, strict=True):
            copy_stream_tags(stream, twin)
        packets = [packet for packet in old.demux() if packet.size]
        spoiled = [packet for packet in packets if packet.stream_index == 1][5]
        for packet in packets:
            copy = packet
            if packet is spoiled:
                copy = av.Packet(bytes(packet)[:-1] + bytes([bytes(packet)[-1] ^ 0x55]))
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
            copy.stream = twins[packet.stream_index]
            new.mux(copy)
    messages = [one.message for one in compare_files(source, target).changed]
    assert messages == ["1 of 16 packets differ"]


def test_lost_depth_and_lost_colour_are_found(tmp_path: Path) -> None:
    source, target = render_kind("ten bit", tmp_path), tmp_path / "out.mp4"
    copy_clip(source, target, options=EncodeOptions(pixel_format="yuv420p", preset="ultrafast"))
    (finding,) = compare_files(source, target).lost
    assert finding.message == "yuv420p10le became yuv420p"


def test_converted_subtitles_are_compared_by_their_text(tmp_path: Path) -> None:
    source, target = render_kind("subtitles", tmp_path), tmp_path / "out.mp4"
    copy_clip(source, target)
    (finding,) = compare_files(source, target).changed
    assert finding.message == "converted to mov_text: all 3 texts the same, times the same"


def test_what_is_no_video_cannot_be_compared(tmp_path: Path) -> None:
    source, target = render_kind("single frame", tmp_path), tmp_path / "out.mp4"
    target.write_bytes(b"no video at all")
    with pytest.raises(InputVideoError):
        compare_files(source, target)


@pytest.mark.parametrize(
    ("codec", "wrapped", "bare"),
    [
        ("aac", b"\xff\xf1\x50\x80\x02\x1f\xfcpayload", b"payload"),
        ("aac", b"\xff\xf0\x50\x80\x02\x1f\xfc\x00\x00payload", b"payload"),
        ("aac", b"payload", b"payload"),
        ("h264", b"\x00\x00\x00\x01\x67set\x00\x00\x01\x65picture", b"\x65picture"),
        ("h264", b"\x00\x00\x00\x08\x65picture", b"\x65picture"),
        ("mp3", b"\xff\xf1payload", b"\xff\xf1payload"),
    ],
)
def test_the_wrapping_of_a_container_is_no_content(codec: str, wrapped: bytes, bare: bytes) -> None:
    assert unwrapped(wrapped, codec) == bare


def test_a_title_that_mp4_keeps_as_a_name_is_not_lost(tmp_path: Path) -> None:
    source, target = render_kind("sound", tmp_path), tmp_path / "titled.mkv"
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        twins = [new.add_stream_from_template(stream) for stream in old.streams]
        twins[1].metadata.update({"title": "Commentary"})
        for packet in [packet for packet in old.demux() if packet.size]:
            packet.stream = twins[packet.stream_index]
            new.mux(packet)
    copy_clip(target, tmp_path / "out.mp4")
    assert not_ok(compare_files(target, tmp_path / "out.mp4")) == []
    assert probe(tmp_path / "out.mp4").other_streams[0].title == "Commentary"


def test_a_time_that_was_never_set_is_no_loss(tmp_path: Path) -> None:
    times = {"1970-01-01T00:00:00.000000Z": [], "2020-06-05T12:33:56.000000Z": ["lost"]}
    for time, expected in times.items():
        clip = Clip(suffix=".mkv", pts=(0,), metadata=(("creation_time", time),))
        source, target = render(clip, tmp_path), tmp_path / "out.ts"
        copy_clip(source, target)
        found = [one for one in compare_files(source, target).findings if "creation" in one.subject]
        assert [one.level for one in found] == expected
        target.unlink()


def test_a_layer_of_mpeg_audio_that_mp4_cannot_name_is_not_encoded_again(tmp_path: Path) -> None:
    source = tmp_path / "layer2.ts"
    copy_clip(render_kind("sound", tmp_path), source, choices=StreamChoices(audio_encoder="mp2"))
    copy_clip(source, tmp_path / "out.mp4")
    findings = compare_files(source, tmp_path / "out.mp4").findings
    audio = [one for one in findings if one.subject.startswith("audio")]
    assert [one.level for one in audio] == ["ok", "ok"]
    assert "packets equal" in audio[0].message
