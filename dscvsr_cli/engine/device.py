"""Choose the network's device and dtype, once."""

import platform
from pathlib import Path
from typing import Literal

import torch

from dscvsr_cli.errors import DeviceError, UsageError

DtypeName = Literal["auto", "float32", "float16", "bfloat16", "int8"]
"""A dtype as it is named on the command line."""

_DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
}


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device that ``name`` is or means: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu".

    "auto" takes CUDA, then Apple's GPU, then Intel's, then the CPU.

    Raises:
        UsageError: Not the name of a device.
        DeviceError: This machine has no such device, or torch was built without it.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("xpu" if torch.xpu.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unknown_device(name) from error
    if device.type == "cuda":
        return _cuda_device(device)
    if device.type == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError(
                "this machine has no Apple GPU that torch can use",
                hint="use --device auto, or --device cpu",
            )
    elif device.type == "xpu":
        if not torch.xpu.is_available():
            raise DeviceError(
                "this machine has no Intel GPU that torch can use",
                hint="install torch with XPU support, or use --device cpu",
            )
    elif device.type != "cpu":
        raise _unknown_device(name)
    return torch.device(device.type)


def choose_dtype(name: DtypeName, device: torch.device) -> torch.dtype:
    """Return the dtype that ``name`` means on ``device``.

    "auto" takes the fastest dtype that gives correct frames. On CUDA that is bfloat16 from compute
    capability 8 on, and float16 from 7 on, except on the GTX 16 cards, whose frames would be black.
    On CPUs that compute with it natively it is bfloat16; everywhere else, float32. Apple's GPUs get
    float32: float16 is no faster there, and it overflows.

    Raises:
        UsageError: Not the name of a dtype.
    """
    if name != "auto":
        if name not in _DTYPES:
            raise UsageError(
                f"unknown dtype: {name!r}",
                hint=f"use auto, {', '.join(_DTYPES)}",
            )
        return _DTYPES[name]
    if device.type == "cuda":
        return dtype_for_cuda(
            torch.cuda.get_device_capability(device), torch.cuda.get_device_name(device)
        )
    if device.type == "cpu" and has_native_bfloat16():
        return torch.bfloat16
    return torch.float32


def dtype_for_cuda(capability: tuple[int, int], card: str) -> torch.dtype:
    """Return the dtype for a card of this compute capability and name."""
    if capability >= (8, 0):
        return torch.bfloat16
    # TU116 and TU117 call themselves 7.5 as the RTX 20 cards do, but lack their tensor cores.
    if capability >= (7, 0) and "GTX 16" not in card and not _is_small_turing(card):
        return torch.float16
    return torch.float32


def has_native_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether the CPU multiplies bfloat16 in hardware.

    torch reports bfloat16 as supported wherever it can emulate it, which is slow, so the CPU's own
    flags are read. The result is False on systems that do not list them.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    arm = platform.machine().lower() in ("aarch64", "arm64")
    wanted = {"bf16"} if arm else {"avx512_bf16", "amx_bf16"}
    for line in lines:
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not wanted.isdisjoint(flags.split())
    return False


def _is_small_turing(card: str) -> bool:
    return any(chip in card for chip in ("MX450", "MX550", "T400", "T500", "T600", "T1000"))


def _cuda_device(device: torch.device) -> torch.device:
    if not torch.cuda.is_available():
        raise DeviceError(
            "no CUDA device was found",
            hint="check nvidia-smi and that torch was installed with CUDA, or use --device cpu",
        )
    count = torch.cuda.device_count()
    index = torch.cuda.current_device() if device.index is None else device.index
    if index >= count:
        raise DeviceError(
            f"there is no cuda:{index}; this machine has {count}",
            hint=f"use --device cuda:0{f' to cuda:{count - 1}' if count > 1 else ''}",
        )
    return torch.device("cuda", index)


def _unknown_device(name: str | torch.device) -> UsageError:
    return UsageError(
        f"unknown device: {str(name)!r}", hint="use auto, cpu, cuda, cuda:1, mps or xpu"
    )
