"""Timeline: the times of an output's pictures, made to start at zero or later and to rise."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.span import Span

_log: Final = logging.getLogger(__name__)


def span_shift(source: VideoInfo, span: Span) -> int:
    """Return by how many units of the picture's clock a span moves so that it starts at zero."""
    if span.start == 0:
        return 0
    return -math.floor((source.start_seconds + span.start) / source.time_base)


@dataclass(slots=True, kw_only=True)
class Timeline:
    """Where the pictures of one output have come to; put away and taken up again between runs.

    A picture that starts before time zero, which players do not show, is moved to start there, and
    everything after it by as much. A time that does not lie after its predecessor (encoders refuse
    it) is moved to one unit after it. No frame is dropped.
    """

    name: Path
    """Whose pictures these are, for the log."""

    shift: int = 0
    """Units by which every picture moves; what is copied beside them moves along."""

    last: int | None = None
    """Time of the last picture placed, or None before the first."""

    moved: int = 0
    """Pictures that had to be moved on their own."""

    def place(self, pts: int) -> int:
        """Return the time of the next picture in the output, in the unit of ``pts``."""
        if self.last is None and pts + self.shift < 0:
            self.shift = -pts
            _log.warning("%s: starts before time zero; moved to start there", self.name)
        placed = pts + self.shift
        if self.last is not None and placed <= self.last:
            if self.moved == 0:
                _log.warning("%s: timestamps repeat or step back", self.name)
            self.moved += 1
            placed = self.last + 1
        self.last = placed
        return placed
