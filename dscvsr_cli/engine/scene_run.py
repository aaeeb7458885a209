"""SceneRun: processes the pictures of one scene window by window, a few per call.

The place in the scene and the forward state change together and only when a step has succeeded.
So a step that failed is repeated from the same picture, with another plan or another network.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import islice

import torch
from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.hold import Shown, hold_all
from dscvsr_cli.engine.pictures import Picture
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.steady import Chain, Steadying, steady
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.engine.tiled_passes import run_backward, run_forward
from dscvsr_cli.engine.tiles import Tile
from dscvsr_cli.engine.transfer import Arrival, Downloads, to_device
from dscvsr_cli.engine.windows import Window, next_window
from dscvsr_cli.geometry import Size
from dscvsr_cli.out_of_memory import is_out_of_memory


class Outcome(Enum):
    """Result of a call of ``SceneRun.advance``."""

    MADE = auto()
    """Pictures were enlarged; ``take`` returns them."""

    DONE = auto()
    """Every picture that was added is enlarged."""

    OUT_OF_MEMORY = auto()
    """Nothing was made, because memory ran out."""

    NOT_FINITE = auto()
    """Nothing was made, because values overflowed."""


@dataclass(frozen=True, slots=True, eq=False)
class _OpenWindow:
    """A window whose backward pass is done."""

    window: Window
    frames: Tensor
    """(1, T, 3, H, W) from the window's start on, on the device."""

    backward: Tensor
    """(1, T, C, H, W) of the window's own frames."""

    tiles: list[Tile]
    step: int
    """Most pictures that one call of ``advance`` makes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Carried:
    """What a frame leaves for the next one to continue from."""

    features: Tensor
    """(1, C, H, W), the forward state after it."""

    frame: Tensor
    """(1, 3, H, W), its input."""

    shown: Shown
    """Its picture, which steadies the next one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What the network makes of a few more pictures."""

    length: int
    """Pictures that went through the network."""

    pictures: list[Tensor]
    """(3, sH, sW) float32 each, clamped to what their sources span; fewer than ``length``, or one
    more, if a picture waits for its successor."""

    carried: _Carried
    """What the last of them leaves."""

    chain: Chain
    """What the next pictures of the window are steadied with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowProgress:
    """How far a window is, between two pictures that it gives."""

    waiting: int
    """Pictures of the window that are not enlarged yet."""

    backward: float
    """Share of its backward pass that is done, in [0, 1]."""

    forward: float
    """Pictures that the forward pass has finished and that are still to be reconstructed."""


class SceneRun:
    """One scene on its way through a network.

    Args:
        network: On ``device``.
        size: Rows and columns of the output.
        device: Where the network's weights are.
        steadying: How pictures are steadied; None steadies none.
        on_progress: Called after every frame of either pass.
    """

    def __init__(
        self,
        network: FrameNetwork,
        *,
        size: Size,
        device: torch.device,
        steadying: Steadying | None = None,
        on_progress: Callable[[WindowProgress], None] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._network = network
        self._size = size
        self._device = device
        self._steadying = steadying
        self._waiting: deque[Picture] = deque()
        self._made: deque[Picture] = deque()
        """The sources of what was made and waits for its successor: one at most."""
        self._chain = Chain()
        self._position = 0
        self._open: _OpenWindow | None = None
        self._carried: _Carried | None = None
        self._downloads = Downloads(device)
        self._arriving: deque[tuple[list[Picture], Arrival]] = deque()
        """The pictures of each step that were not taken yet, and where they arrive enlarged."""
        self.is_float32 = False

    def add(self, picture: Picture) -> None:
        """Append the scene's next picture."""
        self._waiting.append(picture)

    def needs_pictures(self, plan: StreamPlan) -> bool:
        """Return whether more must be added before ``advance``, if the scene has any."""
        return self._open is None and self._next_window(plan, ended=False) is None

    def advance(self, plan: StreamPlan, *, ended: bool) -> Outcome:
        """Enlarge the next few pictures.

        Args:
            plan: Taken up where a window begins; a window that is open keeps its own.
            ended: Whether all pictures of the scene have been added.
        """
        if not self._waiting:
            return Outcome.DONE
        try:
            step = self._make_step(plan, ended=ended)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return Outcome.OUT_OF_MEMORY
        if step is None:
            return Outcome.NOT_FINITE
        self._accept(step)
        return Outcome.MADE

    def take(self) -> list[Picture]:
        """Return the pictures enlarged since the last call.

        On a device that copies while it computes, the pictures of the last step are returned after
        the next one, as long as their window is open.
        """
        kept = int(self._downloads.beside and self._open is not None)
        taken: list[Picture] = []
        while len(self._arriving) > kept:
            sources, arrival = self._arriving.popleft()
            arrival.wait()
            taken += (
                replace(source, pixels=pixels)
                for source, pixels in zip(sources, arrival.pictures, strict=True)
            )
        return taken

    def state(
        self, plan: StreamPlan, *, made: int, position: int, ended: bool
    ) -> StreamState | None:
        """Return what the scene continues from; None inside a window, or before the first.

        Args:
            plan: Of the windows to come.
            made: Frames made since the stream's first.
            position: Frames made of the scene.
            ended: Whether all pictures of the scene have been added.
        """
        if self._open is not None or self._carried is None:
            return None
        return StreamState(
            made=made,
            position=position,
            pictures=self._position,
            features=self._carried.features,
            frame=self._carried.frame,
            shown=self._carried.shown,
            is_float32=self.is_float32,
            plan=plan,
            ends_scene=ended and not self._waiting,
        )

    def restore(self, state: StreamState) -> None:
        """Return to where ``state`` was taken; the next picture added is the first one after it."""
        self._position = state.pictures
        self._carried = _Carried(
            features=state.features.to(self._device),
            frame=state.frame.to(self._device),
            shown=state.shown.on(self._device),
        )
        self._chain = Chain(before=self._carried.shown)

    def restart_window(self) -> None:
        """Drop the open window; the next one starts at the first picture not enlarged yet."""
        self._open = None
        if self._chain.waiting is not None:
            # As it is: there may be no memory to steady it.
            self._send([self._chain.waiting.picture])
        self._chain = Chain(before=None if self._carried is None else self._carried.shown)

    def use_float32(self, network: FrameNetwork) -> None:
        """Continue with ``network``, whose features are float32."""
        self.restart_window()
        self._network = network
        self.is_float32 = True
        if self._carried is not None:
            self._carried = replace(self._carried, features=self._carried.features.float())

    def _next_window(self, plan: StreamPlan, *, ended: bool) -> Window | None:
        return next_window(
            self._position,
            available=self._position + len(self._waiting),
            ended=ended,
            length=plan.window,
            look_ahead=plan.look_ahead,
        )

    @torch.inference_mode()
    def _make_step(self, plan: StreamPlan, *, ended: bool) -> _Step | None:
        """Run the network on the next pictures; None when a number is not finite."""
        if self._open is None:
            self._open = self._begin_window(plan, ended=ended)
        window, before = self._open.window, self._carried
        begin = self._position - window.start
        tile_count = len(self._open.tiles)
        arriving = sum(len(frames) for frames, _ in self._arriving) + len(self._made)
        part = slice(begin, min(begin + self._open.step, window.stop - window.start))
        frames = self._open.frames[:, part]
        forward = run_forward(
            self._network,
            frames,
            first_index=self._position,
            previous_features=None if before is None else before.features,
            previous_frame=None if before is None else before.frame,
            tiles=self._open.tiles,
            on_frame=self._count(
                lambda done: WindowProgress(
                    waiting=window.stop - self._position + arriving,
                    backward=1.0,
                    forward=done / tile_count + arriving,
                )
            ),
        )
        pictures = self._network.reconstruct(
            frames, self._open.backward[:, part], forward, size=self._size
        ).float()
        expected = (1, frames.shape[1], 3, self._size.height, self._size.width)
        if tuple(pictures.shape) != expected:
            raise ValueError(f"expected {expected} of the network, got {tuple(pictures.shape)}")
        if not bool(torch.isfinite(pictures).all() & torch.isfinite(forward[:, -1]).all()):
            return None
        steps = [one.frames[0].quantiser_step for one in islice(self._waiting, frames.shape[1])]
        shown = hold_all(pictures[0], frames[0], None if before is None else before.shown, steps)
        # Cloned, so that it does not keep the tensors of the whole step alive.
        shown[-1] = shown[-1].cloned()
        carried = _Carried(
            features=forward[:, -1].clone(), frame=frames[:, -1].clone(), shown=shown[-1]
        )
        made, chain = [one.picture for one in shown], self._chain
        if self._steadying is not None:
            ends = part.stop == window.stop - window.start
            steadied = steady(chain, shown, self._steadying, last=ends)
            made, chain = steadied.pictures, steadied.chain
        return _Step(len(shown), made, carried, chain)

    def _begin_window(self, plan: StreamPlan, *, ended: bool) -> _OpenWindow:
        window = self._next_window(plan, ended=ended)
        if window is None:
            raise ValueError("advance() needs more pictures of a scene that has not ended")
        read = [self._waiting[i].pixels for i in range(window.reach - window.start)]
        frames = to_device(read, self._device)[None]
        tiles = plan.tiles(Size(*frames.shape[-2:]))
        backward = run_backward(
            self._network,
            frames,
            first_index=window.start,
            keep=window.stop - window.start,
            tiles=tiles,
            on_frame=self._count(
                lambda done: WindowProgress(
                    waiting=window.stop - window.start,
                    backward=done / (len(tiles) * len(read)),
                    forward=0.0,
                )
            ),
        )
        return _OpenWindow(window, frames, backward, tiles, plan.step)

    def _count(self, describe: Callable[[int], WindowProgress]) -> Callable[[], None] | None:
        """Return a listener that counts the frames of a pass, or None if nobody listens."""
        listener = self._on_progress
        if listener is None:
            return None
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            listener(describe(done))

        return count

    def _accept(self, step: _Step) -> None:
        self._made += (self._waiting.popleft() for _ in range(step.length))
        self._send(step.pictures)
        self._carried, self._chain = step.carried, step.chain
        self._position += step.length
        if self._open is not None and self._position == self._open.window.stop:
            self._open = None

    def _send(self, pictures: Sequence[Tensor]) -> None:
        """Let enlarged pictures arrive where their sources are."""
        if pictures:
            # Outside inference mode and copied, so that the caller may do anything with a frame.
            arrival = self._downloads.begin(pictures)
            self._arriving.append(([self._made.popleft() for _ in pictures], arrival))
