"""JobGroup: jobs that run at the same time in one process, and what they share."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.engine.memory import memory_budget_bytes
from dscvsr_cli.pipelines.upscale.job import UpscaleJob


class JobGroup:
    """The memory that the jobs of a group share, and the signal that ends them all.

    Every job plans with the whole memory, as it would on its own, so it makes the same frames. It
    then waits until what it planned is free. Jobs get their memory in the order in which they ask.

    Args:
        memory_bytes: What all jobs may hold at once; None sets no limit.
    """

    def __init__(self, memory_bytes: int | None = None) -> None:
        self._memory_bytes = memory_bytes
        self._held = 0
        self._queue: deque[object] = deque()
        self._changed = Condition()
        self._stopped = False

    @contextmanager
    def room(self, size_bytes: int) -> Iterator[None]:
        """Hold this much memory inside the block; a job that needs more than there is runs alone.

        Raises:
            KeyboardInterrupt: ``stop`` was called meanwhile.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(
                lambda: self._stopped or (self._queue[0] is ticket and self._fits(size_bytes))
            )
            self._queue.remove(ticket)
            self._changed.notify_all()
            if self._stopped:
                raise KeyboardInterrupt
            self._held += size_bytes
        try:
            yield
        finally:
            with self._changed:
                self._held -= size_bytes
                self._changed.notify_all()

    def _fits(self, size_bytes: int) -> bool:
        if self._memory_bytes is None or not self._held:
            return True
        return self._held + size_bytes <= self._memory_bytes

    def stop(self) -> None:
        """Let every job end as Ctrl-C would end it."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def raise_if_stopped(self) -> None:
        """Raise ``KeyboardInterrupt`` once ``stop`` was called."""
        if self._stopped:
            raise KeyboardInterrupt


def memory_for(job: UpscaleJob) -> int:
    """Return the memory that jobs like this one may use together.

    Raises:
        DeviceError: The device is missing.
    """
    return memory_budget_bytes(choose_device(job.device), memory_bytes=job.memory_bytes)
