"""Actor: a worker's process, from its first line on; what it does is in ``worker``."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dscvsr_cli.runtimes.process import tune_process

if TYPE_CHECKING:
    from dscvsr_cli.cluster.messages import Answer
    from dscvsr_cli.cluster.worker import Worker


class Actor:
    """What Ray runs in a process of its own; calls may come while another is at work."""

    def __init__(self) -> None:
        # Before torch is loaded, which reads its threads' settings once.
        tune_process()
        self._worker: Worker | None = None

    def call(self, method: str, *arguments: Any) -> "Answer":
        """Call a method of ``Worker`` and return what came of it."""
        from dscvsr_cli.cluster.worker import Worker, answer  # noqa: PLC0415  after tuning

        if self._worker is None:
            self._worker = Worker()
        return answer(getattr(self._worker, method), *arguments)

    def progress(self) -> float:
        """Return the frames that the task at work has made so far, parts of frames included."""
        return self._worker.frames_made if self._worker is not None else 0.0


def pin(cores: int, slot: int) -> None:
    """Keep this process to its share of the machine's cores, if the system can.

    Decoder, network and encoder then choose their threads by what is theirs, and not by what the
    whole machine has.

    Args:
        cores: Of each worker.
        slot: Which of the machine's workers this is, from 0.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    present = sorted(os.sched_getaffinity(0))
    mine = {present[(slot * cores + index) % len(present)] for index in range(cores)}
    # Linux keeps this for each thread; new ones get it from those that start them.
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            os.sched_setaffinity(int(thread.name), mine)
