"""SoundClock: exact sample positions for sound whose timestamps are rounded or have gaps."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(slots=True, kw_only=True)
class SoundClock:
    """Where each block of samples goes, counted in samples from time zero.

    Containers that count milliseconds round every timestamp, so that blocks seem to overlap or to
    leave gaps of a few samples. Within one tick of that clock blocks follow each other without a
    seam; a larger gap is kept, and what overlaps by more is cut off, so that sound stays with the
    picture however long the file is.
    """

    rate: int
    """Samples per second."""

    time_base: Fraction
    """Seconds per tick of the source's clock."""

    expected: int | None = None
    """Where the next block would follow without a seam; None before the first."""

    def place(self, pts: int | None, samples: int) -> tuple[int, int]:
        """Return where a block goes and how many of its first samples are to be cut off.

        Args:
            pts: The block's timestamp in ticks; None puts it behind the one before.
            samples: Its length.
        """
        at = self.expected or 0 if pts is None else round(pts * self.time_base * self.rate)
        cut = 0
        if self.expected is not None:
            tolerance = self.time_base * self.rate + 1
            if abs(at - self.expected) <= tolerance:
                at = self.expected
            elif at < self.expected:
                cut = min(self.expected - at, samples)
                at += cut
        self.expected = max(at + samples - cut, self.expected or at)
        return at, cut
