"""Machine: the names of what computes, for speeds, reports and records."""

import contextlib
import platform
from pathlib import Path

import torch

from dscvsr_cli.wording import counted


def machine(device: torch.device) -> str:
    """Return the name of what computes: the graphics card, or the processor and its threads."""
    if device.type == "cpu":
        return f"{processor_name()}, {counted(torch.get_num_threads(), 'thread')}"
    return hardware(device)


def hardware(device: torch.device) -> str:
    """Return the name of the graphics card, or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name() if device.type == "cpu" else f"{device.type} of {platform.machine()}"


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor, as far as the system says it."""
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine() or "processor"
