"""Text subtitles survive the conversion into another format."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.packet import Packet

from dscvsr_cli.cli.app import main
from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.passthrough.ass_events import joined_events, plain_text
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.verify.compare_files import compare_files
from dscvsr_cli.video.verify.compare_text import read_texts
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from tests.clips import Clip, render
from tests.helpers import stream_packets
from tests.video.outputs import copy_clip

LINES = ("plain", "two <i>lines</i>\nof text", "drei 三, “quoted”")
PLAIN = ["plain", "two lines\nof text", "drei 三, “quoted”"]
VP9 = EncodeOptions(encoder="libvpx-vp9", preset="8", threads=1)


def clip_with_subtitles(folder: Path) -> Path:
    clip = Clip(
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(range(0, 400, 40)),
        subtitles=LINES,
    )
    return render(clip, folder)


def texts(path: Path) -> list[tuple[Fraction, str]]:
    return read_texts(probe(path), 1)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "mov_text"), (".mov", "mov_text"), (".webm", "webvtt")]
)
def test_text_and_times_survive_the_way_into_another_kind_and_back(
    suffix: str, codec: str, tmp_path: Path
) -> None:
    source = clip_with_subtitles(tmp_path)
    there, back = tmp_path / f"there{suffix}", tmp_path / "back.mkv"
    copy_clip(source, there, options=VP9 if suffix == ".webm" else EncodeOptions())
    assert [one.codec for one in probe(there).other_streams] == [codec]
    assert [text for _, text in texts(there)] == PLAIN
    assert [at for at, _ in texts(there)] == [Fraction(n, 10) for n in range(3)]

    copy_clip(there, back)
    if codec == "mov_text":
        assert [one.codec for one in probe(back).other_streams] == ["subrip"]
    assert texts(back) == texts(source)


def test_how_long_a_subtitle_stands_is_kept(tmp_path: Path) -> None:
    source, target = clip_with_subtitles(tmp_path), tmp_path / "out.mp4"
    copy_clip(source, target)
    # MP4 fills pauses with empty samples of two bytes.
    shown = [one for one in stream_packets(target, 1) if len(one.payload) > 2]
    assert [one.duration_seconds for one in shown] == [Fraction(8, 100)] * 3


def test_italics_are_kept_where_the_new_kind_has_them(tmp_path: Path) -> None:
    source, target = clip_with_subtitles(tmp_path), tmp_path / "out.webm"
    copy_clip(source, target, options=VP9)
    assert b"<i>lines</i>" in stream_packets(target, 1)[1].payload


def test_ass_becomes_plain_text(tmp_path: Path) -> None:
    bare, source = clip_with_subtitles(tmp_path), tmp_path / "ass.mkv"
    header = (
        b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\n"
        b"Style: Default,Arial\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, "
        b"MarginR, MarginV, Effect, Text\n"
    )
    with av.open(str(bare)) as old, av.open(str(source), "w") as output:
        video = output.add_stream_from_template(old.streams.video[0])
        text = output.add_stream("ass")
        text.codec_context.subtitle_header = header
        for packet in old.demux(old.streams.video[0]):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        line = Packet(rb"0,0,Default,,0,0,0,,{\pos(10,20)\c&HFF&}here, {\b1}bold{\b0}\Nbelow")
        line.stream, line.time_base = text, Fraction(1, 1000)
        line.pts = line.dts = 120
        line.duration = 100
        output.mux(line)
    copy_clip(source, tmp_path / "out.mp4")
    assert texts(tmp_path / "out.mp4") == [(Fraction(12, 100), "here, bold\nbelow")]


def test_no_subtitles_are_left_where_none_are_wanted(tmp_path: Path) -> None:
    source, target = clip_with_subtitles(tmp_path), tmp_path / "out.mp4"
    copy_clip(source, target, choices=StreamChoices(subtitles=False))
    assert probe(target).other_streams == ()


def test_several_events_become_one_and_styles_do_not_spread() -> None:
    events = [rb"0,0,A,,0,0,0,,{\b1}a", b"1,0,B,,0,0,0,,b, c", rb"2,0,A,,0,0,0,,{\blur2}a"]
    assert joined_events(events) == rb"0,0,A,,0,0,0,,{\b1}a\N{\r}b, c"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (rb"0,0,Default,,0,0,0,,a{\i1}b{\i0}c", "abc"),
        (rb"1,0,Default,,0,0,0,,one,two\Nthree", "one,two\nthree"),
        (b"2,0,Default,,0,0,0,,", ""),
    ],
)
def test_override_tags_are_no_text(event: bytes, text: str) -> None:
    assert plain_text(event) == text


def test_where_one_text_is_shown_at_a_time_those_that_overlap_are_joined(tmp_path: Path) -> None:
    bare, source = render(Clip(), tmp_path, name="bare"), tmp_path / "signs.mkv"
    with av.open(str(bare)) as old, av.open(str(source), "w") as output:
        video = output.add_stream_from_template(old.streams.video[0])
        track = output.add_mux_stream("subrip")
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        for start, end, line in (
            (0, 200, "<i>sign</i>"),
            (0, 200, "sign"),  # its glow
            (100, 300, "speech"),
            (400, 500, "alone"),
        ):
            line_packet = Packet(line.encode())
            line_packet.stream, line_packet.time_base = track, Fraction(1, 1000)
            line_packet.pts = line_packet.dts = start
            line_packet.duration = end - start
            output.mux(line_packet)
    target = tmp_path / "out.mp4"
    copy_clip(source, target)

    assert texts(target) == [
        (Fraction(0), "sign"),
        (Fraction(1, 10), "sign\nspeech"),
        (Fraction(2, 10), "speech"),
        (Fraction(4, 10), "alone"),
    ]
    shown = [one for one in stream_packets(target, 1) if len(one.payload) > 2]
    assert [one.duration_seconds for one in shown] == [Fraction(1, 10)] * 4
    assert not compare_files(source, target, content=False).lost


def test_subtitles_whose_styles_are_damaged_are_left_out_alone(tmp_path: Path) -> None:
    bare, source = render(Clip(), tmp_path, name="bare"), tmp_path / "damaged.mkv"
    with av.open(str(bare)) as old, av.open(str(source), "w") as output:
        video = output.add_stream_from_template(old.streams.video[0])
        track = output.add_mux_stream("ass")  # without the header that names its styles
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        line = Packet(b"0,0,Default,,0,0,0,,text")
        line.stream, line.time_base = track, Fraction(1, 1000)
        line.pts = line.dts = 0
        line.duration = 100
        output.mux(line)
    target = tmp_path / "out.mp4"
    with pytest.raises(UsageError, match=r"subtitle stream 1 .* cannot be brought over"):
        copy_clip(source, target)
    plan = StreamChoices(drop_unsupported=True)
    copy_clip(source, target, choices=plan)
    assert probe(target).other_streams == ()


def test_a_part_in_which_nothing_is_said_misses_nothing(weights: Path, tmp_path: Path) -> None:
    talks, target = tmp_path / "talks.mp4", tmp_path / "out.mp4"
    copy_clip(clip_with_subtitles(tmp_path), talks)
    part = ["--start", "0.3", "--end", "0.4", "--encoder-preset", "ultrafast"]
    job = ["upscale", str(talks), "-s", "2", "-w", str(weights), "-o", str(target)]
    assert main([*job, *part]) == 0

    reading = ReadOptions(span=TimeSpan(Fraction(3, 10), Fraction(4, 10)))
    found = compare_files(talks, target, reading=reading, content=False).findings
    assert [one.level for one in found if "subtitle" in one.subject] == ["ok"]
