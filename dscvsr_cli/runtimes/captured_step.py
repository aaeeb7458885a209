"""CapturedStep: a function of tensors on a CUDA device, captured once and replayed as one graph.

A step of the recurrence is some hundred small kernels, and starting them one by one from Python
takes longer than most of them run.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

Work = Callable[..., Tensor]

_WARM_UPS = 2
"""Runs before the capture: the first compiles and lets libraries choose, the second is as usual."""


class Replay(Protocol):
    """Repeats what was captured, on the same memory."""

    def replay(self) -> None:
        """Start it on the current stream."""
        ...


Capture = Callable[[Callable[[], None]], Replay]
"""Runs a function that takes and returns nothing, and returns what repeats it."""


class CapturedStep:
    """One function, its inputs' and its output's memory, and the graph between them.

    Args:
        work: Takes the inputs and returns the output; it must not wait for the device.
        inputs: Where every replay reads; not part of the graphs' own memory.
        made: Where every replay leaves its output; steps that never run at once may share it.
        capture: Captures.
    """

    def __init__(
        self, work: Work, inputs: Sequence[Tensor], made: Tensor, capture: Capture
    ) -> None:
        self._inputs = tuple(inputs)
        self._made = made
        # The output is copied out inside the graph, so that its own memory can be used again by the
        # next graph of the same pool.
        self._graph = capture(lambda: _put(made, work(*self._inputs)))

    def run(self, inputs: Sequence[Tensor], made: Tensor) -> None:
        """Write what the function makes of ``inputs`` into ``made``.

        Everything is queued on the current stream, which all threads share unless they choose
        another; the caller must let no other step of the same memory in between.
        """
        for here, given in zip(self._inputs, inputs, strict=True):
            here.copy_(given)
        self._graph.replay()
        made.copy_(self._made)


def capture_on(device: torch.device) -> Capture:
    """Return what captures on a CUDA device; its graphs share their working memory.

    That is safe if no two of them run at once and none leaves anything there that is read after
    another has run.
    """
    pool = torch.cuda.graph_pool_handle()

    def capture(work: Callable[[], None]) -> Replay:
        with torch.cuda.device(device):
            beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            beside.wait_stream(torch.cuda.current_stream(device))
            with torch.cuda.stream(beside):
                for _ in range(_WARM_UPS):
                    work()
            torch.cuda.current_stream(device).wait_stream(beside)
            # What the runs took is kept only for that stream, and must make room for the graph's.
            torch.cuda.synchronize(device)
            torch.cuda.empty_cache()
            graph = torch.cuda.CUDAGraph()
            # Other threads, which decode, encode and copy, may go on meanwhile.
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                work()
        return graph

    return capture


def _put(made: Tensor, output: Tensor) -> None:
    made.copy_(output)
