"""Ledger: who does what next, and what follows when a task fails or a worker dies. No Ray here.

* A task whose worker dies is given to another; the task that was behind most of such deaths in a
  row is given up, since it may be what kills them.
* A task that fails goes to another worker, since a full disk or a broken card is one machine's.
* A worker that fails twice with nothing done in between gets no more work.
* When no worker is left that may work, all tasks fail with what the last one said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

Task = TypeVar("Task")

MOST_FAILURES: Final = 3
"""Failures after which a task is given up."""

MOST_DEATHS: Final = 10
"""Deaths of its workers after which a task is given up."""

_MOST_STRIKES: Final = 2
"""Failures in a row after which a worker is left out."""


@dataclass(eq=False)
class Entry(Generic[Task]):
    """A task, and what it has been through."""

    task: Task
    order: tuple[int, int]
    """Film and first frame: the first film is finished first."""
    failures: int = 0
    deaths: int = 0
    tried_by: set[str] = field(default_factory=set)
    """Workers on which it failed."""


class Ledger(Generic[Task]):
    """Tasks that wait or are being done, and the workers that may do them, by name."""

    def __init__(self) -> None:
        self._waiting: list[Entry[Task]] = []
        self._running: dict[str, Entry[Task]] = {}
        self._strikes: dict[str, int] = {}

    @property
    def running(self) -> dict[str, Entry[Task]]:
        """What each busy worker does."""
        return dict(self._running)

    @property
    def has_hope(self) -> bool:
        """Whether some worker may still do something."""
        return any(strikes < _MOST_STRIKES for strikes in self._strikes.values())

    def add(self, entry: Entry[Task]) -> None:
        """Take in a task."""
        self._waiting.append(entry)
        self._waiting.sort(key=lambda one: one.order)

    def join(self, worker: str) -> None:
        """Take in a worker."""
        self._strikes[worker] = 0

    def is_left_out(self, worker: str) -> bool:
        """Return whether a worker gets no more work."""
        return self._strikes.get(worker, 0) >= _MOST_STRIKES

    def assignments(self) -> Iterator[tuple[str, Entry[Task]]]:
        """Give every idle worker a task, as long as there are some."""
        for worker in self._strikes:
            if worker in self._running or self.is_left_out(worker):
                continue
            entry = self._next(worker)
            if entry is not None:
                self._waiting.remove(entry)
                self._running[worker] = entry
                yield worker, entry

    def done(self, worker: str) -> Entry[Task]:
        """Note that a worker has done its task."""
        self._strikes[worker] = 0
        return self._running.pop(worker)

    def failed(self, worker: str) -> Entry[Task] | None:
        """Note that a worker's task failed; return the task if it is given up."""
        self._strikes[worker] += 1
        entry = self._running.pop(worker)
        entry.failures += 1
        entry.tried_by.add(worker)
        return self._again(entry)

    def died(self, worker: str) -> Entry[Task] | None:
        """Note that a worker is gone; return its task if that is given up."""
        self._strikes.pop(worker, None)
        entry = self._running.pop(worker, None)
        if entry is None:
            return None
        entry.deaths += 1
        return self._again(entry)

    def give_up(self) -> list[Entry[Task]]:
        """Return everything that waits, and forget it."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _again(self, entry: Entry[Task]) -> Entry[Task] | None:
        if entry.failures >= MOST_FAILURES or entry.deaths >= MOST_DEATHS:
            return entry
        self.add(entry)
        return None

    def _next(self, worker: str) -> Entry[Task] | None:
        at_work = {other for other in self._strikes if not self.is_left_out(other)}
        # A second attempt on the same machine is for tasks that have tried all others.
        return next(
            (one for one in self._waiting if worker not in one.tried_by or at_work <= one.tried_by),
            None,
        )
