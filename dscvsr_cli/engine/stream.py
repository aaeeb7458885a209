"""upscale_stream(): frames in, enlarged frames out, in bounded memory; the engine's front door."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter

import torch

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.pictures import Picture, join_repeats
from dscvsr_cli.engine.scene_maker import Made, SceneMaker, SceneStart, StreamEvent
from dscvsr_cli.engine.scene_run import WindowProgress
from dscvsr_cli.engine.scenes import mark_scene_starts
from dscvsr_cli.engine.scenes_at_once import ScenePictures, ScenesAtOnce
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.steady import Steadying
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size

SceneMarker = Callable[[Iterable[Frame]], Iterable[tuple[Frame, bool]]]
"""Yields every frame, in order, with whether a scene starts there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProgress:
    """How far a stream is, reported after every frame of either pass.

    A window's backward pass runs over all its frames before the first of them is made, so the
    number of frames made alone would stand still for most of the time.
    """

    made: int
    """Frames made since the stream's first."""

    waiting: int
    """Pictures of all open windows that are not enlarged yet."""

    backward: float
    """Share of their backward pass that is done, in [0, 1]."""

    forward: float
    """Pictures that the forward pass has finished and that are still to be reconstructed."""


StreamProgressListener = Callable[[StreamProgress], None]
EventListener = Callable[[StreamEvent], None]
BoundaryListener = Callable[[StreamState], None]


def one_scene(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Mark no cuts: a ``SceneMarker`` for footage known to have none."""
    for position, frame in enumerate(frames):
        yield frame, position == 0


def upscale_stream(
    frames: Iterable[Frame],
    network: FrameNetwork,
    *,
    size: Size,
    plan: StreamPlan,
    device: torch.device,
    float32_network: Callable[[], FrameNetwork] | None = None,
    steadying: Steadying | None = None,
    mark_scenes: SceneMarker = mark_scene_starts,
    on_event: EventListener | None = None,
    resume: StreamState | None = None,
    finished: Sequence[range] = (),
    on_boundary: BoundaryListener | None = None,
    on_progress: StreamProgressListener | None = None,
    at_once: int = 1,
    ahead: int | None = None,
) -> Iterator[Frame]:
    """Enlarge a stream of frames: every frame in is one frame out, in order, with its times.

    Consecutive frames that are equal go through the network once. Every frame is yielded as soon
    as its window is known, float32 on the CPU, in [0, 1] or as far beyond as its source reaches.
    The recurrent state never crosses a scene cut. When memory runs out the plan shrinks for good,
    and the window continues where it stopped.

    Args:
        frames: ``(3, H, W)`` pixels each, all of one size.
        network: On ``device``; gets float32 frames and may keep features in any dtype.
        size: Rows and columns of the output.
        plan: Window and tile sizes, from ``plan_stream``.
        device: Where the network's weights are.
        float32_network: Builds the same network in float32 on ``device``; called at most once, when
            a result is not finite, and used for the rest of that scene. None if ``network`` is
            float32 already.
        steadying: How pictures are steadied, for frames that a codec has changed; None steadies
            none.
        mark_scenes: Finds the cuts.
        on_event: Called at scene starts, shrunk plans and repeated windows, which are also logged.
        resume: State of an earlier run over the same frames. All frames are read again, since cuts
            depend on what comes before them, but only those not made yet are made, exactly as they
            would have been then. Its plan replaces ``plan``.
        finished: Indices of frames that were made elsewhere: whole scenes, which are read but
            neither made nor yielded.
        on_boundary: Called with the state between two windows, after the frames before it.
        on_progress: Called after every frame of either pass.
        at_once: Scenes that are made at the same time, each in a thread. The frames are the same;
            all listeners are called in the caller's thread.
        ahead: Pictures of each of these scenes that are read ahead, and held once enlarged; None
            takes twice a window. See ``ScenesAtOnce``.

    Raises:
        DeviceError: Memory ran out at the smallest plan.
        WeightsError: The network gives non-finite frames in float32.
        ValueError: A frame has another size than the first.
    """
    plan = plan if resume is None else resume.plan
    maker = SceneMaker(
        network,
        size=size,
        plan=plan,
        device=device,
        float32_network=float32_network,
        steadying=steadying,
        at_once=at_once,
    )
    needed = plan.window + plan.look_ahead + 1
    scenes = _scenes(mark_scenes(_of_one_size(frames)), resume, finished)
    if at_once == 1:
        made = _one_by_one(maker, scenes, on_progress)
    else:
        made = ScenesAtOnce(
            maker,
            at_once=at_once,
            ahead=max(ahead or 2 * needed, needed),
            on_progress=None if on_progress is None else _joined(on_progress),
        ).run(scenes)
    # Closed here and not where Python drops it, where Ctrl-C would be lost.
    with closing(made):
        for item in made:
            if isinstance(item, Picture):
                yield from item.shown()
            elif isinstance(item, StreamState):
                if on_boundary is not None:
                    on_boundary(item)
            elif on_event is not None:
                on_event(item)


def _one_by_one(
    maker: SceneMaker, scenes: Iterable[ScenePictures], on_progress: StreamProgressListener | None
) -> Generator[Made, None, None]:
    made = 0

    def report(window: WindowProgress) -> None:
        if on_progress is not None:
            _joined(on_progress)(made, [window])

    for start, pictures in scenes:
        made = start.made
        for item in maker.make(start, pictures, on_progress=report if on_progress else None):
            if isinstance(item, Picture):
                made += len(item.frames)
            yield item


def _joined(listener: StreamProgressListener) -> Callable[[int, list[WindowProgress]], None]:
    """Return a listener that reports the progress of several windows as one."""

    def report(made: int, windows: list[WindowProgress]) -> None:
        waiting = sum(window.waiting for window in windows)
        behind = sum(window.waiting * window.backward for window in windows)
        listener(
            StreamProgress(
                made=made,
                waiting=waiting,
                backward=behind / waiting if waiting else 0.0,
                forward=sum(window.forward for window in windows),
            )
        )

    return report


def _scenes(
    marked: Iterable[tuple[Frame, bool]],
    resume: StreamState | None,
    finished: Sequence[range],
) -> Iterator[ScenePictures]:
    """Yield every scene of which something is still to be made, with its pictures."""
    done = 0 if resume is None else resume.made
    made = 0
    for number, members in groupby(_number_scenes(marked), key=itemgetter(1)):
        rest = (frame for frame, _ in members)
        if any(made in span for span in finished):
            made += sum(1 for _ in rest)
            continue
        skipped = sum(1 for _ in islice(rest, max(0, done - made)))
        made += skipped
        if made < done:
            continue
        counted = _Counted(join_repeats(rest))
        yield (
            SceneStart(
                number=number,
                made=made,
                skipped=skipped,
                resume=resume if skipped else None,
            ),
            counted,
        )
        made += counted.frames


class _Counted(Iterator[Picture]):
    """Pictures, and how many frames showed them."""

    def __init__(self, pictures: Iterator[Picture]) -> None:
        self._pictures = pictures
        self.frames = 0

    def __next__(self) -> Picture:
        picture = next(self._pictures)
        self.frames += len(picture.frames)
        return picture


def _of_one_size(frames: Iterable[Frame]) -> Iterator[Frame]:
    source: Size | None = None
    for frame in frames:
        if frame.pixels.ndim != 3 or frame.pixels.shape[0] != 3:
            raise ValueError(f"expected (3, H, W), got {tuple(frame.pixels.shape) = }")
        size = Size(*frame.pixels.shape[-2:])
        if source is not None and size != source:
            raise ValueError(f"expected frames of {source}, got {size} at pts {frame.pts}")
        source = size
        yield frame


def _number_scenes(marked: Iterable[tuple[Frame, bool]]) -> Iterator[tuple[Frame, int]]:
    scene = 0
    for frame, starts_scene in marked:
        scene += starts_scene or scene == 0
        yield frame, scene
