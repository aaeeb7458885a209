"""What OpenVINO can run on: the processor itself, and Intel's graphics and neural processors."""

from functools import cache
from typing import Final, Literal

import torch

Processor = Literal["CPU", "GPU", "NPU"]
"""As OpenVINO names them; "GPU" and "NPU" are the first of their kind, and Intel's alone."""

_DTYPES: Final[dict[Processor, tuple[torch.dtype, ...]]] = {
    "CPU": (torch.float32, torch.bfloat16, torch.int8),
    "GPU": (torch.float16, torch.float32),
    "NPU": (torch.float16,),
}


def dtypes_of(processor: Processor) -> tuple[torch.dtype, ...]:
    """Return what convolutions can compute in there; of "GPU" and "NPU" the usual one first."""
    return _DTYPES[processor]


@cache
def processors_here() -> frozenset[str]:
    """Return what OpenVINO, which must be installed, finds on this machine."""
    import openvino  # noqa: PLC0415  an extra, and slow to load

    # One of several is called "GPU.1".
    return frozenset(name.partition(".")[0] for name in openvino.Core().available_devices)
