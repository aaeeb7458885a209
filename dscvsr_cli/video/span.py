"""TimeSpan: the part of a video that is worked on, in seconds as players count them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dscvsr_cli.errors import UsageError
from dscvsr_cli.typed_values import take_fields


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From ``start`` up to, but not including, ``end``; any kind of number becomes a Fraction.

    Seconds count from where players show 0:00, which is ``VideoInfo.start_seconds`` on the clock of
    the file. A frame belongs to the span in which it begins.
    """

    start: Fraction = Fraction(0)
    """Seconds at which the span begins."""

    end: Fraction | None = None
    """Seconds at which it ends; None goes to the end of the video."""

    def __post_init__(self) -> None:
        """Make times exact, and refuse a span that holds no time at all."""
        take_fields(self)
        if self.start < 0:
            raise UsageError(
                f"a span cannot start before the video, got {float(self.start):g} s",
                hint="count from the start of the video: --start 0 is its first frame",
            ).about("start")
        if self.end is not None and self.end <= self.start:
            raise UsageError(
                f"the end, {float(self.end):g} s, is not after the start, {float(self.start):g} s",
                hint="both count from the start of the video: --start 60 --end 90",
            ).about("start", "end")

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is cut off."""
        return self.start == 0 and self.end is None

    def holds(self, seconds: Fraction) -> bool:
        """Return whether what begins at ``seconds`` belongs to the span."""
        return not self.is_before(seconds) and not self.is_past(seconds)

    def is_before(self, seconds: Fraction) -> bool:
        """Return whether ``seconds`` is before the start; nothing is before a start of 0."""
        # Audio and frames may begin below zero: a span from the beginning keeps them.
        return self.start > 0 and seconds < self.start

    def is_past(self, seconds: Fraction) -> bool:
        """Return whether ``seconds`` is at the end or after it."""
        return self.end is not None and seconds >= self.end


WHOLE: Final = TimeSpan()
"""The span that cuts nothing off."""
