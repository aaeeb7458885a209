"""TimedIterator: an iterator that knows how long its items took."""

from collections.abc import Iterator
from time import perf_counter
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")


class TimedIterator(Generic[Item]):
    """An iterator that adds up the time its items take to come."""

    def __init__(self, items: Iterator[Item]) -> None:
        """Wrap ``items``; ``seconds`` counts from nothing."""
        self.seconds = 0.0
        self._items = items

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> Item:
        """Return the next item and add its time.

        Raises:
            StopIteration: There is none.
        """
        start = perf_counter()
        try:
            return next(self._items)
        finally:
            self.seconds += perf_counter() - start
