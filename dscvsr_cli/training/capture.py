"""CapturedPasses: both passes of a network in training, captured once and replayed as CUDA graphs.

A step of the recurrence is thousands of small kernels, and starting them one by one from Python
takes longer than they run. The shape of the small frames is the same in every step, so the passes
and their gradients can be captured; the head, whose output has another size for every factor, and
the losses run as usual.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from dscvsr_cli.models.network import RecurrentNetwork

_log = logging.getLogger(__name__)


class Passes(NamedTuple):
    """What both passes give for a batch of clips."""

    backward: Tensor
    """``(B, T, C, h, w)``."""
    forward: Tensor
    """``(B, T, C, h, w)``."""
    flow: Tensor
    """``(B, 2, T - 1, 2, h, w)`` float32 pixels, in the order of ``Batch.flow``."""


def run_passes(network: RecurrentNetwork, low: Tensor) -> Passes:
    """Run both passes over ``(B, T, 3, h, w)`` frames, recording gradients."""
    with collect_flows(network) as flows:
        backward = network.backward_features(low, first_index=0)
        forward = network.forward_features(low, first_index=0)
    return Passes(backward, forward, _both_ways(flows, len(low)))


@contextmanager
def collect_flows(network: RecurrentNetwork) -> Iterator[list[Tensor]]:
    """Collect the flows that the network estimates while the ``with`` block runs.

    In order of running, each ``(B n, 2, h, w)`` for n pairs of every clip: first all from a frame
    to the next, for the backward pass, then all from a frame to the one before it.
    """
    flows: list[Tensor] = []
    hook = network.motion.register_forward_hook(lambda _, __, flow: flows.append(flow))
    try:
        yield flows
    finally:
        hook.remove()


def _both_ways(flows: list[Tensor], batch: int) -> Tensor:
    """Bring what ``collect_flows`` collected into the order of ``Batch.flow``."""
    pairs = torch.cat([flow.view(batch, -1, *flow.shape[1:]) for flow in flows], dim=1)
    return pairs.view(batch, 2, -1, *pairs.shape[2:])


class CapturedPasses:
    """``run_passes`` on a CUDA device; captured again when the shape of a batch changes."""

    def __init__(self, network: RecurrentNetwork, *, bfloat16: bool) -> None:
        """Capture nothing yet.

        Args:
            network: On a CUDA device; every replay reads its weights in place.
            bfloat16: Whether convolutions compute in it.
        """
        self._network = network
        self._bfloat16 = bfloat16
        self._compiled = find_spec("triton") is not None
        self._shape: torch.Size | None = None
        self._replay: Callable[[Tensor], tuple[Tensor, Tensor, Tensor]] | None = None

    def __call__(self, low: Tensor) -> Passes:
        """Run both passes over ``(B, T, 3, h, w)`` frames, recording gradients."""
        if self._replay is None or low.shape != self._shape:
            # The old graphs' memory first: both would not always fit.
            self._replay = None
            torch.cuda.empty_cache()
            self._replay = self._capture(torch.rand_like(low))
            self._shape = low.shape
        return Passes(*self._replay(low))

    def _capture(self, example: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]:
        module = _PassesModule(self._network, bfloat16=self._bfloat16)
        _expect_streams_to_differ()
        # make_graphed_callables refuses autocast around it, whose cached casts would be captured
        # as constants.
        with torch.autocast(example.device.type, enabled=False):
            try:
                if self._compiled:
                    _compile_blocks(self._network)
                captured = torch.cuda.make_graphed_callables(
                    module, (example,), allow_unused_input=True
                )
            except Exception as error:  # A compiler fails in ways that nobody can list.
                if not self._compiled or isinstance(error, torch.cuda.OutOfMemoryError):
                    raise
                _log.warning("blocks are not compiled: %s", str(error).partition("\n")[0])
                self._compiled = False
                _compile_blocks(self._network, undo=True)
                return self._capture(example)
        return cast("Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]", captured)


def _compile_blocks(network: RecurrentNetwork, *, undo: bool = False) -> None:
    """Let the small operations between a block's convolutions be fused: a sixth of the time."""
    for direction in (network.backward_pass, network.forward_pass):
        for block in getattr(direction.extraction, "blocks", ()):
            if undo:
                block._compiled_call_impl = None
            else:
                block.compile()


def _expect_streams_to_differ() -> None:
    """Keep torch from warning that gradients are added on another stream than that of capture."""
    graph = torch.autograd.graph
    if hasattr(graph, "set_warn_on_accumulate_grad_stream_mismatch"):
        graph.set_warn_on_accumulate_grad_stream_mismatch(False)


class _PassesModule(nn.Module):
    """``run_passes`` as a module with inputs and outputs that are plain tensors."""

    def __init__(self, network: RecurrentNetwork, *, bfloat16: bool) -> None:
        super().__init__()
        self.network = network
        self.reduced = bfloat16

    def forward(self, low: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(B, T, 3, h, w)`` -> the fields of ``Passes``."""
        # A weight is cast once per run; what an earlier run has cast must not be taken for it.
        torch.clear_autocast_cache()
        with torch.autocast(low.device.type, torch.bfloat16, enabled=self.reduced):
            passes = run_passes(self.network, low)
        torch.clear_autocast_cache()
        return passes.backward, passes.forward, passes.flow
