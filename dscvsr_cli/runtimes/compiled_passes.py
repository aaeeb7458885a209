"""Passes whose steps are compiled: the small operations between convolutions become one each."""

import torch
from torch import Tensor, nn

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.runtimes.compiler import COMPILER, Compiler
from dscvsr_cli.runtimes.shared_twin import shared_twin
from dscvsr_cli.warping import warp


def with_compiled_passes(
    network: RecurrentNetwork, compiler: Compiler = COMPILER
) -> RecurrentNetwork:
    """Return a network of the same weights, in the same memory, that compiles its passes' steps.

    Args:
        network: In evaluation mode; it stays as it is, and its weights must not be exchanged.
        compiler: What compiles.
    """
    twin = shared_twin(network)
    for name in ("backward_pass", "forward_pass"):
        setattr(twin, name, CompiledPass(getattr(twin, name), network.config, compiler))
    return twin


class CompiledPass(nn.Module):
    """A ``RecurrentPass`` that is compiled once for every shape."""

    def __init__(self, recurrent: RecurrentPass, config: NetworkConfig, compiler: Compiler) -> None:
        super().__init__()
        self._config = config
        self.recurrent = recurrent
        self._compiler = compiler

    @torch.inference_mode()
    def forward(
        self,
        frame_B3HW: Tensor,
        neighbour_BCHW: Tensor | None,
        flow_B2HW: Tensor | None,
        *,
        filled: bool,
    ) -> Tensor:
        """Advance by one frame, as ``RecurrentPass`` does -> ``(B, C, H, W)``."""
        filled = filled and self.recurrent.filling is not None
        frame = _uniform(frame_B3HW)
        key = (self._config, frame.shape, frame.dtype, frame.device)
        if neighbour_BCHW is None or flow_B2HW is None:
            batch, _, height, width = frame.shape
            state = _uniform(frame.new_zeros((batch, self.recurrent.channels, height, width)))
            # Two tensors: the compiler would take one that is passed twice for something new.
            aligned = torch.zeros_like(state)
        elif frame.is_cuda:
            state, flow = _uniform(neighbour_BCHW), _uniform(flow_B2HW)
            return self._compiler.run(
                _warp_and_advance, key, self.recurrent, frame, state, flow, filled=filled
            )
        else:
            # On processors a compiled warp is no faster, and compiling it takes three times as long
            # as all the rest.
            state = _uniform(neighbour_BCHW)
            aligned = _uniform(warp(state, flow_B2HW))
        return self._compiler.run(
            _advance, key, self.recurrent, frame, state, aligned, filled=filled
        )


def _advance(
    recurrent: RecurrentPass, frame: Tensor, state: Tensor, aligned: Tensor, *, filled: bool
) -> Tensor:
    return recurrent.advance(frame, state, aligned, filled=filled)


def _warp_and_advance(
    recurrent: RecurrentPass, frame: Tensor, state: Tensor, flow: Tensor, *, filled: bool
) -> Tensor:
    made: Tensor = recurrent(frame, state, flow, filled=filled)
    return made


def _uniform(tensor: Tensor) -> Tensor:
    """Return ``tensor`` in the one form that its shape is compiled for: strides, and inference.

    A slice of a clip has other strides than a frame, and a state that was saved is none of
    inference mode; the compiler would take each for something new.
    """
    wanted = tensor.contiguous(memory_format=torch.channels_last)
    _, channels, height, width = wanted.shape
    strides = (channels * height * width, 1, channels * width, channels)
    if wanted.stride() == strides and wanted.is_inference():
        return wanted
    made = torch.empty_strided(wanted.shape, strides, dtype=wanted.dtype, device=wanted.device)
    return made.copy_(wanted)
