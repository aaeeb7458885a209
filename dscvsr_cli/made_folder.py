"""made_folder(): a folder for what is to be written, which goes again if nothing is."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final

_users: Final[dict[Path, int]] = {}
"""Folders that this process has made, and how many blocks still write in them."""

_lock: Final = Lock()


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder for the block, and those above it; remove what it leaves empty of them.

    What was there before stays. Blocks in several threads may share a folder: the last one removes
    it.

    Raises:
        OSError: It cannot be made.
    """
    path = folder.absolute()
    with _lock:
        mine = [one for one in (path, *path.parents) if one in _users or not one.exists()]
        _users.update((one, _users.get(one, 0) + 1) for one in mine)
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with _lock:
            for one in mine:
                _users[one] -= 1
                if not _users[one]:
                    del _users[one]
                    # A folder that holds something stays.
                    with contextlib.suppress(OSError):
                        one.rmdir()
