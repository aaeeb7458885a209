"""What each container holds beside the video, and what a person is asked before work starts."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.containers import CONTAINERS, container_of, pipe_container
from dscvsr_cli.video.display_matrix import quarter_turns
from dscvsr_cli.video.info import StreamInfo, StreamKind, VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import (
    StreamChoices,
    picture_only,
    plan_passthrough,
    refuse_losses,
)
from dscvsr_cli.video.read.probe import probe
from tests.clips import render_kind
from tests.video.outputs import container_named


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    return probe(render_kind("single frame", tmp_path_factory.mktemp("bare")))


def stream(
    kind: StreamKind, codec: str, *, is_cover: bool = False, is_chapter_text: bool = False
) -> StreamInfo:
    return StreamInfo(
        index=1, kind=kind, codec=codec, is_cover=is_cover, is_chapter_text=is_chapter_text
    )


@pytest.mark.parametrize(
    ("kind", "codec", "copied_by"),
    [
        ("audio", "aac", {"mkv", "mp4", "mov", "ts", "m2ts", "flv", "nut"}),
        ("audio", "opus", {"mkv", "mp4", "webm", "ts", "m2ts", "ogv", "nut"}),
        ("audio", "pcm_s16le", {"mkv", "mp4", "mov", "avi", "nut"}),
        ("audio", "truehd", {"mkv"}),
        ("subtitle", "subrip", {"mkv"}),
        ("subtitle", "mov_text", {"mp4", "mov"}),
        ("subtitle", "ass", {"mkv", "nut"}),
        ("subtitle", "hdmv_pgs_subtitle", {"mkv", "m2ts"}),
        ("subtitle", "dvb_subtitle", {"mkv", "ts"}),
        ("attachment", "ttf", {"mkv"}),
        ("data", "bin_data", set()),
        ("subtitle", "", set()),
    ],
)
def test_each_container_holds_what_it_can(
    bare: VideoInfo, kind: StreamKind, codec: str, copied_by: set[str]
) -> None:
    other = stream(kind, codec)
    source = replace(bare, other_streams=(other,))
    for container in CONTAINERS:
        plan = plan_passthrough(source, container)
        assert (plan.copied == (other,)) is (container.label in copied_by)
        assert len(plan.copied) + len(plan.converted) + len(plan.left_out) == 1


@pytest.mark.parametrize(
    ("codec", "container", "becomes"),
    [
        ("subrip", "mp4", "mov_text"),
        ("ass", "mov", "mov_text"),
        ("mov_text", "matroska", "subrip"),
        ("subrip", "webm", "webvtt"),
        ("hdmv_pgs_subtitle", "mp4", None),
        ("subrip", "mpegts", None),
        ("subrip", "avi", None),
    ],
)
def test_text_subtitles_become_the_kind_that_the_container_holds(
    bare: VideoInfo, codec: str, container: str, becomes: str | None
) -> None:
    source = replace(bare, other_streams=(stream("subtitle", codec),))
    plan = plan_passthrough(source, container_named(container))
    assert [one.encoder for one in plan.converted] == ([] if becomes is None else [becomes])
    assert bool(plan.left_out) is (becomes is None)


def test_what_is_lost_is_refused_before_work_with_every_way_out(bare: VideoInfo) -> None:
    others = (
        replace(stream("audio", "truehd"), language="eng"),
        replace(stream("subtitle", "hdmv_pgs_subtitle"), index=2),
        replace(stream("attachment", "ttf"), index=3, title="font.ttf"),
    )
    plan = plan_passthrough(
        replace(bare, other_streams=others, chapter_count=2), container_named("mp4")
    )
    with pytest.raises(UsageError) as caught:
        refuse_losses(plan, "out.mp4", StreamChoices())
    message = caught.value.message
    assert "audio stream 1 (truehd, eng): mp4 files cannot hold truehd" in message
    assert "subtitle stream 2 (hdmv_pgs_subtitle)" in message
    assert "attachment stream 3 (ttf, font.ttf)" in message
    assert caught.value.hint == (
        "use one of -o out.mkv, --drop-unsupported (leaves all of this out); "
        "or for each one: --audio-encoder aac or --no-audio, and --no-subs, and --drop-unsupported"
    )
    refuse_losses(plan, "out.mp4", StreamChoices(drop_unsupported=True))


@pytest.mark.parametrize(
    ("streams", "container", "hint"),
    [
        (
            (stream("audio", "ac3"), stream("audio", "mp3")),
            "webm",
            "use one of -o out.mkv, --audio-encoder libopus, --no-audio, "
            "--drop-unsupported (leaves all of this out)",
        ),
        (
            # What nothing can hold would still be refused in Matroska.
            (stream("audio", "ac3"), stream("subtitle", "")),
            "webm",
            "use --drop-unsupported (leaves all of this out); or for each one: -o out.mkv or "
            "--audio-encoder libopus or --no-audio, and --no-subs",
        ),
    ],
)
def test_an_option_that_settles_only_a_part_is_not_offered_as_settling_all(
    streams: tuple[StreamInfo, ...], container: str, hint: str, bare: VideoInfo
) -> None:
    plan = plan_passthrough(replace(bare, other_streams=streams), container_named(container))
    with pytest.raises(UsageError) as caught:
        refuse_losses(plan, f"out.{container}", StreamChoices())
    assert caught.value.hint == hint


def test_private_data_that_nothing_can_hold_stops_nobody(bare: VideoInfo) -> None:
    plan = plan_passthrough(
        replace(bare, other_streams=(stream("data", "scte_35"),)), container_named("mp4")
    )
    (loss,) = plan.left_out
    refuse_losses(plan, "out.mp4", StreamChoices())
    assert str(loss) == ("data stream 1 (scte_35) will be lost: mp4 files cannot hold scte_35")


def test_data_that_another_container_holds_is_asked_about(bare: VideoInfo) -> None:
    plan = plan_passthrough(
        replace(bare, other_streams=(stream("data", "klv"),)), container_named("mp4")
    )
    with pytest.raises(UsageError, match="klv") as caught:
        refuse_losses(plan, "out.mp4", StreamChoices())
    assert "-o out.ts" in caught.value.hint


def test_what_a_person_leaves_out_is_no_loss(bare: VideoInfo) -> None:
    others = (stream("audio", "truehd"), stream("subtitle", "hdmv_pgs_subtitle"))
    choices = StreamChoices(audio=False, subtitles=False)
    plan = plan_passthrough(replace(bare, other_streams=others), container_named("mp4"), choices)
    assert plan == plan_passthrough(bare, container_named("mp4"))
    frames = container_named("yuv4mpegpipe")
    only = picture_only(replace(bare, other_streams=others), frames, choices)
    assert only == picture_only(bare, frames)


_KINDS: tuple[tuple[StreamKind, str], ...] = (
    ("audio", "truehd"),
    ("subtitle", "mov_text"),
    ("audio", "aac"),
)


def test_a_named_sound_encoder_encodes_all_sound_and_nothing_else(bare: VideoInfo) -> None:
    others = tuple(
        replace(stream(kind, codec), index=index)
        for index, (kind, codec) in enumerate(_KINDS, start=1)
    )
    choices = StreamChoices(audio_encoder="aac", audio_bitrate=192000)
    plan = plan_passthrough(replace(bare, other_streams=others), container_named("mp4"), choices)
    assert [(one.stream.index, one.encoder) for one in plan.converted] == [(1, "aac"), (3, "aac")]
    assert [one.index for one in plan.copied] == [2]
    assert [one.index for one in plan.streams] == [1, 2, 3]
    assert not plan.left_out


def test_audio_of_the_named_encoders_codec_is_copied(bare: VideoInfo) -> None:
    codecs = ("mp3", "opus", "aac")
    others = tuple(
        replace(stream("audio", codec), index=index) for index, codec in enumerate(codecs, 1)
    )
    source = replace(bare, other_streams=others)
    for name, same, encoder in (("aac", 3, "aac"), ("mp3", 1, "libmp3lame")):
        choices = StreamChoices(audio_encoder=name)
        plan = plan_passthrough(source, container_named("mp4"), choices)
        assert [one.index for one in plan.copied] == [same]
        assert {one.encoder for one in plan.converted} == {encoder}
        assert len(plan.converted) == 2


def test_a_sound_encoder_the_container_cannot_hold_is_refused(bare: VideoInfo) -> None:
    with pytest.raises(UsageError, match="webm files cannot hold aac") as caught:
        plan_passthrough(bare, container_named("webm"), StreamChoices(audio_encoder="aac"))
    assert "libopus" in caught.value.hint


@pytest.mark.parametrize("name", ["nonsense", "libx264", "mov_text"])
def test_what_encodes_no_sound_is_no_sound_encoder(name: str) -> None:
    with pytest.raises(UsageError, match="no audio encoder"):
        StreamChoices(audio_encoder=name)


def test_a_bit_rate_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="without --audio-encoder"):
        StreamChoices(audio_bitrate=128000)


def test_a_rotation_that_would_be_lost_is_refused(bare: VideoInfo) -> None:
    half = 32768
    slanted = (half, -half, 0, half, half, 0, 0, 0, 2**30)
    turned = replace(bare, rotation=45, display_matrix=slanted)
    refuse_losses(plan_passthrough(turned, container_named("mp4")), "out.mp4", StreamChoices())
    with pytest.raises(UsageError, match="rotation by 45 degrees"):
        refuse_losses(
            plan_passthrough(turned, container_named("mpegts")), "out.ts", StreamChoices()
        )


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_turn_by_quarters_is_lost_nowhere(bare: VideoInfo, degrees: int) -> None:
    turned = replace(bare, rotation=degrees, display_matrix=quarter_turns(degrees))
    for name in ("mp4", "mpegts", "avi", "gif", "yuv4mpegpipe"):
        assert not plan_passthrough(turned, container_named(name)).left_out


def test_covers_go_where_covers_can_be(bare: VideoInfo) -> None:
    source = replace(bare, other_streams=(stream("video", "mjpeg", is_cover=True),))
    assert plan_passthrough(source, container_named("mp4")).copied
    assert not plan_passthrough(source, container_named("webm")).copied


def test_the_hidden_chapter_track_is_neither_copied_nor_mourned(bare: VideoInfo) -> None:
    hidden = stream("data", "bin_data", is_chapter_text=True)
    plan = plan_passthrough(
        replace(bare, other_streams=(hidden,), chapter_count=3), container_named("mp4")
    )
    assert not plan.copied
    assert not plan.left_out
    assert plan.chapters


def test_transport_streams_have_no_chapters(bare: VideoInfo) -> None:
    assert not plan_passthrough(replace(bare, chapter_count=3), container_named("mpegts")).chapters
    assert plan_passthrough(bare, container_named("mpegts")).chapters


def test_an_unknown_container_is_refused() -> None:
    with pytest.raises(UsageError, match="asf"):
        container_of(Path("out.asf"))
    with pytest.raises(UsageError, match="asf"):
        pipe_container("asf")


@pytest.mark.parametrize("name", ["a.MP4", "a.m4v", "a.mkv", "a.webm", "a.mov", "a.m2ts"])
def test_the_suffix_chooses_the_container_and_a_fitting_encoder(name: str) -> None:
    container = container_of(Path(name))
    assert av.ContainerFormat(container.name, "w").is_output
    assert av.Codec(container.picture_encoder, "w").type == "video"
    assert (container.picture_encoder == "libvpx-vp9") is name.endswith("webm")


@pytest.mark.parametrize(
    "name", [table.name for table in CONTAINERS if table.name not in ("mpegts", "ogg")]
)
def test_libav_agrees_with_our_tables(name: str) -> None:
    # MPEG-TS and Ogg are missing here because libav itself has no lists for them.
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
