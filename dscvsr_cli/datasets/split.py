"""Which clips are held out for validation: whole clips, chosen by their names alone."""

import hashlib
from collections.abc import Sequence

from dscvsr_cli.datasets.sources import Source


def split_sources(
    sources: Sequence[Source], share: float
) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """Part sources into those to learn from and those held out.

    About ``share`` of the clips are held out. The name of a clip alone decides, so the same clip is
    held out wherever it is stored and whatever else is added. Photographs are never held out, and
    nothing is if everything would be.

    Args:
        sources: What was found.
        share: In [0, 1].
    """
    held = tuple(
        source for source in sources if source.kind != "photo" and place_of(source.name) < share
    )
    if len(held) == len(sources):
        return tuple(sources), ()
    chosen = set(map(id, held))
    return tuple(source for source in sources if id(source) not in chosen), held


def place_of(name: str) -> float:
    """Return where a name falls in [0, 1), evenly and the same on every machine."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    # 53 bits: what a float holds exactly, so that the result never rounds up to 1.
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
