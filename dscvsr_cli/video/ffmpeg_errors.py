"""FFmpeg's errors as ours: their text, and an ``OutputVideoError`` for what fails while writing."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.errors import OutputVideoError

_WAYS_OUT: Final = {
    (errno.ENOSPC, errno.EFBIG, errno.EDQUOT): "free some space on the disk, or write elsewhere "
    "with -o",
    (errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ESTALE): "the folder is there no more: put "
    "it or its drive back, or write elsewhere with -o",
    (errno.EACCES, errno.EPERM, errno.EROFS): "check the permissions of the folder, or write "
    "elsewhere with -o",
    (errno.EIO,): "check the drive and its connection, or write elsewhere with -o",
    (errno.EEXIST,): "choose another name with -o, or add --overwrite",
}
"""What to do about a failure to write, by what the system calls it."""


def describe_error(error: Exception) -> str:
    """Return FFmpeg's words for what went wrong, without its codes."""
    return str(getattr(error, "strerror", None) or error)


def way_out(error: Exception, *, otherwise: str) -> str:
    """Return what to do about a failure to write.

    Args:
        error: From libav or the system.
        otherwise: What to do where the error says nothing about the disk or the folder.
    """
    number = getattr(error, "errno", None)
    return next((hint for numbers, hint in _WAYS_OUT.items() if number in numbers), otherwise)


@contextmanager
def reported(target: Path) -> Iterator[None]:
    """Turn what libav or the system says about writing into an error that names ``target``.

    Raises:
        BrokenPipeError: The reader of the pipe has closed it.
        OutputVideoError: The block raised an ``av.FFmpegError`` or an ``OSError``.
    """
    try:
        yield
    except BrokenPipeError:
        # The reader of a pipe may stop when it has enough.
        raise
    except (av.FFmpegError, OSError) as error:
        raise OutputVideoError(
            f"{target} could not be written: {describe_error(error)}",
            hint=way_out(error, otherwise="try an output ending in .mkv, or another --encoder"),
        ) from error
