"""What this user may do with a folder or a file, found out without writing anything."""

import os
import stat
from pathlib import Path

from dscvsr_cli.errors import OutputVideoError

_AS_WHO_RUNS = {"effective_ids": True} if os.access in os.supports_effective_ids else {}


def check_folder(folder: Path) -> None:
    """Refuse a folder in which nothing can be written, or which cannot be made.

    Args:
        folder: The folder; one that is missing will be made, and those above it.

    Raises:
        OutputVideoError: This user may not, the file system is read-only, or a file is in the way.
    """
    above = folder.absolute()
    while not os.path.lexists(above) and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise OutputVideoError(
            f"the folder {folder} cannot be made: {above} is not a folder",
            hint="choose another one with -o",
        )
    if not os.access(above, os.W_OK | os.X_OK, **_AS_WHO_RUNS):
        raise OutputVideoError(
            f"nothing can be written in {above}: {_reason(above)}",
            hint="check its permissions, or write elsewhere with -o",
        )


def check_replaceable(file: Path) -> None:
    """Refuse a file that must not be replaced, in a folder that may be written to.

    A file that is read-only may be, as ``mv`` does.

    Raises:
        OutputVideoError: It belongs to somebody else in a folder where that matters, or is locked.
    """
    try:
        status, above = file.stat(), file.parent.stat()
    except OSError:
        return
    if os.name == "nt":
        is_refused = not status.st_mode & stat.S_IWRITE
    else:
        user = os.geteuid()
        is_foreign = user not in (0, status.st_uid, above.st_uid)
        # An immutable file cannot be written although its permissions say so.
        is_allowed = user in (0, status.st_uid) and bool(status.st_mode & stat.S_IWUSR)
        is_locked = is_allowed and not os.access(file, os.W_OK, **_AS_WHO_RUNS)
        is_refused = is_locked or (is_foreign and bool(above.st_mode & stat.S_ISVTX))
    if is_refused:
        raise OutputVideoError(
            f"{file} cannot be replaced: this user may not",
            hint="check its owner and attributes, or write elsewhere with -o",
        )


def _reason(folder: Path) -> str:
    if os.name != "nt" and os.statvfs(folder).f_flag & os.ST_RDONLY:
        return "its file system is read-only"
    return "permission denied"
