"""ResumableOutput: an output that is finished piece by piece, so that a killed run can go on."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from dscvsr_cli.engine.plan import StreamPlan
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.errors import DscvsrError, FrameCountError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.pipelines.resume.state_file import load_state, save_state
from dscvsr_cli.pipelines.resume.work_folder import (
    JOINED,
    WorkFolder,
    check_leftover,
    file_identity,
    is_published,
    read_manifest,
)
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.segments.join import check_header, join_segments, rehearse
from dscvsr_cli.video.segments.segment import SegmentWriter, check_segment
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.target_file import PartialFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions:
    """What to do about the work of an earlier run."""

    resume: bool = False
    """Go on from it."""

    restart: bool = False
    """Throw it away."""

    overwrite: bool = False
    """Replace a finished file of the target's name."""


class ResumableOutput:
    """Takes frames, and between them the states that the network can go on from.

    Use it as a context manager. The picture is encoded into segments in a work folder beside the
    target; at the first state after ``segment_frames`` frames a segment ends and is committed
    together with that state. Leaving the block joins the segments beside the copied streams under
    the target's name and removes the folder. When an exception leaves it, Ctrl-C included, the
    committed segments stay, and a later run with ``resume`` goes on behind them; since segments end
    at the same frames whatever happens, the file is the one an undisturbed run would have made.

    Args:
        target: The file to make.
        spec: What it will hold.
        begun_with: In words, everything that decides the pictures.
        plan: The sizes of the pieces, where nothing is resumed.
        segment_frames: Least number of frames in a segment but the last.
        first_shift: Units by which the output's times differ from the input's at first.
        options: What to do about the work of an earlier run.
    """

    def __init__(
        self,
        target: Path,
        *,
        spec: OutputSpec,
        begun_with: Mapping[str, str],
        plan: StreamPlan,
        segment_frames: int,
        first_shift: int = 0,
        options: ResumeOptions,
    ) -> None:
        self.state: StreamState | None = None
        self.damaged_frames = 0
        self._target = target
        self._spec = spec
        self._segment_frames = segment_frames
        self._options = options
        self._folder = WorkFolder(target)
        self._manifest = Manifest(begun_with=dict(begun_with), plan=plan, shift=first_shift)
        self._timeline = Timeline(name=spec.picture.source.path)
        self._segment: SegmentWriter | None = None
        self._published = False
        self._owned = False

    @property
    def plan(self) -> StreamPlan:
        """The sizes of the pieces to work in."""
        return self.state.plan if self.state is not None else self._manifest.plan

    @property
    def ended(self) -> bool:
        """Whether an earlier run has made every frame already."""
        return self._manifest.ended

    @property
    def frames_kept(self) -> int:
        """Frames that are safe, whatever happens."""
        return self._manifest.frames

    @property
    def frames_written(self) -> int:
        """Frames in the output so far, those of earlier runs included."""
        return self._manifest.frames + (self._segment.frames if self._segment else 0)

    @property
    def moved_timestamps(self) -> int:
        """Pictures whose time did not lie after their predecessor's."""
        return self._timeline.moved

    def __enter__(self) -> Self:
        """Take the work folder, go on from what is in it, and try the output out.

        Raises:
            UsageError: Another run is at work; an unfinished output must not be touched or was
                begun differently; the encoder does not fit.
            OutputVideoError: The folder cannot be written, or the muxer refuses.
        """
        self._folder.acquire()
        try:
            leftover = self._leftover()
            if leftover is None:
                self._owned = True
                with reported(self._target):
                    self._folder.commit(self._manifest)
            else:
                self._take_up(leftover)
            if not self._published:
                header = rehearse(self._folder.path / JOINED, self._spec, target=self._target)
                check_header(header, self._manifest.segments)
        except BaseException:
            self._let_go()
            raise
        self._timeline = Timeline(
            name=self._spec.picture.source.path,
            shift=self._manifest.shift,
            last=self._manifest.last_pts,
            moved=self._manifest.moved_timestamps,
        )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            try:
                self._finish()
            except BaseException as error:
                self._give_up(error)
                raise
        elif exc is not None:
            self._give_up(exc)

    def write(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises:
            OutputVideoError: Encoding or writing failed, a full disk for example.
        """
        if self._segment is None:
            path = self._folder.path / f"segment-{len(self._manifest.segments):05}.packets"
            self._segment = SegmentWriter(path, self._spec.picture, self._timeline)
        self._segment.write(frame)

    def mark(self, state: StreamState) -> None:
        """Note that the network can go on from ``state`` behind the last frame written.

        Raises:
            OutputVideoError: Writing failed.
        """
        if self._segment is None or self._segment.frames < self._segment_frames:
            return
        if state.made != self.frames_written:
            raise ValueError(
                f"a state after {state.made} frames, and {self.frames_written} written"
            )
        with reported(self._target):
            name = f"state-{len(self._manifest.segments):05}.safetensors"
            save_state(state, self._folder.path / name)
            self._end_segment(state=name)

    def _leftover(self) -> Manifest | None:
        if self._options.restart:
            return None
        leftover = read_manifest(self._target)
        if leftover is None:
            return None
        if not self._options.resume:
            if is_published(self._target):
                return None
            raise UsageError(
                f"an earlier run has made {leftover.frames} frames of {self._target} "
                "and was interrupted",
                hint="add --resume to go on from there, or --restart to begin anew",
            )
        return leftover

    def _take_up(self, leftover: Manifest) -> None:
        check_leftover(self._target, leftover, self._manifest.begun_with)
        self._published = is_published(self._target)
        if not self._published:
            for segment in leftover.segments:
                check_segment(self._folder.path, segment)
            if leftover.state is not None and not leftover.ended:
                self.state = load_state(self._folder.path / leftover.state)
        self.damaged_frames = leftover.damaged_frames
        self._manifest = leftover
        _log.info("%s: going on after %d frames", self._target, leftover.frames)

    def _end_segment(self, *, state: str | None, ended: bool = False) -> None:
        segments = self._manifest.segments
        if self._segment is not None:
            segments = (*segments, self._segment.finish())
        manifest = replace(
            self._manifest,
            segments=segments,
            state=state,
            shift=self._timeline.shift,
            last_pts=self._timeline.last,
            moved_timestamps=self._timeline.moved,
            damaged_frames=self.damaged_frames,
            ended=ended,
        )
        self._folder.commit(manifest)
        self._manifest, self._segment = manifest, None

    def _finish(self) -> None:
        if not self._published:
            with reported(self._target):
                if not self._manifest.ended:
                    self._end_segment(state=None, ended=True)
            self._join()
        self._folder.discard()

    def _join(self) -> None:
        joined = self._folder.path / JOINED
        join_segments(
            self._folder.path,
            self._manifest.segments,
            joined,
            self._spec,
            shift=self._manifest.shift,
            target=self._target,
        )
        with reported(self._target):
            self._manifest = replace(self._manifest, joined=file_identity(joined))
            self._folder.commit(self._manifest)
        PartialFile(self._target, overwrite=self._options.overwrite, path=joined).publish()

    def _give_up(self, error: BaseException) -> None:
        kept = self._manifest.frames
        if isinstance(error, FrameCountError):
            # What is wrong with these pieces would be wrong with them next time.
            self._manifest = replace(self._manifest, segments=())
            self._owned = True
        elif kept and isinstance(error, DscvsrError) and "--restart" not in error.hint:
            goes_on = f"the first {kept} frames are kept, and --resume goes on from there"
            error.hint = f"{error.hint}; {goes_on}" if error.hint else goes_on
        self._let_go()

    def _let_go(self) -> None:
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
        if self._owned and not self._manifest.frames:
            self._folder.discard()
        else:
            self._folder.release()
