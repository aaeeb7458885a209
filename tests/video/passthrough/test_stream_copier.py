"""Streams beside the video arrive unchanged: times, order, languages, chapters, fonts, tags."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.passthrough.passthrough_plan import plan_passthrough
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import CLIPS, Clip, render, render_kind
from tests.helpers import packet_payloads, stream_packets
from tests.video.outputs import container_named, open_writer


def copy_through(source: Path, target: Path) -> None:
    with (
        VideoReader(source) as reader,
        open_writer(
            target,
            source=reader.info,
            height=reader.info.height,
            width=reader.info.width,
            options=EncodeOptions(preset="ultrafast", threads=1),
        ) as writer,
    ):
        for frame in reader:
            writer.write(Frame(pixels=frame.pixels, pts=frame.pts))


def test_subtitles_keep_text_times_and_language(tmp_path: Path) -> None:
    source, target = render_kind("subtitles", tmp_path), tmp_path / "out.mkv"
    copy_through(source, target)
    assert packet_payloads(target, "subtitle") == [
        [line.encode() for line in CLIPS["subtitles"].subtitles]
    ]
    assert stream_packets(target, 2) == stream_packets(source, 2)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_last_packet_is_kept_of_audio_that_does_not_say_how_long_packets_are(
    suffix: str, tmp_path: Path
) -> None:
    source = render(Clip(suffix=".mkv", sound_seconds=0.4, sound_encoder="alac"), tmp_path)
    target = tmp_path / f"out{suffix}"
    copy_through(source, target)
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")
    assert all(packet.duration_seconds for packet in stream_packets(target, 1))


def test_streams_keep_their_order_language_and_defaults(tmp_path: Path) -> None:
    source = render_kind("sound", tmp_path)
    copy_through(source, tmp_path / "out.mkv")
    assert [other.language for other in probe(tmp_path / "out.mkv").other_streams] == ["eng", "fra"]
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mkv")) as after:
        assert [stream.type for stream in after.streams] == ["video", "audio", "audio"]
        assert [stream.disposition for stream in after.streams] == [
            stream.disposition for stream in before.streams
        ]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_chapters_and_metadata_go_along(suffix: str, tmp_path: Path) -> None:
    clip = Clip(
        suffix=suffix,
        time_base=Fraction(1, 1000),
        pts=tuple(range(0, 320, 40)),
        chapters=("Start", "Mitte ö", "End"),
        metadata=(("title", "A «title»"), ("comment", "said")),
    )
    source, target = render(clip, tmp_path), tmp_path / f"out{suffix}"
    copy_through(source, target)
    with av.open(str(target)) as output:
        chapters = [
            (chapter["metadata"]["title"], chapter["start"] * (chapter["time_base"] or 0))
            for chapter in output.chapters()
        ]
        metadata = {key.lower(): value for key, value in output.metadata.items()}
    assert chapters == [("Start", 0), ("Mitte ö", Fraction(1, 10)), ("End", Fraction(1, 5))]
    assert metadata["title"] == "A «title»"
    assert metadata["comment"] == "said"


def test_attached_fonts_go_along(tmp_path: Path) -> None:
    clip = Clip(suffix=".mkv", attachment=b"not really a font" * 50)
    copy_through(render(clip, tmp_path), tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as output:
        (font,) = output.streams.attachments
        assert font.data == clip.attachment
        assert font.metadata["filename"] == "font.ttf"


def test_sound_is_interleaved_with_the_picture(tmp_path: Path) -> None:
    clip = Clip(pts=tuple(range(0, 100 * 512, 512)), sound_seconds=4.0)
    target = tmp_path / "out.mp4"
    copy_through(render(clip, tmp_path), target)
    with av.open(str(target)) as output:
        times: dict[str, float] = {"video": 0.0, "audio": 0.0}
        worst = 0.0
        for packet in sorted(
            (packet for packet in output.demux() if packet.pos is not None and packet.size),
            key=lambda packet: packet.pos or 0,
        ):
            times[packet.stream.type] = float((packet.dts or 0) * packet.time_base)
            worst = max(worst, abs(times["video"] - times["audio"]))
    assert worst < 1.2


@pytest.mark.parametrize(
    ("container", "lost"),
    [
        ("matroska", []),
        ("mp4", ["my_own"]),
        ("mov", ["description", "my_own"]),
        ("avi", ["description", "my_own", "creation_time"]),
        ("mpegts", ["title", "description", "my_own", "creation_time"]),
    ],
)
def test_tags_are_lost_exactly_where_that_is_reported(
    container: str, lost: list[str], tmp_path: Path
) -> None:
    tags = {"title": "A", "description": "B", "my_own": "C", "creation_time": "2020-06-05T12:33:56"}
    clip = Clip(suffix=".mkv", pts=(0, 512), metadata=tuple(tags.items()))
    source = probe(render(clip, tmp_path))
    told = [str(loss) for loss in plan_passthrough(source, container_named(container)).left_out]
    assert sum("the tags of" in line for line in told) == bool(lost)
    assert all(sum(key in line for line in told) == (key in lost) for key in tags)

    target = tmp_path / f"out{container_named(container).suffix}"
    copy_through(source.path, target)
    with av.open(str(target)) as output:
        kept = {key.lower() for key in output.metadata}
    assert {key for key in tags if key not in kept} == set(lost)
