"""FilmScan: the pass before the work; it decodes a film, finds its scenes and cuts it into tasks.

No network is needed for it. It also notes what lets any machine make a task on its own: when each
frame is shown, what it roughly looks like, and which time the output's clock has come to.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from dscvsr_cli.engine.scene_tasks import SceneTask, group_scenes, scene_lengths
from dscvsr_cli.engine.scenes import find_scene_starts, thumbnail
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.video.timestamps import OutputTiming, Timeline

_GLANCE_SIDE: Final = 4
_GLANCE_BYTES: Final = 3 * _GLANCE_SIDE**2
_GLANCE_CODES: Final = 255
_GLANCE_TOLERANCE: Final = 2
"""Processors round differently; another frame, or one whose references were missing, is further
away, unless it looks the same anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmTask:
    """Whole scenes of a film, and all that is needed to make them apart from the rest."""

    scenes: SceneTask
    pts: tuple[int, ...]
    """Time of each frame, on the input's clock."""
    glances: bytes
    """What each frame roughly looks like, from ``glance``."""
    can_seek: bool
    """Whether times only rise up to the end of the task, so that a time finds its frame."""
    timeline: Timeline
    """The output's clock before the first frame that is to be made."""
    last_pts: int
    """Time of its last frame on the output's clock."""
    done: int = 0
    """Frames of it that an earlier run made."""
    state: str | None = None
    """Name of the file with the network's state after them."""

    def matches(self, index: int, frame: Frame) -> bool:
        """Return whether a decoded frame is the one at ``index`` in the task."""
        if index >= len(self.pts) or frame.pts != self.pts[index]:
            return False
        seen = self.glances[index * _GLANCE_BYTES : (index + 1) * _GLANCE_BYTES]
        now = glance(thumbnail(frame.pixels))
        return all(abs(a - b) <= _GLANCE_TOLERANCE for a, b in zip(seen, now, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A decoded frame as a scan sees it."""

    pts: int
    """On the input's clock."""
    thumbnail: Tensor
    """(3, 32, 32) float32."""


def see(frames: Iterable[Frame]) -> Iterator[Seen]:
    """Yield what a scan sees of decoded frames."""
    for frame in frames:
        yield Seen(pts=frame.pts, thumbnail=thumbnail(frame.pixels))


def rest_of(task: FilmTask, manifest: Manifest) -> FilmTask:
    """Return a task without the frames of it that an earlier run made."""
    done = manifest.frames_in_order - manifest.task_start
    if done == 0 or task.scenes.first_frame != manifest.task_start:
        return task
    timeline = manifest.timeline(task.timeline.name)
    return replace(task, done=done, state=manifest.state, timeline=timeline)


def glance(small: Tensor) -> bytes:
    """Return what a ``(3, 32, 32)`` thumbnail in [0, 1] roughly looks like, in 48 bytes."""
    coarse = functional.adaptive_avg_pool2d(small, _GLANCE_SIDE).clamp(0.0, 1.0)
    return bytes((coarse * _GLANCE_CODES).round().to(torch.uint8).flatten().tolist())


class FilmScan:
    """Decodes a film once and yields its tasks as soon as they are known.

    What is finished already, in whole tasks, is decoded too, since cuts and times depend on what
    comes before them, and not yielded.

    Args:
        frames: All frames of the film, as ``see`` gives them.
        timing: Brings their times to the output's clock.
        timeline: The output's clock before the first frame.
        least_frames: Least number of frames of a task.
        finished: Indices of frames that need not be made; a scene starts where one of them starts
            and where it ends.
        scene_starts: Indices of other frames at which scenes start, whatever they look like.
    """

    def __init__(
        self,
        frames: Iterable[Seen],
        *,
        timing: OutputTiming,
        timeline: Timeline,
        least_frames: int,
        finished: Sequence[range] = (),
        scene_starts: frozenset[int] = frozenset(),
    ) -> None:
        self.frames_read = 0
        self._frames = frames
        self._timing = timing
        self._timeline = replace(timeline)
        self._least_frames = least_frames
        self._finished = finished
        self._borders = frozenset(edge for span in finished for edge in (span.start, span.stop))
        self._scene_starts = scene_starts | self._borders
        self._known: deque[_Known] = deque()
        self._can_seek = True

    def __iter__(self) -> Iterator[FilmTask]:
        found = enumerate(find_scene_starts(self._thumbnails()))
        starts = (starts_scene or index in self._scene_starts for index, starts_scene in found)
        for task in group_scenes(
            scene_lengths(starts), least_frames=self._least_frames, breaks=self._borders
        ):
            known = [self._known.popleft() for _ in range(task.frames)]
            if any(task.first_frame in span for span in self._finished):
                continue
            yield FilmTask(
                scenes=task,
                pts=tuple(frame.pts for frame in known),
                glances=b"".join(frame.glance for frame in known),
                can_seek=all(frame.can_seek for frame in known),
                timeline=known[0].before,
                last_pts=known[-1].placed,
            )

    def _thumbnails(self) -> Iterator[Tensor]:
        last: int | None = None
        for frame in self._frames:
            before = replace(self._timeline)
            placed = self._timeline.place(self._timing.ticks(frame.pts))
            self._can_seek = self._can_seek and (last is None or frame.pts > last)
            last = frame.pts
            self._known.append(
                _Known(
                    pts=frame.pts,
                    placed=placed,
                    before=before,
                    glance=glance(frame.thumbnail),
                    can_seek=self._can_seek,
                )
            )
            self.frames_read += 1
            yield frame.thumbnail


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the scan keeps of a frame until its task is complete."""

    pts: int
    placed: int
    before: Timeline
    glance: bytes
    can_seek: bool
