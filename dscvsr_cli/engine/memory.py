"""Memory: how much is free, how much was used, and how to give back what is not needed."""

import os
import sys
from pathlib import Path

import torch

from dscvsr_cli.engine.cgroup import cgroup_free_bytes

_PROCESS_STATUS = Path("/proc/self/status")

UNKNOWN_FREE_BYTES = 4 * 2**30
"""Assumed if the system does not report free memory."""

_USABLE_SHARE = {"cuda": 0.85, "xpu": 0.85}
_USABLE_SHARE_OF_MAIN_MEMORY = 0.6


def free_memory_bytes(device: torch.device, *, meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return the bytes that can be allocated on ``device`` now.

    On CUDA that is the memory that no process holds, plus what this process holds unused. Apple's
    GPUs share the main memory. If the system reports nothing, ``UNKNOWN_FREE_BYTES``. A limit
    that a container or a batch system sets for this process counts like memory that is not there.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "xpu":
        free, _ = torch.xpu.mem_get_info(device)
        return free + torch.xpu.memory_reserved(device) - torch.xpu.memory_allocated(device)
    free = _available_bytes(meminfo) or _physical_bytes() // 2 or UNKNOWN_FREE_BYTES
    allowed = cgroup_free_bytes()
    return free if allowed is None else min(free, allowed)


def memory_budget_bytes(device: torch.device, *, memory_bytes: int | None = None) -> int:
    """Return the bytes that a plan may use on ``device``: ``memory_bytes``, or a share of the free.

    A GPU refuses what it does not have, and the plan shrinks. Main memory is shared with decoder,
    encoder and all other programs, and using too much of it kills the process, so less is used.
    """
    if memory_bytes is not None:
        return memory_bytes
    share = _USABLE_SHARE.get(device.type, _USABLE_SHARE_OF_MAIN_MEMORY)
    return int(share * free_memory_bytes(device))


def release_cached_memory(device: torch.device) -> None:
    """Return unused memory of torch's allocator to ``device``, to make room for a new layout."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()


def _available_bytes(meminfo: Path) -> int:
    """Read MemAvailable, which unlike MemFree counts caches that can be dropped; 0 if absent."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0


def _physical_bytes() -> int:
    """Return the installed memory as macOS and the BSDs report it; 0 if they do not."""
    sysconf = getattr(os, "sysconf", None)
    names = getattr(os, "sysconf_names", {})
    if sysconf is None or "SC_PHYS_PAGES" not in names:
        return 0
    pages: int = sysconf("SC_PHYS_PAGES")
    page_bytes: int = sysconf("SC_PAGE_SIZE")
    return max(0, pages * page_bytes)


def peak_memory_bytes(device: torch.device) -> int:
    """Return the most memory held so far: a CUDA device's own, else the process's; 0 unknown."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "xpu":
        return torch.xpu.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415  absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def peak_held_bytes(device: torch.device, *, status: Path = _PROCESS_STATUS) -> int | None:
    """Return the most memory held so far, unused memory of torch's allocator included.

    Args:
        device: CUDA reports its own; for others it is the memory of the process.
        status: If Linux reports that; other systems have no such file, and the result is None.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    try:
        lines = status.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    peaks = [line for line in lines if line.startswith("VmHWM:")]
    return int(peaks[0].split()[1]) * 1024 if peaks else None
