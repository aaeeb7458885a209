"""Whether another program is writing a file, as far as the system says so."""

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Final

_ASK_A_SERVER: Final = frozenset({"cifs", "nfs", "nfs4", "smb3"})
"""File systems that deny a lease whenever their server has not promised to tell of changes."""


def is_being_written(path: Path) -> bool:
    """Return whether a program has a file open for writing, as far as the system says so.

    Windows does not let a file be opened that another program is writing. Linux grants a lease for
    reading only where nobody writes; file systems without leases, network drives, and other users'
    files say nothing.
    """
    try:
        with path.open("rb") as file:
            return sys.platform == "linux" and _is_lease_denied(file.fileno())
    except PermissionError:
        return sys.platform == "win32"
    except OSError:
        return False


def _is_lease_denied(handle: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415  absent on Windows

    try:
        # Whoever opens the file meanwhile makes the system send a signal. The usual one would end
        # the program; this one is ignored.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return _file_system(os.fstat(handle).st_dev) not in _ASK_A_SERVER
    except OSError:
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _file_system(device: int) -> str:
    """Return the kind of the file system on a device ("ext4", "cifs"); "" where it is unknown."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for fields in map(str.split, mounts.splitlines()):
        # An unknown number of fields comes before a dash, and the kind behind it.
        if fields[2] == number:
            return fields[fields.index("-") + 1]
    return ""
