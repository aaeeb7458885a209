"""The output of a job: made of segments that can be resumed, or written in one go."""

from contextlib import AbstractContextManager
from typing import Protocol

from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.resume.resumable_output import ResumableOutput
from dscvsr_cli.pipelines.upscale.direct_output import direct_output
from dscvsr_cli.pipelines.upscale.plan_segments import segment_settings
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.pipelines.upscale.target import writes_in_one_go
from dscvsr_cli.video.write.target_file import Naming


class Output(AbstractContextManager["Output"], Protocol):
    """Takes the frames of a job; leaving its block without an exception finishes it."""

    damaged_frames: int
    """Frames that could not be decoded; set it before the end, to be stored with the output."""

    frames_read: int | None
    """Frames that the reader counted; set it before the end, to be stored with the output."""

    @property
    def state(self) -> StreamState | None:
        """The state to continue from; None at the beginning."""
        ...

    @property
    def plan(self) -> StreamPlan:
        """Window and tile sizes to continue with."""
        ...

    @property
    def finished(self) -> tuple[range, ...]:
        """Indices of frames, in whole scenes, that need not be made."""
        ...

    @property
    def ended(self) -> bool:
        """Whether an earlier run has made every frame."""
        ...

    @property
    def frames_written(self) -> int:
        """Frames in the output so far."""
        ...

    @property
    def frames_kept(self) -> int:
        """Frames that a later run does not have to make again."""
        ...

    @property
    def moved_timestamps(self) -> int:
        """Frames whose timestamp did not come after the previous frame's."""
        ...

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        ...

    def check(self) -> None:
        """Refuse what entering would refuse because of other runs, and touch nothing."""
        ...

    def write(self, frame: Frame) -> None:
        """Take the next frame."""
        ...

    def mark(self, state: StreamState) -> None:
        """Take the state after the last frame written."""
        ...


def open_output(ready: PreparedJob, naming: Naming) -> Output:
    """Return the output of a job, still to be entered.

    Args:
        ready: The job.
        naming: Gives the block inside which the output takes its name.

    Raises:
        UsageError: Options that do not fit together.
        InputVideoError: The input can no longer be read.
    """
    if ready.watch is None or writes_in_one_go(ready.target):
        return direct_output(ready, naming)
    settings = segment_settings(ready)
    return ResumableOutput(settings, check_input=ready.watch.check, naming=naming)


def known_scene_starts(output: Output) -> frozenset[int]:
    """Return where scenes start by what is finished; thumbnails need not be equal everywhere."""
    borders = {border for span in output.finished for border in (span.start, span.stop)}
    if output.state is not None:
        borders.add(output.state.made - output.state.position)
    return frozenset(borders)
