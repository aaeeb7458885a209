"""Joining: segments become one file with every frame at its time, or a clear refusal."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.passthrough.passthrough_plan import plan_passthrough
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.segments.join import join_segments, rehearse
from dscvsr_cli.video.segments.segment import Segment, SegmentWriter, check_segment
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.picture_spec import settle_picture
from tests.clips import render_kind
from tests.helpers import decoded_pts, packet_payloads
from tests.video.outputs import FAST

PTS = (0, 512, 1100, 1536, 4096, 4608, 5000)


@pytest.fixture
def spec(tmp_path: Path) -> OutputSpec:
    source = probe(render_kind("sound", tmp_path))
    container = container_of(Path("out.mp4"))
    picture = settle_picture(source, container, height=48, width=64, options=FAST)
    return OutputSpec(picture=picture, others=plan_passthrough(source, container))


def encode(folder: Path, spec: OutputSpec) -> list[Segment]:
    timeline, segments = Timeline(name=Path("clip")), []
    for number, times in enumerate((PTS[:3], PTS[3:])):
        writer = SegmentWriter(folder / f"{number}.packets", spec.picture, timeline)
        for pts in times:
            writer.write(Frame(pixels=torch.full((3, 48, 64), 0.5), pts=pts))
        segments.append(writer.finish())
    return segments


def test_every_frame_keeps_its_time_and_audio_is_copied(spec: OutputSpec, tmp_path: Path) -> None:
    segments, target = encode(tmp_path, spec), tmp_path / "out.mp4"
    assert [one.frames for one in segments] == [3, 4]
    assert [(one.first_pts, one.last_pts) for one in segments] == [(0, 1100), (1536, 5000)]
    join_segments(tmp_path, segments, target, spec, shift=0, target=target)
    assert decoded_pts(target) == list(PTS)
    source = spec.picture.source.path
    assert packet_payloads(target, "audio") == packet_payloads(source, "audio")


def test_segments_of_another_encoder_are_refused(spec: OutputSpec, tmp_path: Path) -> None:
    first, second = encode(tmp_path, spec)
    strange = replace(second, header="0" * 64)
    target = tmp_path / "out.mp4"
    with pytest.raises(OutputVideoError, match="another release of the encoder") as caught:
        join_segments(tmp_path, [first, strange], target, spec, shift=0, target=target)
    assert "--restart" in caught.value.hint


def test_a_rehearsal_leaves_nothing_and_has_the_header_of_the_segments(
    spec: OutputSpec, tmp_path: Path
) -> None:
    trial = tmp_path / "trial.mp4"
    header = rehearse(trial, spec, target=trial)
    assert not trial.exists()
    assert {one.header for one in encode(tmp_path, spec)} == {header}


def test_a_segment_that_lost_its_end_is_noticed(spec: OutputSpec, tmp_path: Path) -> None:
    segment, _ = encode(tmp_path, spec)
    check_segment(tmp_path, segment)
    path = tmp_path / segment.name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OutputVideoError, match="missing or damaged"):
        check_segment(tmp_path, segment)
