"""Scene tasks: scenes found before the work, and grouped into pieces of sensible length.

The recurrent state never passes a cut, so whole scenes can be made anywhere, in any order and at
the same time, and give the same frames. Long scenes stay whole; short ones are made together.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dscvsr_cli.engine.scenes import mark_scene_starts
from dscvsr_cli.frames import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneTask:
    """Consecutive whole scenes that are made together."""

    first_frame: int
    """Index of its first frame in the stream, from 0."""

    scene_frames: tuple[int, ...]
    """Frames of each scene."""

    @property
    def frames(self) -> int:
        """Frames of all its scenes."""
        return sum(self.scene_frames)

    @property
    def span(self) -> range:
        """Indices of its frames in the stream."""
        return range(self.first_frame, self.first_frame + self.frames)

    @property
    def scene_starts(self) -> Iterator[int]:
        """Indices in the stream at which its scenes start."""
        start = self.first_frame
        for frames in self.scene_frames:
            yield start
            start += frames


def group_scenes(
    scene_frames: Iterable[int], *, least_frames: int, breaks: frozenset[int] = frozenset()
) -> Iterator[SceneTask]:
    """Yield tasks as scenes come in: each ends with the first scene that fills it.

    Args:
        scene_frames: Frames of each scene of a stream, in order.
        least_frames: Least number of frames of every task but the last, at least 1.
        breaks: Indices in the stream before which a task ends in any case, if a scene does.

    Raises:
        ValueError: A length that cannot be.
    """
    if least_frames < 1:
        raise ValueError(f"expected least_frames >= 1, got {least_frames}")
    first, open_scenes = 0, list[int]()
    for frames in scene_frames:
        if frames < 1:
            raise ValueError(f"a scene has at least one frame, got {frames}")
        open_scenes.append(frames)
        if sum(open_scenes) >= least_frames or first + sum(open_scenes) in breaks:
            task = SceneTask(first_frame=first, scene_frames=tuple(open_scenes))
            yield task
            first, open_scenes = first + task.frames, []
    if open_scenes:
        yield SceneTask(first_frame=first, scene_frames=tuple(open_scenes))


def scene_lengths(starts: Iterable[bool]) -> Iterator[int]:
    """Yield the frames of each scene, from whether each frame starts one.

    Works on a stream: a scene's length is given when the next one starts, or at the end.

    Args:
        starts: What ``find_scene_starts`` yields; the first is taken for a start in any case.
    """
    frames = 0
    for starts_scene in starts:
        if starts_scene and frames:
            yield frames
            frames = 0
        frames += 1
    if frames:
        yield frames


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScenes:
    """A ``SceneMarker`` for a stream whose scenes, or some of them, were found before."""

    starts: frozenset[int] = field(default_factory=frozenset)
    """Indices in the stream at which scenes start; 0 is one in any case."""

    complete: bool = True
    """Whether there are no others; they are looked for if not."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
        """Yield every frame, in order, with whether it is the first one of a scene."""
        found = ((frame, False) for frame in frames) if self.complete else mark_scene_starts(frames)
        for index, (frame, starts_scene) in enumerate(found):
            yield frame, starts_scene or index == 0 or index in self.starts
