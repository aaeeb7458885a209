"""ResumableOutput: an output that is finished segment by segment, so a killed run can continue."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DamagedWorkError, DscvsrError, FrameCountError
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.resume.manifest import Manifest, Piece
from dscvsr_cli.pipelines.resume.phase import Phase, advance, earlier_manifest, phase_of
from dscvsr_cli.pipelines.resume.publish import publish_joined
from dscvsr_cli.pipelines.resume.segment_series import SegmentSeries
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.resume.state_file import load_state, save_state
from dscvsr_cli.pipelines.resume.work_folder import JOINED, WorkFolder
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.segments.join import check_header, rehearse
from dscvsr_cli.video.segments.segment import check_segment
from dscvsr_cli.video.write.target_file import Naming, check_target, unrecorded

_log = logging.getLogger(__name__)


class ResumableOutput:
    """Takes frames, and between them the states from which the network can continue.

    Use it as a context manager. Frames are encoded into segments in a work folder beside the
    target, and each segment is committed together with the state after it; pieces that were made
    elsewhere are added in any order. When the block ends, the segments are joined with the copied
    streams under the target's name, and the folder is removed. When an exception leaves the block,
    Ctrl-C included, the committed segments stay, and a later run can continue. Segments end at the
    same frames whatever happens, so the file is the one an undisturbed run would have made.

    Args:
        settings: What to make, and how.
        check_input: Raises where the input is not what it was when the run started. It is called
            before anything made from the input is kept, and before the file gets its name.
        naming: Gives the block inside which the file takes its name.
    """

    def __init__(
        self,
        settings: SegmentSettings,
        *,
        check_input: Callable[[], None] = lambda: None,
        naming: Naming = unrecorded,
    ) -> None:
        self.state: StreamState | None = None
        self.damaged_frames = 0
        self.frames_read: int | None = None
        self._settings = settings
        self._target = settings.target
        self._header = ""
        self._check_input = check_input
        self._naming = naming
        self._folder = WorkFolder(settings.target)
        self._manifest = Manifest(
            fingerprint=dict(settings.fingerprint), plan=settings.plan, shift=settings.first_shift
        )
        self._phase = Phase.UNDECIDED
        self._series = self._new_series()

    @property
    def manifest(self) -> Manifest:
        """What is finished."""
        return self._manifest

    @property
    def folder(self) -> Path:
        """Where the segments are."""
        return self._folder.path

    @property
    def header(self) -> str:
        """Digest of the encoder's parameter sets, which all segments must share."""
        return self._header

    @property
    def finished(self) -> tuple[range, ...]:
        """Indices of frames that are whole tasks and need not be made."""
        return self._manifest.finished

    @property
    def plan(self) -> StreamPlan:
        """Window and tile sizes to continue with."""
        return self.state.plan if self.state is not None else self._manifest.plan

    @property
    def ended(self) -> bool:
        """Whether an earlier run has made every frame."""
        return self._phase in (Phase.JOINING, Phase.PUBLISHED)

    @property
    def frames_kept(self) -> int:
        """Frames that stay, whatever happens."""
        return self._manifest.frames

    @property
    def frames_written(self) -> int:
        """Frames in the output so far without a gap, those of earlier runs included."""
        return self._series.next_frame

    @property
    def moved_timestamps(self) -> int:
        """Frames whose timestamp did not come after the previous frame's."""
        return self._series.timeline.moved

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        return self._manifest.lost_packets

    def __enter__(self) -> Self:
        """Lock the work folder, load what an earlier run left, and test the encoder and muxer.

        Raises:
            UsageError: Another run holds the folder; unfinished work must not be touched, or was
                started with other settings; the encoder does not fit.
            DamagedWorkError: What an earlier run left is damaged.
            OutputVideoError: The folder cannot be written, or the muxer refuses.
        """
        self._folder.acquire()
        try:
            self._begin()
            if self._phase is not Phase.PUBLISHED:
                # Another run may have finished the file since somebody looked.
                check_target(self._target, source=None, overwrite=self._settings.overwrite)
                joined = self._folder.path / JOINED
                self._header = rehearse(joined, self._settings.spec, target=self._target)
                check_header(self._header, self._manifest.all_segments)
        except BaseException:
            self._release()
            raise
        self._series = self._new_series()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None:
            self._give_up(exc)
            return
        try:
            self._finish()
        except BaseException as error:
            self._give_up(error)
            raise

    def write(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises:
            OutputVideoError: Encoding or writing failed, for example because the disk is full.
        """
        pieces = self._manifest.pieces
        if pieces and self._series.next_frame >= pieces[0].first_frame:
            raise ValueError(f"frame {self._series.next_frame} was made elsewhere")
        self._series.write(frame)

    def mark(self, state: StreamState) -> None:
        """Note that the network can continue from ``state`` after the last frame written.

        Raises:
            OutputVideoError: Writing failed.
            InputVideoError: The input changed since the run started.
        """
        if not self._series.is_due(state):
            return
        if state.made != self.frames_written:
            raise ValueError(
                f"a state after {state.made} frames, and {self.frames_written} written"
            )
        with reported(self._target):
            if self._series.ends_task(state):
                self._commit(Phase.RESUMING, task_start=state.made)
                return
            name = f"state-{state.made:08}.safetensors"
            save_state(state, self._folder.path / name)
            self._commit(Phase.RESUMING, state=name)

    def adopt(self, piece: Piece) -> None:
        """Add segments that another process has written into the folder.

        Raises:
            OutputVideoError: Writing failed.
            DamagedWorkError: A segment is not there as it should be.
            InputVideoError: The input changed since the run started.
        """
        if self._series.open_frames:
            raise ValueError("a piece can be added only between two segments")
        for segment in piece.segments:
            check_segment(self._folder.path, segment)
        self._check_input()
        manifest = self._manifest.with_piece(piece)
        with reported(self._target):
            self._folder.commit(manifest, tidy=False)
        self._manifest = manifest
        self._phase = advance(self._phase, Phase.RESUMING)
        self._series = self._new_series()

    def _new_series(self) -> SegmentSeries:
        """Return what encodes the frames after those that are finished."""
        manifest = self._manifest
        return SegmentSeries(
            self._folder.path,
            self._settings.spec.picture,
            manifest.timeline(self._settings.spec.picture.source.path),
            least_frames=self._settings.segment_frames,
            first_frame=manifest.frames_in_order,
            task_start=manifest.task_start,
            task_stop=manifest.pieces[0].first_frame if manifest.pieces else None,
        )

    def check(self) -> None:
        """Refuse what entering would refuse because of other runs, and touch nothing.

        Raises:
            UsageError: As on entering.
            DamagedWorkError: What an earlier run left is damaged.
        """
        self._folder.check()
        earlier_manifest(self._target, self._settings.earlier_work, self._manifest.fingerprint)

    def _begin(self) -> None:
        """Enter the phase in which the earlier run ended, or the first."""
        fingerprint = self._manifest.fingerprint
        earlier = earlier_manifest(self._target, self._settings.earlier_work, fingerprint)
        if earlier is None:
            self._phase = advance(self._phase, Phase.FRESH)
            with reported(self._target):
                self._folder.commit(self._manifest)
            return
        phase = phase_of(earlier, self._target)
        if phase is not Phase.PUBLISHED:
            for segment in earlier.all_segments:
                check_segment(self._folder.path, segment)
            self._folder.tidy(earlier)
        if phase is Phase.RESUMING and earlier.state is not None:
            self.state = load_state(self._folder.path / earlier.state)
        self.damaged_frames = earlier.damaged_frames
        self.frames_read = earlier.frames_read
        self._manifest = earlier
        self._phase = advance(self._phase, phase)
        _log.info("%s: continuing after %d frames", self._target, earlier.frames)

    def _commit(
        self, phase: Phase, *, state: str | None = None, task_start: int | None = None
    ) -> None:
        """End the open segment, if there is one, and write down that ``phase`` is reached."""
        self._check_input()
        before, timeline = self._manifest, self._series.timeline
        made = (self._series.finish(),) if self._series.open_frames else ()
        manifest = replace(
            before,
            segments=(*before.segments, *made),
            task_start=before.task_start if task_start is None else task_start,
            state=state,
            shift=timeline.shift,
            last_pts=timeline.last,
            moved_timestamps=timeline.moved,
            damaged_frames=self.damaged_frames,
            frames_read=self.frames_read,
            ended=phase is Phase.JOINING,
        ).with_pieces_in_order()
        self._folder.commit(manifest)
        self._manifest = manifest
        self._series = self._new_series()
        self._phase = advance(self._phase, phase)

    def _finish(self) -> None:
        """Go through the phases that are left."""
        if self._phase in (Phase.FRESH, Phase.RESUMING):
            with reported(self._target):
                self._commit(Phase.JOINING, state=None)
        if self._phase is Phase.JOINING:
            self._manifest = publish_joined(
                self._folder,
                self._manifest,
                self._settings.spec,
                target=self._target,
                overwrite=self._settings.overwrite,
                check_input=self._check_input,
                naming=self._naming,
            )
            self._phase = advance(self._phase, Phase.PUBLISHED)
        else:
            # A version that named its files first may have been killed before it recorded this one.
            with self._naming(self._target):
                pass
        self._folder.discard()

    def _give_up(self, error: BaseException) -> None:
        """Release the folder after an error.

        Raises:
            DscvsrError: The same error, where its hint should say how to continue.
        """
        if isinstance(error, FrameCountError) and self._phase is not Phase.FRESH:
            # What is wrong with these segments would be wrong with them next time.
            self._manifest = replace(self._manifest, segments=(), pieces=())
            self._phase = advance(self._phase, Phase.FRESH)
        kept, in_order = self._manifest.frames, self._manifest.frames_in_order
        self._release()
        if kept and isinstance(error, DscvsrError) and not isinstance(error, DamagedWorkError):
            first = "the first " if kept == in_order else ""
            hint = f"{first}{kept} frames are kept, and --resume continues"
            raise error.with_hint(f"{error.hint}; {hint}" if error.hint else hint) from error

    def _release(self) -> None:
        """Close what is open; remove the folder if nothing in it is worth keeping."""
        self._series.abandon()
        if self._phase is Phase.FRESH:
            self._folder.discard()
            return
        if self._phase is Phase.RESUMING:
            # Another process may have been killed while it wrote here.
            with suppress(OSError):
                self._folder.tidy(self._manifest)
        self._folder.release()
