"""kept_scheduling(): an encoder does not make the process a real-time one.

SVT-AV1 gives itself and the thread that opens it real-time priority wherever it may, which is as
root on Linux. Nothing else on the machine then gets a core that they want, not even the shell.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_TASKS: Final = Path("/proc/self/task")


@contextmanager
def kept_scheduling() -> Iterator[None]:
    """Let threads that become real-time in the block be scheduled as the caller was before."""
    if not (_TASKS.is_dir() and hasattr(os, "sched_setscheduler")):
        yield
        return
    try:
        policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    except OSError:
        policy, parameters = os.SCHED_OTHER, os.sched_param(0)
    before = real_time_threads()
    try:
        yield
    finally:
        for thread in real_time_threads() - before:
            # It may have ended, or belong to somebody who may not be asked.
            with suppress(OSError):
                os.sched_setscheduler(thread, policy, parameters)


def real_time_threads() -> set[int]:
    """Return the threads of this process that are real-time; on Linux only."""
    found = set()
    for thread in (int(task.name) for task in _TASKS.iterdir()):
        with suppress(OSError):
            if os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR):
                found.add(thread)
    return found
