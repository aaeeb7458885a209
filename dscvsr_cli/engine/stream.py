"""upscale_stream(): frames in, enlarged frames out, in bounded memory; the engine's front door."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Literal

import torch

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.memory import release_cached_memory
from dscvsr_cli.engine.scene_run import Outcome, SceneRun, WindowProgress
from dscvsr_cli.engine.scenes import mark_scene_starts
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream_plan import StreamPlan, smaller_plan
from dscvsr_cli.errors import DeviceError, WeightsError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.out_of_memory import is_out_of_memory

_log = logging.getLogger(__name__)

SceneMarker = Callable[[Iterable[Frame]], Iterable[tuple[Frame, bool]]]
"""Yields every frame, in order, with whether a scene starts there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """Something worth reporting while a video is being upscaled."""

    kind: Literal["scene", "smaller", "float32"]
    """A scene starts; memory ran out and the plan shrank; values overflowed and were redone."""

    frame: int
    """Index in the stream, from 0."""

    message: str
    """One sentence for a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProgress:
    """How far a stream is, reported after every frame of either pass.

    A window's backward pass runs over all its frames before the first of them is made, so the
    number of frames made alone would stand still for most of the time.
    """

    made: int
    """Frames made since the stream's first."""

    waiting: int
    """Frames of the open window that are not made yet."""

    backward: float
    """Share of the open window's backward pass that is done, in [0, 1]."""

    forward: float
    """Frames that the forward pass has finished and that are still to be reconstructed."""


ProgressListener = Callable[[StreamProgress], None]
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
    mark_scenes: SceneMarker = mark_scene_starts,
    on_event: EventListener | None = None,
    resume: StreamState | None = None,
    on_boundary: BoundaryListener | None = None,
    on_progress: ProgressListener | None = None,
) -> Iterator[Frame]:
    """Enlarge a stream of frames: every frame in is one frame out, in order, with its times.

    Frames are yielded as soon as their window is known, float32 on the CPU, in [0, 1] or as far
    beyond as their sources reach. The recurrent state never crosses a scene cut. When memory runs
    out the plan shrinks, for good, and the window continues where it stopped.

    Args:
        frames: ``(3, H, W)`` pixels each, all of one size.
        network: On ``device``; gets float32 frames and may keep features in any dtype.
        size: Rows and columns of the output.
        plan: Window and tile sizes, from ``plan_stream``.
        device: Where the network's weights are.
        float32_network: Builds the same network in float32 on ``device``; called at most once, when
            a result is not finite, and used for the rest of that scene. None if ``network`` is
            float32 already.
        mark_scenes: Finds the cuts.
        on_event: Called at scene starts, shrunk plans and repeated windows, which are also logged.
        resume: State of an earlier run over the same frames. All frames are read again, since cuts
            depend on what comes before them, but only those not made yet are made, exactly as they
            would have been then. Its plan replaces ``plan``.
        on_boundary: Called with the state between two windows, after the frames before it.
        on_progress: Called after every frame of either pass.

    Raises:
        DeviceError: Memory ran out at the smallest plan.
        WeightsError: The network gives non-finite frames in float32.
        ValueError: A frame has another size than the first.
    """
    yield from _Stream(
        network=network,
        size=size,
        plan=plan,
        device=device,
        float32_network=float32_network,
        mark_scenes=mark_scenes,
        on_event=on_event,
        on_boundary=on_boundary,
        on_progress=on_progress,
    ).run(frames, resume)


class _Stream:
    """What outlives a scene: the plan, which may shrink, the float32 network, the position."""

    def __init__(
        self,
        *,
        network: FrameNetwork,
        size: Size,
        plan: StreamPlan,
        device: torch.device,
        float32_network: Callable[[], FrameNetwork] | None,
        mark_scenes: SceneMarker,
        on_event: EventListener | None,
        on_boundary: BoundaryListener | None,
        on_progress: ProgressListener | None,
    ) -> None:
        self._network = network
        self._size = size
        self._plan = plan
        self._device = device
        self._build_float32 = float32_network
        self._float32: FrameNetwork | None = None
        self._mark_scenes = mark_scenes
        self._on_event = on_event
        self._on_boundary = on_boundary
        self._on_progress = on_progress
        self._source: Size | None = None
        self._made = 0

    def run(self, frames: Iterable[Frame], resume: StreamState | None) -> Iterator[Frame]:
        done = 0
        if resume is not None:
            done, self._plan = resume.made, resume.plan
        pairs = _number_scenes(self._mark_scenes(map(self._check, frames)))
        for scene, members in groupby(pairs, key=itemgetter(1)):
            rest = (frame for frame, _ in members)
            skipped = sum(1 for _ in islice(rest, max(0, done - self._made)))
            self._made += skipped
            if self._made < done:
                continue
            run = SceneRun(
                self._network,
                size=self._size,
                device=self._device,
                on_progress=self._tell if self._on_progress else None,
            )
            if resume is not None and skipped:
                self._restore(run, resume, skipped)
            elif scene > 1:
                self._report("scene", f"scene {scene} starts at frame {self._made}")
            yield from self._run_scene(run, rest)

    def _restore(self, run: SceneRun, state: StreamState, skipped: int) -> None:
        if state.position != skipped:
            raise ValueError(
                f"the state is {state.position} frames into a scene, and the stream {skipped}"
            )
        run.restore(state)
        if not state.is_float32:
            return
        self._switch_to_float32(run)
        if not run.is_float32:
            raise DeviceError(
                f"there is too little memory on {self._device} for the float32 network that this "
                "scene was started with",
                hint="close other programs, then try again",
            )

    def _run_scene(self, run: SceneRun, frames: Iterator[Frame]) -> Iterator[Frame]:
        ended = False
        while True:
            # Before the first frame is made; a window that is open keeps the plan it began with.
            plan = self._plan if self._made else self._plan.at_start()
            while not ended and run.needs_frames(plan):
                frame = next(frames, None)
                ended = frame is None
                if frame is not None:
                    run.add(frame)
            outcome = run.advance(plan, ended=ended)
            if outcome is Outcome.DONE:
                return
            if outcome is Outcome.OUT_OF_MEMORY:
                self._shrink(run)
            elif outcome is Outcome.NOT_FINITE:
                self._switch_to_float32(run)
            for frame in run.take():
                self._made += 1
                yield frame
            state = run.state(self._plan, made=self._made)
            if state is not None and outcome is Outcome.MADE and self._on_boundary is not None:
                self._on_boundary(state)

    def _tell(self, window: WindowProgress) -> None:
        if self._on_progress is not None:
            self._on_progress(
                StreamProgress(
                    made=self._made,
                    waiting=window.waiting,
                    backward=window.backward,
                    forward=window.forward,
                )
            )

    def _check(self, frame: Frame) -> Frame:
        source = Size(*frame.pixels.shape[-2:])
        if frame.pixels.ndim != 3 or frame.pixels.shape[0] != 3:
            raise ValueError(f"expected (3, H, W), got {tuple(frame.pixels.shape) = }")
        if self._source is not None and source != self._source:
            raise ValueError(f"expected frames of {self._source}, got {source} at pts {frame.pts}")
        self._source = source
        return frame

    def _shrink(self, run: SceneRun) -> None:
        run.restart_window()
        release_cached_memory(self._device)
        plan = smaller_plan(self._plan, self._source) if self._source else None
        if plan is None:
            elsewhere = "" if self._device.type == "cpu" else ", or use --device cpu"
            raise DeviceError(
                f"there is too little memory on {self._device} to enlarge one frame of "
                f"{self._source} to {self._size}",
                hint=f"close other programs, choose a smaller factor{elsewhere}",
            )
        self._plan = plan
        tile = "whole frames" if plan.tile is None else f"tiles of {plan.tile} pixels"
        self._report(
            "smaller",
            f"memory ran out at frame {self._made}; continuing with {plan.window} frames per "
            f"window and {tile}",
        )

    def _switch_to_float32(self, run: SceneRun) -> None:
        run.restart_window()
        if self._build_float32 is None or run.is_float32:
            raise WeightsError(
                f"the network gives values that are not finite at frame {self._made}",
                hint="the weights may be damaged; download them again or choose others",
            )
        if self._float32 is None:
            try:
                self._float32 = self._build_float32()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
        if self._float32 is None:
            # The window overflows again, and finds room for the second network by then.
            self._shrink(run)
            return
        run.use_float32(self._float32)
        self._report(
            "float32", f"values overflowed at frame {self._made}; the scene continues in float32"
        )

    def _report(self, kind: Literal["scene", "smaller", "float32"], message: str) -> None:
        _log.log(logging.INFO if kind == "scene" else logging.WARNING, message)
        if self._on_event is not None:
            self._on_event(StreamEvent(kind=kind, frame=self._made, message=message))


def _number_scenes(marked: Iterable[tuple[Frame, bool]]) -> Iterator[tuple[Frame, int]]:
    scene = 0
    for frame, starts_scene in marked:
        scene += starts_scene or scene == 0
        yield frame, scene
