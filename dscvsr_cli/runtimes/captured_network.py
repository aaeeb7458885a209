"""CapturedNetwork: the engine's ``FrameNetwork`` on a CUDA device, replayed graph by graph.

Three kinds of graphs, each for frames of one shape: a step of either pass (flow, warp, the pass)
with and without filling, and the enlarging of one frame. Every replay writes to the same memory, so
what it made is copied before the next.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import torch
from torch import Tensor

from dscvsr_cli.frames import check_frames
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.captured_step import Capture, CapturedStep, Work, capture_on
from dscvsr_cli.runtimes.compiler import memory_error_in
from dscvsr_cli.runtimes.graphs import fits_a_graph
from dscvsr_cli.runtimes.stepped_passes import Direction, Neighbour, SteppedPasses

_log = logging.getLogger(__name__)

_MOST_SHAPES = 5
"""Shapes whose graphs are kept: a plan has at most four of tiles, and whole frames to enlarge."""


class CapturedNetwork(SteppedPasses):
    """A network on a CUDA device; several threads may use it at once.

    Args:
        network: In evaluation mode, on ``device``; it must not change afterwards. Its head must
            keep its filters, for making them waits for the device.
        device: A CUDA device.
        start_capture: Returns what captures; None captures CUDA graphs.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        *,
        device: torch.device,
        start_capture: Callable[[], Capture] | None = None,
    ) -> None:
        self._network = network
        self._device = device
        self._start_capture = start_capture or (lambda: capture_on(device))
        self._capture: Capture | None = None
        self._shapes: OrderedDict[Hashable, _Shape] = OrderedDict()
        """By what they are for, the one used last at the end."""
        self._lock = Lock()
        """Held while work is queued, not while it runs."""
        self._is_captured = True
        """False once capturing has failed."""

    @torch.inference_mode()
    def reconstruct(
        self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
    ) -> Tensor:
        """Join both passes into enlarged frames -> ``(B, T, 3, sH, sW)``, not clamped."""
        check_frames(frames)
        batch, length, _, height, width = frames.shape
        if not fits_a_graph(Size(height, width), size):
            # Too many filters to keep, or too many products for a graph.
            return self._network.reconstruct(frames, backward, forward, size=size)
        made = frames.new_empty((batch, length, 3, size.height, size.width))

        def enlarge(frame: Tensor, behind: Tensor, ahead: Tensor) -> Tensor:
            return self._network.reconstruct(
                frame[:, None], behind[:, None], ahead[:, None], size=size
            )[:, 0]

        for place in range(length):
            given = (frames[:, place], backward[:, place], forward[:, place])
            self._run("enlarge", enlarge, given, made[:, place])
        return made

    def release_memory(self) -> None:
        """Give back all graphs and their memory; what is needed again is captured again."""
        with self._lock:
            self._release()

    def _begin_pass(self, direction: Direction, frames: Tensor) -> Tensor:
        del direction
        check_frames(frames)
        batch, length, _, height, width = frames.shape
        shape = (batch, length, self._network.config.channels, height, width)
        return frames.new_empty(shape, dtype=self._network.feature_dtype)

    @torch.inference_mode()
    def _step(
        self,
        direction: Direction,
        frame: Tensor,
        made: Tensor,
        neighbour: Neighbour | None,
        *,
        filled: bool,
    ) -> None:
        recurrent = getattr(self._network, f"{direction}_pass")
        # At the start of a scene any frame will do, for warped zeros are zeros.
        beside, state = neighbour or (frame, torch.zeros_like(made))

        def advance(frame: Tensor, beside: Tensor, state: Tensor) -> Tensor:
            flow = self._network.motion(frame, beside)
            here: Tensor = recurrent(frame.to(state.dtype), state, flow, filled=filled)
            return here

        self._run((direction, filled), advance, (frame, beside, state), made)

    def _run(self, name: Hashable, work: Work, inputs: Sequence[Tensor], made: Tensor) -> None:
        """Run ``work``, which is always the same for a name and shapes, into ``made``."""
        with self._lock, self._memory_errors():
            step = self._captured(name, work, inputs, made) if self._is_captured else None
            if step is None:
                made.copy_(work(*inputs))
            else:
                step.run(inputs, made)

    def _captured(
        self, name: Hashable, work: Work, inputs: Sequence[Tensor], made: Tensor
    ) -> CapturedStep | None:
        """Return the step's graph, made if there is none; None if that fails."""
        key = tuple(part.shape for part in (*inputs, made))
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._finish()
                self._shapes.popitem(last=False)
            shape = self._shapes[key] = _Shape(inputs, made)
        self._shapes.move_to_end(key)
        if name not in shape.steps:
            for here, given in zip(shape.inputs, inputs, strict=True):
                here.copy_(given)
            self._capture = self._capture or self._start_capture()
            try:
                shape.steps[name] = CapturedStep(work, shape.inputs, shape.made, self._capture)
            except Exception as error:
                # Whether the driver, a library or the work itself cannot be captured.
                if memory_error_in(error) is not None:
                    raise
                reason = next(filter(None, str(error).splitlines()), repr(error))
                _log.warning("the network's steps are not captured as graphs: %s", reason)
                self._is_captured = False
                self._release()
                return None
        return shape.steps[name]

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        """Give back the graphs' memory if memory runs out, and raise the error that says so.

        The engine continues with smaller tiles, which other graphs are for.
        """
        try:
            yield
        except Exception as error:
            ran_out = memory_error_in(error)
            if ran_out is None:
                raise
            self._release()
            raise ran_out from None

    def _release(self) -> None:
        if self._shapes:
            self._finish()
        self._shapes.clear()
        # Graphs that are gone leave a pool that takes no new ones.
        self._capture = None

    def _finish(self) -> None:
        """Wait for graphs that may still run, before any of them goes."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


class _Shape:
    """The memory that all graphs of some shapes read from and write to, and these graphs."""

    def __init__(self, inputs: Sequence[Tensor], made: Tensor) -> None:
        self.inputs = [_planes(given) for given in inputs]
        self.made = _planes(made)
        self.steps: dict[Hashable, CapturedStep] = {}


def _planes(like: Tensor) -> Tensor:
    """Return memory for a tensor of this shape, in the order in which it is worked on."""
    # Convolutions take features channel by channel; pictures go in and out plane by plane.
    order = torch.contiguous_format if like.shape[1] == 3 else torch.channels_last
    return torch.empty(like.shape, dtype=like.dtype, device=like.device, memory_format=order)
