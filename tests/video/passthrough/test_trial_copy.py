"""What a muxer refuses is known before work, stream by stream and all together."""

import io
from functools import partial
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.passthrough import trial_copy
from dscvsr_cli.video.passthrough.passthrough_plan import PassthroughPlan
from dscvsr_cli.video.read.probe import probe
from tests.clips import CLIPS, Clip, picture, render, render_two
from tests.commands import upscale_with
from tests.helpers import packet_payloads
from tests.transport import without_pid

MATROSKA = container_of(Path("out.mkv"))

try_copying = partial(
    trial_copy.try_copying, add_picture=lambda output: output.add_stream("libx264", rate=25)
)


def test_a_stream_that_the_muxer_refuses_is_named_before_work(tmp_path: Path) -> None:
    clip = Clip(suffix=".ts", sound_seconds=0.4, sound_encoder="ac3", sound_tracks=2)
    source = probe(without_pid(render(clip, tmp_path), 0x102))
    wanted = PassthroughPlan(copied=source.other_streams)

    with pytest.raises(UsageError, match=r"audio stream 2 \(ac3, fra\) cannot be brought over"):
        try_copying(source, wanted, MATROSKA)

    agreed = PassthroughPlan(copied=source.other_streams, drop_unsupported=True)
    plan = try_copying(source, agreed, MATROSKA)
    assert [stream.index for stream in plan.copied] == [1]
    assert [loss.stream for loss in plan.left_out] == [source.other_streams[1]]


@pytest.mark.parametrize("kind", sorted(CLIPS))
def test_what_can_be_copied_passes(kind: str, tmp_path: Path) -> None:
    clip = CLIPS[kind]
    source = probe(render(clip, tmp_path))
    wanted = PassthroughPlan(copied=source.other_streams)

    assert try_copying(source, wanted, container_of(Path(f"out{clip.suffix}"))) == wanted


def test_a_stream_for_which_there_is_no_room_beside_the_picture_is_named_before_work(
    tmp_path: Path,
) -> None:
    source = probe(render_two([Clip(), Clip()], tmp_path))
    wanted = PassthroughPlan(copied=source.other_streams)
    camera = container_of(Path("out.m2ts"))

    with pytest.raises(UsageError, match=r"video stream 1 \(h264\) cannot .* have no room for it"):
        try_copying(source, wanted, camera)

    assert try_copying(source, wanted, container_of(Path("out.ts"))) == wanted
    agreed = PassthroughPlan(copied=source.other_streams, drop_unsupported=True)
    plan = try_copying(source, agreed, camera)
    assert plan.copied == ()
    assert [loss.stream for loss in plan.left_out] == list(source.other_streams)


@pytest.mark.parametrize(("codec", "pixel_format"), [("png", "rgb24"), ("gif", "rgb8")])
def test_a_cover_in_a_codec_that_matroska_has_no_track_for_is_an_attached_file(
    codec: str, pixel_format: str, weights: Path, tmp_path: Path
) -> None:
    written = io.BytesIO()
    with av.open(written, "w", format="gif" if codec == "gif" else "image2pipe") as output:
        stream = output.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 32, 32, pixel_format
        drawn = av.VideoFrame.from_ndarray(picture(0, 32, 32), format="rgb24")
        output.mux([*stream.encode(drawn.reformat(format=pixel_format)), *stream.encode(None)])
    cover = written.getvalue()
    source = tmp_path / "covered.mkv"
    with av.open(str(render(Clip(), tmp_path))) as old, av.open(str(source), "w") as new:
        twin = new.add_stream_from_template(old.streams[0])
        new.add_attachment(f"cover.{codec}", f"image/{codec}", cover)
        for packet in old.demux():
            if packet.size:
                packet.stream = twin
                new.mux(packet)
    (found,) = probe(source).other_streams
    assert (found.is_cover, found.codec) == (True, codec)

    target = tmp_path / "out.mkv"
    assert upscale_with(weights, source, "-o", target) == 0

    assert packet_payloads(target, "video")[1:] == [[cover]]


def test_a_font_and_subtitles_pass(tmp_path: Path) -> None:
    clip = Clip(suffix=".mkv", subtitles=("one",), attachment=b"font" * 99, sound_seconds=0.1)
    source = probe(render(clip, tmp_path))
    wanted = PassthroughPlan(copied=source.other_streams)

    assert try_copying(source, wanted, MATROSKA) == wanted
