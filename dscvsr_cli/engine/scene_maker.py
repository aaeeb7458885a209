"""SceneMaker: takes one scene after another, or several at once, through the network.

It holds what outlives a scene: the plan, which may shrink, and the float32 network. Making a scene
yields pictures and, between them, states and events, which the caller passes on.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Literal

import torch

from dscvsr_cli.engine.frame_network import FrameNetwork, KeepsMemory
from dscvsr_cli.engine.memory import release_cached_memory
from dscvsr_cli.engine.pictures import Picture
from dscvsr_cli.engine.scene_run import Outcome, SceneRun, WindowProgress
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.steady import Steadying
from dscvsr_cli.engine.stream_plan import StreamPlan, smaller_plan
from dscvsr_cli.engine.turns import Turns
from dscvsr_cli.errors import DeviceError, WeightsError
from dscvsr_cli.geometry import Size
from dscvsr_cli.out_of_memory import is_out_of_memory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """Something worth reporting while a video is being upscaled."""

    kind: Literal["scene", "smaller", "float32"]
    """A scene starts; memory ran out and the plan shrank; values overflowed and were redone."""

    frame: int
    """Index in the stream, from 0."""

    message: str
    """One sentence for a log."""


Made = Picture | StreamState | StreamEvent
"""What making a scene yields: an enlarged picture, the state after it, or something to report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneStart:
    """Where a scene begins, and what an earlier run has made of it."""

    number: int
    """Number of the scene in its stream, from 1."""

    made: int
    """Index in the stream of the first frame that is still to be made."""

    skipped: int = 0
    """Frames of this scene that an earlier run made."""

    resume: StreamState | None = None
    """What it continues from, if frames were skipped."""


class SceneMaker:
    """Makes scenes; several threads may each make one at the same time.

    Args:
        network: On ``device``.
        size: Rows and columns of the output.
        plan: Window and tile sizes; they shrink for all scenes when memory runs out.
        device: Where the network's weights are.
        float32_network: Builds the network in float32; None if it is float32 already.
        steadying: How pictures are steadied; None steadies none.
        at_once: Scenes that are made at the same time.
    """

    def __init__(
        self,
        network: FrameNetwork,
        *,
        size: Size,
        plan: StreamPlan,
        device: torch.device,
        float32_network: Callable[[], FrameNetwork] | None,
        steadying: Steadying | None = None,
        at_once: int = 1,
    ) -> None:
        self._network = network
        self._size = size
        self.plan = plan
        self._device = device
        self._build_float32 = float32_network
        self._steadying = steadying
        self._float32: FrameNetwork | None = None
        self._shared = Lock()
        self._turns = Turns(one_at_a_time=at_once == 1)

    def make(
        self,
        start: SceneStart,
        pictures: Iterator[Picture],
        *,
        on_progress: Callable[[WindowProgress], None] | None = None,
    ) -> Iterator[Made]:
        """Make the rest of a scene.

        Args:
            start: Where it begins.
            pictures: What the frames that are still to be made show, all of one size.
            on_progress: Called after every frame of either pass.

        Raises:
            DeviceError: Memory ran out at the smallest plan.
            WeightsError: The network gives non-finite frames in float32.
            ValueError: The state belongs to another stream.
        """
        run = SceneRun(
            self._network,
            size=self._size,
            device=self._device,
            steadying=self._steadying,
            on_progress=on_progress,
        )
        made = start.made
        if start.resume is not None:
            yield from self._restore(run, start, start.resume)
        elif start.number > 1:
            yield _event("scene", made, f"scene {start.number} starts at frame {made}")
        ended = False
        source: Size | None = None
        while True:
            # The first window may be shorter; a window that is open keeps the plan it began with.
            plan = self.plan if made else self.plan.at_start()
            while not ended and run.needs_pictures(plan):
                picture = next(pictures, None)
                ended = picture is None
                if picture is not None:
                    source = Size(*picture.pixels.shape[-2:])
                    run.add(picture)
            with self._turns.step() as alone:
                outcome = run.advance(plan, ended=ended)
            if outcome is Outcome.DONE:
                return
            if outcome is not Outcome.MADE:
                run.restart_window()  # what was made before it comes first
            for enlarged in run.take():
                made += len(enlarged.frames)
                yield enlarged
            if outcome is Outcome.OUT_OF_MEMORY:
                yield self._make_room(source, made, alone=alone)
            elif outcome is Outcome.NOT_FINITE:
                yield self._switch_to_float32(run, source, made)
            else:
                position = start.skipped + made - start.made
                state = run.state(self.plan, made=made, position=position, ended=ended)
                if state is not None:
                    yield state

    def _restore(self, run: SceneRun, start: SceneStart, state: StreamState) -> Iterator[Made]:
        if state.position != start.skipped:
            raise ValueError(
                f"the state is {state.position} frames into a scene, and the stream {start.skipped}"
            )
        run.restore(state)
        if not state.is_float32:
            return
        yield self._switch_to_float32(run, Size(*state.frame.shape[-2:]), start.made)
        if not run.is_float32:
            raise DeviceError(
                f"there is too little memory on {self._device} for the float32 network that this "
                "scene was started with",
                hint="close other programs, then try again",
            )

    def _make_room(self, source: Size | None, made: int, *, alone: bool) -> StreamEvent:
        """Let scenes take turns from now on; if they do already, shrink the plan."""
        if isinstance(self._network, KeepsMemory):
            self._network.release_memory()
        release_cached_memory(self._device)
        with self._shared:
            if not alone:
                self._turns.take_turns()
                return _event(
                    "smaller",
                    made,
                    f"memory ran out at frame {made}; continuing with one scene at a time",
                )
            return self._shrink(source, made)

    def _shrink(self, source: Size | None, made: int) -> StreamEvent:
        smaller = smaller_plan(self.plan, source) if source else None
        if smaller is None:
            elsewhere = "" if self._device.type == "cpu" else ", or use --device cpu"
            raise DeviceError(
                f"there is too little memory on {self._device} to enlarge one frame of "
                f"{source} to {self._size}",
                hint=f"close other programs, choose a smaller factor{elsewhere}",
            )
        self.plan = smaller
        tile = "whole frames" if smaller.tile is None else f"tiles of {smaller.tile} pixels"
        return _event(
            "smaller",
            made,
            f"memory ran out at frame {made}; continuing with {smaller.window} frames per "
            f"window and {tile}",
        )

    def _switch_to_float32(self, run: SceneRun, source: Size | None, made: int) -> StreamEvent:
        run.restart_window()
        if self._build_float32 is None or run.is_float32:
            raise WeightsError(
                f"the network gives values that are not finite at frame {made}",
                hint="the weights may be damaged; download them again or choose others",
            )
        with self._shared:
            if self._float32 is None:
                try:
                    self._float32 = self._build_float32()
                except (RuntimeError, MemoryError) as error:
                    if not is_out_of_memory(error):
                        raise
            network = self._float32
        if network is None:
            # The window overflows again, and finds room for the second network by then.
            return self._make_room(source, made, alone=True)
        run.use_float32(network)
        return _event(
            "float32", made, f"values overflowed at frame {made}; the scene continues in float32"
        )


def _event(kind: Literal["scene", "smaller", "float32"], frame: int, message: str) -> StreamEvent:
    _log.log(logging.INFO if kind == "scene" else logging.WARNING, message)
    return StreamEvent(kind=kind, frame=frame, message=message)
