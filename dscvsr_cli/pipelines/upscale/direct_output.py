"""DirectOutput: an output that is written in one go and cannot be resumed."""

from types import TracebackType
from typing import Self

from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.video.write.frame_writer import FrameWriter
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.sequence_writer import SequenceWriter
from dscvsr_cli.video.write.target_file import Naming
from dscvsr_cli.video.write.writer import VideoWriter
from dscvsr_cli.video.write.y4m_writer import Y4mWriter


class DirectOutput:
    """An output that is written in one go and cannot be resumed.

    Args:
        writer: Writes the frames.
        plan: Window and tile sizes.
    """

    state: StreamState | None = None
    finished = ()
    ended = False
    frames_kept = 0

    def __init__(self, writer: FrameWriter, plan: StreamPlan) -> None:
        self.plan = plan
        self.damaged_frames = 0
        self.frames_read: int | None = None
        self._writer = writer

    @property
    def frames_written(self) -> int:
        """Frames in the output so far."""
        return self._writer.frames_written

    @property
    def moved_timestamps(self) -> int:
        """Frames whose timestamp did not come after the previous frame's."""
        return self._writer.moved_timestamps

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        return self._writer.lost_packets

    def __enter__(self) -> Self:
        """Open the writer."""
        self._writer.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the output, or give it up."""
        self._writer.__exit__(exc_type, exc, traceback)

    def check(self) -> None:
        """Refuse nothing: no other run leaves anything for this one."""

    def write(self, frame: Frame) -> None:
        """Take the next frame."""
        self._writer.write(frame)

    def mark(self, state: StreamState) -> None:
        """Ignore the state: nothing can be resumed."""


def direct_output(ready: PreparedJob, naming: Naming) -> DirectOutput:
    """Return the output of a job that writes in one go, still to be entered.

    Args:
        ready: The job.
        naming: Gives the block inside which the output takes its name.
    """
    return DirectOutput(_writer(ready, naming), ready.network.stream_plan)


def _writer(ready: PreparedJob, naming: Naming) -> FrameWriter:
    job, target = ready.job, ready.target
    if target.names is not None:
        return SequenceWriter(target.names, target.picture, overwrite=job.overwrite, naming=naming)
    if target.container.frames_only:
        return Y4mWriter(target.destination, target.picture, overwrite=job.overwrite, naming=naming)
    spec = OutputSpec(picture=target.picture, others=ready.others, span=job.reading.span)
    return VideoWriter(target.destination, spec, overwrite=job.overwrite, naming=naming)
