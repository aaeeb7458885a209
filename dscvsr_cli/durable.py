"""Write files that are whole or absent, and on the disk, whatever happens on the way."""

import contextlib
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk, where the system knows such a thing."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that after any accident is the old one or the new one, and on the disk.

    Raises:
        OSError: It cannot be written; an old file stays.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    sync_folder(path.parent)
