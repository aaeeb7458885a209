"""Covers, languages, roles and tags of tracks are kept, mapped, or named before any work."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition, Stream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.languages import quicktime_language, same_language
from dscvsr_cli.video.passthrough.passthrough_plan import (
    StreamChoices,
    plan_passthrough,
    refuse_losses,
)
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, render
from tests.video.outputs import copy_clip


def tagged(source: Path, target: Path, changes: dict[int, tuple[dict[str, str], int]]) -> Path:
    """Copy a file with other tags and dispositions on some of its streams."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        twins: list[Stream] = [new.add_stream_from_template(stream) for stream in old.streams]
        for stream, twin in zip(old.streams, twins, strict=True):
            twin.metadata.update({"language": stream.metadata.get("language", "und")})
        for index, (tags, disposition) in changes.items():
            twins[index].metadata.update(tags)
            twins[index].disposition = Disposition(disposition)
        for packet in [packet for packet in old.demux() if packet.size]:
            packet.stream = twins[packet.stream_index]
            new.mux(packet)
    return target


def jpeg() -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 32, 16, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    drawn = np.full((16, 32, 3), 90, np.uint8)
    frame = av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(one) for one in (*encoder.encode(frame), *encoder.encode(None)))


def with_cover(folder: Path, suffix: str) -> tuple[Path, bytes]:
    """Render a clip with cover art: a marked stream in MP4, an attached file in Matroska."""
    plain, cover = render(Clip(pts=(0, 512)), folder), jpeg()
    target = folder / f"covered{suffix}"
    with av.open(str(plain)) as old, av.open(str(target), "w") as new:
        twin = new.add_stream_from_template(old.streams[0])
        if suffix == ".mkv":
            new.add_attachment("front.jpg", "image/jpeg", cover)
        else:
            art = new.add_stream("mjpeg", rate=25)
            assert isinstance(art, av.VideoStream)
            art.width, art.height, art.pix_fmt = 32, 16, "yuvj420p"
            art.disposition = Disposition.attached_pic
        for packet in [packet for packet in old.demux() if packet.size]:
            packet.stream = twin
            new.mux(packet)
        if suffix != ".mkv":
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts = new.streams[1], 0, 0
            new.mux(packet)
    return target, cover


@pytest.mark.parametrize("source_suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("target_suffix", [".mp4", ".mkv"])
def test_a_cover_stays_a_cover_to_the_last_byte(
    source_suffix: str, target_suffix: str, tmp_path: Path
) -> None:
    source, cover = with_cover(tmp_path, source_suffix)
    assert [one.is_cover for one in probe(source).other_streams] == [True]
    target = tmp_path / f"out{target_suffix}"
    copy_clip(source, target)
    (kept,) = probe(target).other_streams
    assert kept.is_cover
    with av.open(str(target)) as container:
        packets = [bytes(one) for one in container.demux(container.streams[kept.index]) if one.size]
    assert packets == [cover]
    assert [str(one) for one in compare_files(source, target).findings if one.level != "ok"] == []
    if source_suffix == target_suffix == ".mkv":
        assert kept.title == "front.jpg"


def test_a_cover_that_mov_cannot_hold_is_refused(tmp_path: Path) -> None:
    source, _ = with_cover(tmp_path, ".mp4")
    plan = plan_passthrough(probe(source), container_of(Path("out.mov")))
    with pytest.raises(UsageError, match="a cover picture"):
        refuse_losses(plan, "out.mov", StreamChoices())


def losses(source: Path, target: str) -> list[tuple[str, bool]]:
    plan = plan_passthrough(probe(source), container_of(Path(target)))
    return [(one.what, one.refused) for one in plan.left_out]


def sound(folder: Path, tags: dict[str, str], role: int = 0) -> Path:
    clip = render(Clip(suffix=".mkv", pts=(0, 512), sound_seconds=0.1), folder, name="plain")
    return tagged(clip, folder / "tagged.mkv", {1: (tags, role)})


@pytest.mark.parametrize(
    ("role", "lost_in"),
    [
        ("forced", {"mov", "ts", "nut"}),
        ("hearing_impaired", {"mov", "nut"}),
        ("comment", {"mov", "ts"}),
        ("original", {"mov", "ts", "mp4"}),
    ],
)
def test_what_a_track_is_for_is_kept_or_refused(
    role: str, lost_in: set[str], tmp_path: Path
) -> None:
    source = sound(tmp_path, {}, int(Disposition[role]))
    for name in ("mkv", "mp4", "mov", "ts", "nut"):
        marked = [one for one in losses(source, f"out.{name}") if "the mark of" in one[0]]
        expected = f"the mark of audio stream 1 (aac, eng) as {role.replace('_', ' ')}"
        assert marked == ([(expected, True)] if name in lost_in else []), name
        target = tmp_path / f"out.{name}"
        copy_clip(source, target)
        found = {one.subject for one in compare_files(source, target).lost}
        assert ("audio stream 1 (aac, eng) disposition" in found) == (name in lost_in), name


def lost_subjects(source: Path, target: Path) -> Iterable[str]:
    return [one.subject for one in compare_files(source, target).lost]


@pytest.mark.parametrize(
    ("language", "in_mov"), [("eng", "eng"), ("deu", "ger"), ("swe", "sve"), ("zho", "chi")]
)
def test_a_language_is_spelt_the_way_the_container_knows(
    language: str, in_mov: str, tmp_path: Path
) -> None:
    source = sound(tmp_path, {"language": language})
    for suffix, spelling in ((".mp4", language), (".mov", in_mov)):
        target = tmp_path / f"out{suffix}"
        copy_clip(source, target)
        assert probe(target).other_streams[0].language == spelling
        assert lost_subjects(source, target) == []


def test_a_language_that_a_container_cannot_spell_is_named(tmp_path: Path) -> None:
    source = sound(tmp_path, {"language": "hrv"})
    assert losses(source, "out.mp4") == []
    assert losses(source, "out.mov") == [("the language of the streams (hrv)", False)]
    copy_clip(source, tmp_path / "out.mov")
    assert lost_subjects(source, tmp_path / "out.mov") == ["audio stream 1 (aac, hrv) tag language"]


def test_the_title_of_a_track_is_the_same_under_the_name_that_mov_has_for_it(
    tmp_path: Path,
) -> None:
    clip = render(Clip(pts=(0, 512), sound_seconds=0.1, sound_encoder="ac3"), tmp_path)
    source = tagged(clip, tmp_path / "tagged.mov", {1: ({"title": "Feature"}, 1)})
    with av.open(str(source)) as container:
        assert container.streams[1].metadata["name"] == "Feature"
    target = tmp_path / "out.avi"
    copy_clip(source, target)
    assert "audio stream 1 (ac3, eng, Feature) tag name" not in lost_subjects(source, target)


def test_a_language_is_named_where_tracks_of_the_kind_have_no_place_for_it(tmp_path: Path) -> None:
    clip = render(Clip(suffix=".mkv", pts=(0, 512), sound_seconds=0.1), tmp_path, name="plain")
    source = tagged(clip, tmp_path / "tagged.mkv", {0: ({"language": "fra"}, 1)})
    lost = [("the language of the streams (fra)", False)]
    # Transport streams have a place for that of audio, FLV for none.
    assert [losses(source, f"out.{name}") for name in ("mkv", "ts", "m2ts")] == [[], lost, lost]
    assert losses(source, "out.flv")[:1] == [("the language of the streams (fra, eng)", False)]


def test_tags_of_tracks_and_of_the_video_are_named_where_they_have_no_place(
    tmp_path: Path,
) -> None:
    clip = render(Clip(suffix=".mkv", pts=(0, 512), sound_seconds=0.1), tmp_path, name="plain")
    tags = {"title": "Feature", "comment": "By me", "BPS-eng": "1000", "NUMBER_OF_FRAMES": "2"}
    source = tagged(clip, tmp_path / "tagged.mkv", {0: (tags, 1), 1: (tags, 1)})
    audio = "audio stream 1 (aac, eng, Feature)"
    for name in ("mp4", "mov"):
        assert losses(source, f"out.{name}") == [
            ("the tags of the video stream (comment)", False),
            (f"the tags of {audio} (comment)", False),
        ]
    target = tmp_path / "out.mp4"
    copy_clip(source, target)
    assert lost_subjects(source, target) == ["video stream tag COMMENT", f"{audio} tag COMMENT"]
    # Matroska keeps all of it, but for what was only true of the old frames.
    copy_clip(source, tmp_path / "out.mkv")
    assert losses(source, "out.mkv") == []
    assert lost_subjects(source, tmp_path / "out.mkv") == []
    with av.open(str(tmp_path / "out.mkv")) as container:
        kept = {key.lower() for key in container.streams[0].metadata}
    assert {"title", "comment"} <= kept
    assert not {"bps-eng", "number_of_frames"} & kept


def test_two_spellings_of_a_language_are_the_same() -> None:
    assert same_language("deu", "ger")
    assert same_language(None, "und")
    assert not same_language("deu", "dut")
    assert quicktime_language("fre") == "fra"
    assert quicktime_language("tlh") is None
