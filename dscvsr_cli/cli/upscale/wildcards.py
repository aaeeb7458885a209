"""Inputs such as ``*.mp4`` that the shell has passed on as they are: Windows' shells always do."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path


def files_named(inputs: Sequence[Path]) -> list[Path]:
    """Return the inputs with every pattern replaced by the files and folders that match it.

    A name that exists is no pattern, whatever signs it holds, and a pattern that nothing matches
    stays as it is, to be refused like any other name. Matches are sorted by name.
    """
    return [path for one in inputs for path in _matches(one)]


def _matches(path: Path) -> Iterator[Path]:
    name = str(path)
    is_pattern = glob.has_magic(name) and not path.exists()
    # Path.glob raises for some patterns, such as a**.
    found = sorted(glob.glob(name)) if is_pattern else []  # noqa: PTH207
    yield from map(Path, found or [name])
