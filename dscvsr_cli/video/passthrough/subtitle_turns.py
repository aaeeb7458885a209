"""Subtitles in turn: for kinds of text that players show one at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

ONE_AT_A_TIME: Final = frozenset({"mov_text"})
"""Codecs whose texts follow each other without overlapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing(Generic[Item]):
    """What is on the screen between two moments, in any unit of time."""

    start: Fraction
    end: Fraction

    items: tuple[Item, ...]
    """At least one; those that began first come first."""


class InTurn(Generic[Item]):
    """Cuts texts that overlap into stretches in which the same ones are shown."""

    def __init__(self) -> None:
        self._shown: list[tuple[Fraction, Item]] = []
        """What is on the screen, and until when."""

        self._at = Fraction(0)
        """Up to here everything has been given out."""

    def take(self, item: Item, start: Fraction, end: Fraction) -> Iterator[Showing[Item]]:
        """Yield the stretches before the next text begins; texts come in the order they begin."""
        yield from self._until(start)
        self._at = max(self._at, start) if self._shown else start
        if end > self._at:
            self._shown.append((end, item))

    def finish(self) -> Iterator[Showing[Item]]:
        """Yield the stretches that are left."""
        yield from self._until(max((end for end, _ in self._shown), default=self._at))

    def _until(self, time: Fraction) -> Iterator[Showing[Item]]:
        while self._shown and self._at < time:
            end = min(time, *(until for until, _ in self._shown))
            items = tuple(item for _, item in self._shown)
            yield Showing(start=self._at, end=end, items=items)
            self._at = end
            self._shown = [one for one in self._shown if one[0] > end]


def in_turn(texts: Iterable[tuple[Item, Fraction, Fraction]]) -> Iterator[Showing[Item]]:
    """Yield all stretches of texts, each with its start and its end."""
    turns: InTurn[Item] = InTurn()
    for item, start, end in texts:
        yield from turns.take(item, start, end)
    yield from turns.finish()
