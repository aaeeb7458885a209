"""Own outputs: the hidden record in a folder of what this program made there, and of what.

``pipelines/upscale/finished.py`` writes it. It is read here, far below, because whoever looks for
videos or pictures in a folder must tell them from what was made of them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dscvsr_cli.json_record import read_record

RECORD_NAME: Final = ".dscvsr.json"


def file_identity(path: Path) -> str:
    """Return what stays the same when a file is renamed: its size and modification time.

    Raises:
        OSError: There is no such file.
    """
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def path_of_source(source: Path, folder: Path) -> str:
    """Return how the record of a folder names a source: so that both may be moved together."""
    # A link that is the source itself stays: it is in the folder that is searched.
    place = source.resolve() if source.is_dir() else source.parent.resolve() / source.name
    try:
        return Path(os.path.relpath(place, folder.resolve())).as_posix()
    except ValueError:
        # Windows: on another drive.
        return place.as_posix()


def made_from_within(folder: Path, root: Path) -> frozenset[str]:
    """Return the names of files in a folder that were made from something in ``root`` or below it.

    A file that has changed since is not counted, nor is one whose source came from elsewhere: a
    folder of nothing but outputs is a folder of videos like any other.

    Args:
        folder: The folder, ``root`` or one below it.
        root: The folder that is searched.
    """
    record = read_record(folder / RECORD_NAME)
    if not record:
        return frozenset()
    here, top = folder.resolve(), root.resolve()
    return frozenset(
        name for name, entry in record.items() if _is_from_within(name, entry, here, top)
    )


def _is_from_within(name: str, entry: object, here: Path, top: Path) -> bool:
    if not isinstance(entry, Mapping):
        return False
    source = entry.get("source")
    if not isinstance(source, str):
        return False
    # Links are not followed in what may be gone.
    place = Path(os.path.normpath(here / source))
    try:
        return place.is_relative_to(top) and entry.get("output") == file_identity(here / name)
    except (OSError, ValueError):
        return False
