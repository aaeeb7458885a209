from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import CONTAINERS, container_of, default_encoder
from dscvsr_cli.video.encoders import EncodeOptions
from dscvsr_cli.video.info import StreamInfo, StreamKind, VideoInfo
from dscvsr_cli.video.passthrough import plan_passthrough
from dscvsr_cli.video.probe import probe
from dscvsr_cli.video.reader import VideoReader
from dscvsr_cli.video.writer import VideoWriter
from tests.clips import CLIPS, Clip, render, render_kind
from tests.helpers import packet_payloads, stream_packets


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render_kind("single frame", tmp_path_factory.mktemp("bare")))


def stream(
    kind: StreamKind, codec: str, *, is_cover: bool = False, is_chapter_text: bool = False
) -> StreamInfo:
    return StreamInfo(
        index=1, kind=kind, codec=codec, is_cover=is_cover, is_chapter_text=is_chapter_text
    )


def copy_through(source: Path, target: Path) -> None:
    with (
        VideoReader(source) as reader,
        VideoWriter(
            target,
            source=reader.info,
            height=reader.info.height,
            width=reader.info.width,
            options=EncodeOptions(preset="ultrafast", threads=1),
        ) as writer,
    ):
        for frame in reader:
            writer.write(Frame(pixels=frame.pixels, pts=frame.pts))


@pytest.mark.parametrize(
    ("kind", "codec", "held_by"),
    [
        ("audio", "aac", {"matroska", "mp4", "mov", "mpegts"}),
        ("audio", "opus", {"matroska", "mp4", "webm", "mpegts"}),
        ("audio", "pcm_s16le", {"matroska", "mp4", "mov"}),
        ("subtitle", "subrip", {"matroska"}),
        ("subtitle", "mov_text", {"mp4", "mov"}),
        ("subtitle", "ass", {"matroska"}),
        ("subtitle", "hdmv_pgs_subtitle", {"matroska", "mpegts"}),
        ("attachment", "ttf", {"matroska"}),
        ("data", "bin_data", set()),
        ("subtitle", "", set()),
    ],
)
def test_each_container_holds_what_it_can(
    bare: VideoInfo, kind: StreamKind, codec: str, held_by: set[str]
) -> None:
    other = stream(kind, codec)
    source = replace(bare, other_streams=(other,))
    for container in CONTAINERS:
        plan = plan_passthrough(source, container.name)
        assert (plan.copied == (other,)) is (container.name in held_by)
        assert len(plan.copied) + len(plan.left_out) == 1


def test_a_loss_comes_with_a_reason_and_the_name_that_avoids_it(bare: VideoInfo) -> None:
    source = replace(bare, other_streams=(stream("subtitle", "subrip"),))
    (loss,) = plan_passthrough(source, "mp4").left_out
    assert loss.reason == "mp4 files cannot hold subrip"
    assert "-o out.mkv" in loss.hint
    source = replace(bare, other_streams=(stream("subtitle", "mov_text"),))
    (loss,) = plan_passthrough(source, "matroska").left_out
    assert "-o out.mp4" in loss.hint


def test_a_loss_that_nothing_avoids_has_no_hint(bare: VideoInfo) -> None:
    source = replace(bare, other_streams=(stream("data", "scte_35"),))
    (loss,) = plan_passthrough(source, "mp4").left_out
    assert loss.hint == ""


def test_covers_go_where_covers_can_be(bare: VideoInfo) -> None:
    source = replace(bare, other_streams=(stream("video", "mjpeg", is_cover=True),))
    assert plan_passthrough(source, "mp4").copied
    assert not plan_passthrough(source, "webm").copied


def test_the_hidden_chapter_track_is_neither_copied_nor_mourned(bare: VideoInfo) -> None:
    hidden = stream("data", "bin_data", is_chapter_text=True)
    plan = plan_passthrough(replace(bare, other_streams=(hidden,), chapter_count=3), "mp4")
    assert not plan.copied
    assert not plan.left_out
    assert plan.chapters


def test_transport_streams_have_no_chapters(bare: VideoInfo) -> None:
    assert not plan_passthrough(replace(bare, chapter_count=3), "mpegts").chapters
    assert plan_passthrough(bare, "mpegts").chapters


def test_an_unknown_container_is_refused(bare: VideoInfo) -> None:
    with pytest.raises(UsageError, match="avi"):
        plan_passthrough(bare, "avi")


@pytest.mark.parametrize("name", ["a.MP4", "a.m4v", "a.mkv", "a.webm", "a.mov", "a.m2ts"])
def test_the_suffix_chooses_the_container_and_a_fitting_encoder(name: str) -> None:
    container = container_of(Path(name))
    assert av.ContainerFormat(container.name, "w").is_output
    assert av.Codec(default_encoder(Path(name)), "w").type == "video"
    assert (default_encoder(Path(name)) == "libvpx-vp9") is name.endswith("webm")


@pytest.mark.parametrize("name", [table.name for table in CONTAINERS if table.name != "mpegts"])
def test_libav_agrees_with_our_tables(name: str) -> None:
    # MPEG-TS is missing here because libav itself has no list for it.
    (table,) = (table for table in CONTAINERS if table.name == name)
    with av.open("unused", "w", format=name) as output:
        supported = output.supported_codecs
    codecs = {av.Codec(one, "r").canonical_name if _is_decoder(one) else one for one in supported}
    assert table.audio <= codecs
    assert table.subtitle <= codecs


def _is_decoder(name: str) -> bool:
    try:
        return av.Codec(name, "r").is_decoder
    except ValueError:
        return False


def test_subtitles_keep_text_times_and_language(tmp_path: Path) -> None:
    source, target = render_kind("subtitles", tmp_path), tmp_path / "out.mkv"
    copy_through(source, target)
    assert packet_payloads(target, "subtitle") == [
        [line.encode() for line in CLIPS["subtitles"].subtitles]
    ]
    assert stream_packets(target, 2) == stream_packets(source, 2)


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
