"""ClipWindow: which parts of a data set larger than memory are held, decided by arithmetic.

The parts form a ring in a random order that the seed decides; what is held is a stretch of the ring
that moves on. So every part gets its turn, and what is held after a given number of changes depends
only on the seed, and a resumed run holds what it would have held.
"""

import random
from collections import deque
from collections.abc import Sequence

STEPS_PER_CHANGE = 100
"""Steps between two changes: slow enough that decoding in the background keeps up."""


class ClipWindow:
    """The stretch of the ring that is held."""

    def __init__(self, sizes: Sequence[int], *, budget: int, seed: int) -> None:
        """Hold as many parts as fit into the budget, and always one at least.

        Args:
            sizes: Bytes of each part.
            budget: Bytes.
            seed: Decides the order.

        Raises:
            ValueError: No parts.
        """
        if not sizes:
            raise ValueError("a rotation needs parts")
        self._sizes = sizes
        self._budget = budget
        self._ring = list(range(len(sizes)))
        random.Random(seed).shuffle(self._ring)  # noqa: S311  # no secret
        self._next = 0
        self._bytes = 0
        self._held: deque[int] = deque()
        self._admit()
        self._fill()

    @property
    def held(self) -> tuple[int, ...]:
        """Places in ``sizes`` of the parts that are held, the longest held first."""
        return tuple(self._held)

    @property
    def coming(self) -> int:
        """The part that the next change brings first."""
        return self._ring[self._next]

    @property
    def whole(self) -> bool:
        """Whether everything is held, so that changes change nothing."""
        return len(self._held) == len(self._sizes)

    def change(self) -> None:
        """Bring the next part in, drop the oldest until it fits, then fill what is left over."""
        if self.whole:
            return
        self._admit()
        while self._bytes > self._budget and len(self._held) > 1:
            self._bytes -= self._sizes[self._held.popleft()]
        self._fill()

    def _fill(self) -> None:
        while not self.whole and self._bytes + self._sizes[self.coming] <= self._budget:
            self._admit()

    def _admit(self) -> None:
        self._held.append(self.coming)
        self._bytes += self._sizes[self.coming]
        self._next = (self._next + 1) % len(self._ring)
