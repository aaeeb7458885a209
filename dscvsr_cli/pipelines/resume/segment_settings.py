"""SegmentSettings: what decides the segments of an output that can be resumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.pipelines.resume.phase import EarlierWork
from dscvsr_cli.video.write.muxer import OutputSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSettings:
    """What decides the segments of an output; equal ones make equal segments, on any machine."""

    target: Path
    """The file to make."""
    spec: OutputSpec
    """What it will hold."""
    fingerprint: Mapping[str, str]
    """In words, everything that decides the frames."""
    plan: StreamPlan
    """Window and tile sizes, unless an earlier run is continued."""
    segment_frames: int
    """Least number of frames of a task, and of a segment inside a scene."""
    first_shift: int = 0
    """Output timestamps minus input timestamps at the first frame."""
    earlier_work: EarlierWork = EarlierWork.REFUSE
    """What to do with the unfinished work of an earlier run."""
    overwrite: bool = False
    """Whether to replace a file of the target's name."""
