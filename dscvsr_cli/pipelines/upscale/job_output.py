"""The output of a job: made of segments that can be resumed, or written in one go."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.resume.input_watch import InputWatch
from dscvsr_cli.pipelines.resume.phase import EarlierWork
from dscvsr_cli.pipelines.resume.resumable_output import ResumableOutput
from dscvsr_cli.pipelines.upscale.fingerprint import job_fingerprint
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.pipelines.upscale.target import writes_in_one_go
from dscvsr_cli.video.timestamps import span_shift
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.sequence_writer import SequenceWriter
from dscvsr_cli.video.write.target_file import Naming
from dscvsr_cli.video.write.writer import VideoWriter
from dscvsr_cli.video.write.y4m_writer import Y4mWriter

_SEGMENT_PIXELS = {"cpu": 150_000_000}
"""Output pixels of a segment, by device type: about half a minute of work.

A segment costs a keyframe and, after a crash, half of its work on average. The speed is not
measured, for then no two runs would end their segments at the same frames.
"""

_SEGMENT_PIXELS_ON_A_GPU = 2_500_000_000

_LEAST_FRAMES = 48

_MOST_FRAMES = 2400


def checkpoint_frames(size: Size, device_type: str) -> int:
    """Return the least number of frames of a segment.

    Args:
        size: Size of the output.
        device_type: "cpu", "cuda" or "mps".
    """
    pixels = _SEGMENT_PIXELS.get(device_type, _SEGMENT_PIXELS_ON_A_GPU)
    frames = pixels // (size.height * size.width)
    return max(_LEAST_FRAMES, min(_MOST_FRAMES, frames))


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


class FrameWriter(Protocol):
    """A writer that cannot be resumed, such as ``VideoWriter``."""

    frames_written: int

    @property
    def moved_timestamps(self) -> int:
        """Frames whose timestamp did not come after the previous frame's."""
        ...

    def __enter__(self) -> Self:
        """Check and open everything."""
        ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Finish the output, or give it up."""
        ...

    def write(self, frame: Frame, /) -> None:
        """Take the next frame."""
        ...


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

    def __enter__(self) -> Self:
        """Open the writer."""
        self._writer.__enter__()
        return self

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        # Pictures and bare frames have nothing else to lose.
        return self._writer.lost_packets if isinstance(self._writer, VideoWriter) else 0

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
        return DirectOutput(_direct_writer(ready, naming), ready.network.stream_plan)
    return segment_settings(ready).open(ready.watch, naming)


def known_scene_starts(output: Output) -> frozenset[int]:
    """Return where scenes start by what is finished; thumbnails need not be equal everywhere."""
    borders = {border for span in output.finished for border in (span.start, span.stop)}
    if output.state is not None:
        borders.add(output.state.made - output.state.position)
    return frozenset(borders)


def _earlier_work(job: UpscaleJob) -> EarlierWork:
    if job.restart:
        return EarlierWork.RESTART
    return EarlierWork.RESUME if job.resume else EarlierWork.REFUSE


def _direct_writer(ready: PreparedJob, naming: Naming) -> FrameWriter:
    job, target = ready.job, ready.target
    if target.names is not None:
        return SequenceWriter(target.names, target.picture, overwrite=job.overwrite, naming=naming)
    if target.container.frames_only:
        return Y4mWriter(target.destination, target.picture, overwrite=job.overwrite, naming=naming)
    spec = OutputSpec(picture=target.picture, others=ready.others, span=job.reading.span)
    return VideoWriter(target.destination, spec, overwrite=job.overwrite, naming=naming)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSettings:
    """What decides the segments of a job; equal ones make equal segments, on any machine."""

    target: Path
    """The file to make."""
    spec: OutputSpec
    fingerprint: Mapping[str, str]
    plan: StreamPlan
    segment_frames: int
    first_shift: int
    earlier_work: EarlierWork
    overwrite: bool

    def open(self, watch: InputWatch, naming: Naming) -> ResumableOutput:
        """Return the output, still to be entered.

        Args:
            watch: Of the input, on this machine.
            naming: Gives the block inside which the file takes its name.
        """
        return ResumableOutput(
            self.target,
            spec=self.spec,
            fingerprint=self.fingerprint,
            plan=self.plan,
            segment_frames=self.segment_frames,
            first_shift=self.first_shift,
            earlier_work=self.earlier_work,
            overwrite=self.overwrite,
            check_input=watch.check,
            naming=naming,
        )


def segment_settings(ready: PreparedJob) -> SegmentSettings:
    """Return what decides the segments of a job that does not write in one go."""
    job, target, watch = ready.job, ready.target, ready.watch
    if watch is None:
        raise ValueError("a pipe cannot be read again, so its output cannot be resumed")
    segment_frames = job.checkpoint_frames or checkpoint_frames(
        target.size, ready.network.device.type
    )
    span = job.reading.span
    return SegmentSettings(
        target=target.destination.file,
        spec=OutputSpec(picture=target.picture, others=ready.others, span=span),
        fingerprint=job_fingerprint(
            job,
            target,
            ready.network.loaded,
            identity=watch.identity,
            device=ready.network.device,
            dtype=ready.plan.dtype,
            runtime=ready.plan.runtime,
            segment_frames=segment_frames,
        ),
        plan=ready.network.stream_plan,
        segment_frames=segment_frames,
        first_shift=span_shift(target.picture.source, span, target.picture.timing.time_base),
        earlier_work=_earlier_work(job),
        overwrite=job.overwrite,
    )
