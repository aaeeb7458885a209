"""Clip: a named run of frames, opened anew each time it is iterated."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip of a data set; iterate it for its frames, as often as needed."""

    name: str
    """What tables call it."""

    frame_count: int | None
    """Number of frames, or None where only reading to the end would tell."""

    read: Callable[[], Iterator[Tensor]]
    """Opens the clip: an iterator of ``(3, H, W)`` float32 RGB in [0, 1], all of one size."""

    def __iter__(self) -> Iterator[Tensor]:
        """Read the frames from the first on; nothing is kept."""
        return self.read()

    def first(self, count: int) -> "Clip":
        """Return the clip of only the first ``count`` frames (fewer where it is shorter).

        Raises:
            ValueError: A count below 1.
        """
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        known = None if self.frame_count is None else min(count, self.frame_count)
        return Clip(
            name=self.name,
            frame_count=known,
            read=lambda: itertools.islice(self.read(), count),
        )
