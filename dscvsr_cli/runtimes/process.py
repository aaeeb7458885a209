"""Process set-up: what the memory allocator and the thread pools need to know before torch loads.

Two defaults of Linux cost a recurrent network much time on processors:

* glibc returns every large block to the system and takes it back, page by page, at the next layer.
  A third of the time of a job went there. ``mallopt`` makes it keep such blocks.
* OpenMP's threads spin while they wait. As soon as a decoder, an encoder or another program wants
  the core, every layer waits for the thread that was displaced. Passive waiting costs about a tenth
  on an idle machine and saves most of the time on a busy one.
"""

import contextlib
import ctypes
import os
import sys
from dataclasses import dataclass

_WAIT_POLICY = "OMP_WAIT_POLICY"

_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4
_KEPT_BYTES = 2**31 - 1
"""The most that ``mallopt`` can be given: an int."""
_TOP_PAD_BYTES = 2**24
_MALLOC_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessTuning:
    """What ``tune_process`` changed; a False is a system or a user that wanted it otherwise."""

    allocator: bool
    """Whether large blocks are kept for the next layer instead of being returned to the system."""

    passive_waiting: bool
    """Whether OpenMP's threads sleep while they wait."""


def tune_process() -> ProcessTuning:
    """Prepare this process for networks on the processor; call it before torch is imported.

    The command line calls it first. In a program of your own::

        from dscvsr_cli import tune_process

        tune_process()
        import torch

    Both settings hold for the whole process and may be made more than once. Environment variables
    that are already set win: ``OMP_WAIT_POLICY``, ``MALLOC_MMAP_THRESHOLD_``,
    ``MALLOC_TRIM_THRESHOLD_``, ``MALLOC_MMAP_MAX_`` and ``GLIBC_TUNABLES``. Memory that the network
    has used stays with the process until it ends, ready for the next frame. Nothing is raised if
    the system has no such settings.
    """
    return ProcessTuning(allocator=_keep_large_blocks(), passive_waiting=_wait_passively())


def available_cores() -> int:
    """Return the number of processor cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def return_free_memory() -> None:
    """Return memory that nothing uses to the system, if the allocator keeps it (glibc).

    It is for the rare moment after work that took far more than what follows will.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)


def _wait_passively() -> bool:
    # OpenMP reads its variables once, when its library loads with torch.
    if "torch" in sys.modules and _WAIT_POLICY not in os.environ:
        return False
    return os.environ.setdefault(_WAIT_POLICY, "PASSIVE").upper() == "PASSIVE"


def _keep_large_blocks() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    if "GLIBC_TUNABLES" in os.environ or any(name in os.environ for name in _MALLOC_VARIABLES):
        return False
    try:
        library = ctypes.CDLL(None)
        # musl has mallopt in some distributions' builds, but without an effect.
        _ = library.gnu_get_libc_version
        mallopt = library.mallopt
    except (AttributeError, OSError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    # Never mapped, never trimmed. The threshold alone would do, but older glibc caps it at 32 MB.
    settings = (
        (_M_MMAP_THRESHOLD, _KEPT_BYTES),
        (_M_MMAP_MAX, 0),
        (_M_TRIM_THRESHOLD, _KEPT_BYTES),
        (_M_TOP_PAD, _TOP_PAD_BYTES),
    )
    done = {name: bool(mallopt(name, value)) for name, value in settings}
    return done[_M_MMAP_MAX] and done[_M_TRIM_THRESHOLD]
