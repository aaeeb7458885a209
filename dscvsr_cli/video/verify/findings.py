"""Comparison: what a comparison of two files has found, subject by subject."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "changed", "lost"]

_SEVERITY: dict[Level, int] = {"ok": 0, "changed": 1, "lost": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one thing that the source holds."""

    level: Level
    """Kept as it was, kept in another form, or missing."""

    subject: str
    """Which thing: "frame times", "audio stream 1 (aac, eng)"."""

    message: str
    """What became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of everything that ``source`` holds."""

    source: Path
    """The original."""

    target: Path
    """The file made from it."""

    findings: tuple[Finding, ...]
    """One per property, the frames first, then the streams in file order."""

    @property
    def worst(self) -> Level:
        """The level of the most serious finding."""
        return max((one.level for one in self.findings), key=_SEVERITY.__getitem__, default="ok")

    @property
    def lost(self) -> tuple[Finding, ...]:
        """What is missing."""
        return tuple(one for one in self.findings if one.level == "lost")

    @property
    def changed(self) -> tuple[Finding, ...]:
        """What is there in another form."""
        return tuple(one for one in self.findings if one.level == "changed")
