"""Clip: a named run of frames, opened again each time it is iterated."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

FrameReader = Callable[[], Iterator[Tensor]]
"""Opens a clip: an iterator of ``(3, H, W)`` float32 RGB in [0, 1], all of one size."""

LowKey = tuple[str, int]
"""How stored low-resolution frames were made: ("bi" or "bd", whole factor)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip of a data set; iterate it for its frames, as often as needed."""

    name: str
    """What tables call it."""

    frame_count: int | None
    """Number of frames; None if it is only known after reading to the end."""

    read: FrameReader
    """Opens the ground truth."""

    lows: Mapping[LowKey, FrameReader] = field(default_factory=dict)
    """Low-resolution frames that are stored beside the ground truth."""

    measured: frozenset[int] | None = None
    """Places (from 0) of the frames that count in a score; None counts all."""

    def __iter__(self) -> Iterator[Tensor]:
        """Read the frames from the first on; nothing is kept."""
        return self.read()

    def counts(self, place: int) -> bool:
        """Return whether the frame at ``place`` counts in a score."""
        return self.measured is None or place in self.measured

    def first(self, count: int) -> "Clip":
        """Return the clip of only the first ``count`` frames (fewer if it is shorter).

        Raises:
            ValueError: A count below 1.
        """
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        return replace(
            self,
            frame_count=None if self.frame_count is None else min(count, self.frame_count),
            read=_shortened(self.read, count),
            lows={key: _shortened(read, count) for key, read in self.lows.items()},
        )


def _shortened(read: FrameReader, count: int) -> FrameReader:
    return lambda: itertools.islice(read(), count)
