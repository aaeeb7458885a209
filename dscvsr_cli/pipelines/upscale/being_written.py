"""Whether another program is writing a file, as far as the system says so."""

import contextlib
import signal
import sys
from pathlib import Path


def is_being_written(path: Path) -> bool:
    """Return whether a program has a file open for writing, as far as the system says so.

    Windows does not let a file be opened that another program is writing. Linux grants a lease for
    reading only where nobody writes; file systems without leases, and other users' files, say
    nothing.
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
        return True
    except OSError:
        return False
    with contextlib.suppress(OSError):
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
