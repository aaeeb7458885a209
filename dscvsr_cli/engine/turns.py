"""Turns: lets several threads work at once until they are told to take turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """Steps that run side by side, or one at a time.

    Args:
        one_at_a_time: Whether they take turns from the beginning.
    """

    def __init__(self, *, one_at_a_time: bool) -> None:
        self._one_at_a_time = one_at_a_time
        self._running = 0
        self._changed = Condition()

    @contextmanager
    def step(self) -> Iterator[bool]:
        """Run the block when it may, and tell it whether no other runs meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._one_at_a_time and self._running))
            self._running += 1
            alone = self._one_at_a_time
        try:
            yield alone
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def take_turns(self) -> None:
        """Let every step that begins from now on run alone, after those that run already."""
        with self._changed:
            self._one_at_a_time = True
