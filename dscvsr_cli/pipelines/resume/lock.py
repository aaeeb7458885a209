"""ProcessLock: a lock that one process at a time can hold, and that never outlives its process."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from dscvsr_cli.durable import is_unsupported
from dscvsr_cli.errors import UsageError

_log: Final = logging.getLogger(__name__)

_PATIENCE_SECONDS: Final = 10.0
"""Longer than any change to a record takes; a longer wait would be for a process that hangs."""

_PAUSE_SECONDS: Final = 0.02


class ProcessLock:
    """A lock on a file; the system releases it when the process ends, however that happens.

    Two runs inside one process exclude each other as well.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self, what: str) -> None:
        """Take the lock and note who holds it.

        Args:
            what: What is locked, for the error message.

        Raises:
            UsageError: Another process holds it.
            OSError: The file cannot be written. If the file system has no locks the lock is
                only pretended, with a warning.
        """
        while self._file is None:
            file = self._path.open("a+b")
            try:
                _lock(file)
            except BlockingIOError as error:
                refusal = _refusal(file, what)
                file.close()
                raise refusal from error
            except OSError as error:
                if not is_unsupported(error):
                    file.close()
                    raise
                _log.warning(
                    "%s cannot be locked on this file system; start no second run that writes it",
                    what,
                )
            except BaseException:
                file.close()
                raise
            # The previous holder may have removed the file while we opened it.
            if self._is_current(file):
                self._file = file
            else:
                file.close()
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n".encode())
        self._file.flush()

    def check(self, what: str) -> None:
        """Refuse a lock that another process holds, and write nothing.

        Args:
            what: What is locked, for the error message.

        Raises:
            UsageError: Another process holds it.
            FileNotFoundError: It was never taken.
            OSError: It cannot be read.
        """
        with self._path.open("rb") as file:
            try:
                _lock(file)
            except BlockingIOError as error:
                raise _refusal(file, what) from error
            except OSError as error:
                if not is_unsupported(error):
                    raise

    def release(self) -> None:
        """Release the lock, whether or not it is held."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_current(self, file: BinaryIO) -> bool:
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        held = os.fstat(file.fileno())
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _refusal(file: BinaryIO, what: str) -> UsageError:
    file.seek(0)
    holder = file.read(20).decode("ascii", "replace").strip()
    return UsageError(
        f"{what} is being written by another run" + (f" (process {holder})" * bool(holder)),
        hint="wait for it, or choose another name with -o",
    )


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let one process, or one thread, at a time into the block, to change a file and write it back.

    A process that finds the block taken waits for some seconds, and then enters without the lock.

    Args:
        path: The lock file, which exists only while somebody is in the block.

    Raises:
        OSError: It cannot be written.
    """
    lock, patient_until = ProcessLock(path), time.monotonic() + _PATIENCE_SECONDS
    while not (held := _is_acquired(lock, path.name)) and time.monotonic() < patient_until:
        time.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        # A process that has opened the file meanwhile finds that it is gone, and makes another.
        if held and sys.platform != "win32":
            with suppress(OSError):
                path.unlink()
        lock.release()
        # Windows removes a file that is open for nobody.
        if held and sys.platform == "win32":
            with suppress(OSError):
                path.unlink()


def _is_acquired(lock: ProcessLock, name: str) -> bool:
    try:
        lock.acquire(name)
    except UsageError:
        return False
    return True


if sys.platform == "win32":

    def _lock(file: BinaryIO) -> None:
        import msvcrt  # noqa: PLC0415  only there

        try:
            # A byte far behind the content, so that others can still read the holder's process id.
            file.seek(2**30)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
        finally:
            file.seek(0)

else:

    def _lock(file: BinaryIO) -> None:
        import fcntl  # noqa: PLC0415  absent on Windows

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
