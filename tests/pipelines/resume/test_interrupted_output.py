"""The contract of an output in segments: whole under its name or as before, and resumable."""

from pathlib import Path

import pytest
import torch

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.resume.phase import EarlierWork
from dscvsr_cli.pipelines.resume.resumable_output import ResumableOutput
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.picture_spec import settle_picture
from tests.clips import render_kind
from tests.ctrl_c import CtrlC, ctrl_c_before_line
from tests.video.write.writing import FAST

OLD = b"precious"
WHERE_IT_IS_WRITTEN = (
    "/dscvsr_cli/pipelines/resume/",
    "/dscvsr_cli/video/segments/",
    "/dscvsr_cli/video/write/target_file.py",
    "/dscvsr_cli/video/write/partial_output.py",
    "/dscvsr_cli/durable.py",
)
MOST_POINTS = 40
FRAMES = 2


def write(target: Path, source: VideoInfo, earlier_work: EarlierWork) -> None:
    picture = settle_picture(source, container_of(target), height=48, width=64, options=FAST)
    settings = SegmentSettings(
        target=target,
        spec=OutputSpec(picture=picture, others=None),
        fingerprint={},
        plan=StreamPlan(),
        segment_frames=FRAMES,
        earlier_work=earlier_work,
        overwrite=True,
    )
    with ResumableOutput(settings) as output:
        if not output.ended:
            for index in range(output.frames_written, FRAMES):
                output.write(Frame(pixels=torch.full((3, 48, 64), 0.5), pts=512 * index))


# A file that is being opened when Ctrl-C comes is closed only by the garbage collector.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:.*_io.FileIO")
def test_ctrl_c_at_any_line_damages_nothing_and_a_later_run_finishes(tmp_path: Path) -> None:
    source = probe(render_kind("constant", tmp_path))
    target = tmp_path / "out.mp4"
    with ctrl_c_before_line(None, WHERE_IT_IS_WRITTEN) as lines:
        write(target, source, EarlierWork.REFUSE)
    whole = target.read_bytes()
    for number in range(0, len(lines), max(1, len(lines) // MOST_POINTS)):
        target.write_bytes(OLD)
        with pytest.raises(CtrlC), ctrl_c_before_line(number, WHERE_IT_IS_WRITTEN):
            write(target, source, EarlierWork.REFUSE)
        assert target.read_bytes() in (OLD, whole), f"damaged by Ctrl-C at {lines[number]}"
        write(target, source, EarlierWork.RESUME)
        assert target.read_bytes() == whole, f"not resumed after Ctrl-C at {lines[number]}"
        assert sorted(tmp_path.iterdir()) == [source.path, target], lines[number]
