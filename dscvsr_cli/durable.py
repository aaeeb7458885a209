"""Durable files: after any failure or power cut a file is the old one or the new one, never half.

A file is written under a temporary name in the same folder, flushed to the disk, and only then
renamed. The folder itself is flushed last, so that the new name survives a power cut too. Every
file that anybody relies on must be written here.

=====================  =======================================================================
``write_durably``      bytes that are in memory already
``DurableFile``        a stream written piece by piece, in a ``with`` block or over many calls
``publish``            a file that a library has written by its name, such as a video
``publish_folder``     a folder of such files
=====================  =======================================================================
"""

import contextlib
import errno
import functools
import logging
import os
import re
import secrets
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from dscvsr_cli.windows_names import name_problem

_PART: Final = ".part"
_MARK_BYTES: Final = 4
"""Random bytes in a temporary name, so that no two writers share one."""
_ADDED_LENGTH: Final = 1 + 2 * _MARK_BYTES + len(_PART)
_ABANDONED_SECONDS: Final = 24 * 3600.0
"""Age from which a temporary file is taken for one that a killed run left."""
_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.1

_log: Final = logging.getLogger(__name__)

_NO_SUCH_OPERATION: Final = frozenset(
    {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
)


def write_durably(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, replacing an older file in one step.

    Raises:
        OSError: The file cannot be written; an older file is untouched.
    """
    with DurableFile(path) as file:
        file.write(data)


class DurableFile:
    """A binary file that takes its name when it is complete and on the disk.

    As a context manager it gives the open file, commits when the block ends and discards when an
    exception leaves it. A caller that writes over many calls uses ``commit`` and ``discard``.
    If several write one file at the same time, the last to commit wins, and its file is whole.

    Args:
        path: The name to take, replacing an older file; ``<name>.<random>.part`` beside it is
            written.

    Raises:
        OSError: The temporary file cannot be created.
    """

    def __init__(self, path: Path) -> None:
        problem = name_problem(path, below=_ADDED_LENGTH)
        if problem:
            raise OSError(errno.EINVAL, problem, str(path))
        self._path = path
        self._part = path.with_name(f"{path.name}.{secrets.token_hex(_MARK_BYTES)}{_PART}")
        self.file: BinaryIO = self._part.open("xb")

    def __enter__(self) -> BinaryIO:
        return self.file

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.commit()
        else:
            self.discard()

    def commit(self) -> None:
        """Flush the file to the disk and give it its name.

        Raises:
            OSError: It cannot be written; the temporary file is removed, an older file untouched.
        """
        try:
            self.file.flush()
            _flush(self.file.fileno(), self._path.parent)
            # Windows does not rename a file that is open.
            self.file.close()
            _replace(self._part, self._path)
        except BaseException:
            self.discard()
            raise
        sync_folder(self._path.parent)
        _remove_abandoned(self._path)

    def discard(self) -> None:
        """Close and remove the temporary file; does nothing after ``commit``."""
        # Closing flushes, which fails once more on a full disk; the handle is closed anyway.
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._part.unlink()


def _remove_abandoned(path: Path) -> None:
    """Remove what runs that were killed long ago left beside a file."""
    name = re.compile(rf"{re.escape(path.name)}\.[0-9a-f]{{{2 * _MARK_BYTES}}}{re.escape(_PART)}")
    with contextlib.suppress(OSError):
        for part in path.parent.iterdir():
            if (
                name.fullmatch(part.name)
                and time.time() - part.stat().st_mtime > _ABANDONED_SECONDS
            ):
                part.unlink()


def publish(part: Path, target: Path, *, overwrite: bool) -> None:
    """Give a complete file its final name, in the same folder or at least on the same file system.

    Args:
        part: The file under its temporary name, closed; it is kept when this fails.
        target: The name to take.
        overwrite: Whether to replace a file of that name.

    Raises:
        FileExistsError: The name is taken, and ``overwrite`` is false.
        OSError: The file cannot be flushed or renamed; an older file is untouched.
    """
    sync_file(part)
    if overwrite:
        _replace(part, target)
    else:
        _rename_exclusively(part, target)
    sync_folder(target.parent)


def publish_folder(part: Path, target: Path) -> None:
    """Give a folder of complete files its final name, which must be free.

    Raises:
        OSError: A file cannot be flushed, or the folder not renamed; its files stay where they are.
    """
    for path in part.iterdir():
        sync_file(path)
    sync_folder(part)
    part.rename(target)
    sync_folder(target.parent)


def _replace(part: Path, target: Path) -> None:
    """Give a file its name, in place of another one.

    On Windows a program that only looks at a file, such as a virus scanner or the search, keeps it
    from being replaced for a moment.
    """
    for _ in range(_ATTEMPTS - 1 if sys.platform == "win32" else 0):
        try:
            part.replace(target)
        except PermissionError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    part.replace(target)


def _rename_exclusively(part: Path, target: Path) -> None:
    try:
        # A hard link fails if the name is taken, in one step no other process can split.
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network file systems have no hard links; a short gap must do there.
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        _replace(part, target)
    else:
        part.unlink()


def sync_file(path: Path) -> None:
    """Flush the content of a closed file to the disk.

    Raises:
        OSError: The disk is full or failing.
    """
    # Windows flushes only through a handle that may write.
    with path.open("rb+") as file:
        _flush(file.fileno(), path.parent)


def is_unsupported(error: OSError) -> bool:
    """Return whether an error means that a file system has no such operation at all.

    Network drives and FUSE mounts may have neither locks nor a way to flush.
    """
    return error.errno in _NO_SUCH_OPERATION


def _flush(handle: int, folder: Path) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if not is_unsupported(error):
            raise
        _warn_of_power_cuts(folder)


@functools.cache
def _warn_of_power_cuts(folder: Path) -> None:
    _log.warning("files in %s cannot be flushed to the disk; a power cut may damage them", folder)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk, on systems that can (Windows cannot)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
