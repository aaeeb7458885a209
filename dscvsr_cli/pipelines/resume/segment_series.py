"""SegmentSeries: frames encoded into segments that end where the same segments always end.

A task is a group of whole scenes: it ends with the first scene that fills it, and a segment ends
with it. In a long scene segments also end between two windows. So the segments of a task do not
depend on who makes it, nor on what was made before, and any machine can make the next one.
"""

from pathlib import Path

from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.segments.segment import Segment, SegmentWriter
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.picture_spec import PictureSpec


class SegmentSeries:
    """Encodes frames into one segment after another.

    Args:
        folder: Where their files go.
        picture: What every frame is.
        timeline: Gives the frames their times.
        least_frames: Least number of frames of a task, and of a segment inside a scene.
        first_frame: Index in the output of the first frame to come.
        task_start: Index of the first frame of the task that it belongs to.
        task_stop: Index of the first frame that was made elsewhere; the task ends before it.
        mark: Added to the names of the files, if several runs write into one folder.
    """

    def __init__(
        self,
        folder: Path,
        picture: PictureSpec,
        timeline: Timeline,
        *,
        least_frames: int,
        first_frame: int = 0,
        task_start: int = 0,
        task_stop: int | None = None,
        mark: str = "",
    ) -> None:
        self.timeline = timeline
        self._task_start = task_start
        self._task_stop = task_stop
        self._folder = folder
        self._picture = picture
        self._least_frames = least_frames
        self._segment_start = first_frame
        self._mark = mark
        self._open: SegmentWriter | None = None

    @property
    def open_frames(self) -> int:
        """Frames of the open segment; 0 if none is open."""
        return self._open.frames if self._open else 0

    @property
    def next_frame(self) -> int:
        """Index in the output of the next frame."""
        return self._segment_start + self.open_frames

    def write(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises:
            OutputVideoError: Encoding or writing failed, for example because the disk is full.
        """
        if self._open is None:
            path = self._folder / f"segment-{self._segment_start:08}{self._mark}.packets"
            self._open = SegmentWriter(path, self._picture, self.timeline)
        self._open.write(frame)

    def is_due(self, state: StreamState) -> bool:
        """Return whether the open segment ends at ``state``, which follows its last frame."""
        return self.open_frames > 0 and (
            self.open_frames >= self._least_frames or self.ends_task(state)
        )

    def ends_task(self, state: StreamState) -> bool:
        """Return whether the task ends at ``state``."""
        made = self.next_frame - self._task_start
        return state.ends_scene and (
            made >= self._least_frames or self.next_frame == self._task_stop
        )

    def finish(self) -> Segment:
        """End the open segment, which is then on the disk under its name.

        Raises:
            OutputVideoError: Writing failed.
            FrameCountError: The encoder gave fewer frames than it got.
        """
        if self._open is None:
            raise ValueError("no segment is open")
        segment = self._open.finish()
        self._segment_start += segment.frames
        self._open = None
        return segment

    def abandon(self) -> None:
        """Remove the unfinished file of the open segment."""
        if self._open is not None:
            self._open.abandon()
            self._open = None
