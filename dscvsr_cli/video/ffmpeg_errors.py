"""FFmpeg's errors as ours: their text, and an ``OutputVideoError`` for what fails while writing."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.errors import OutputVideoError

_DISK_FULL: Final = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def describe_error(error: Exception) -> str:
    """Return FFmpeg's words for what went wrong, without its codes."""
    return str(getattr(error, "strerror", None) or error)


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
        full = getattr(error, "errno", None) in _DISK_FULL
        raise OutputVideoError(
            f"{target} could not be written: {describe_error(error)}",
            hint="free some space on the disk, or write elsewhere with -o"
            if full
            else "try an output ending in .mkv, or another --encoder",
        ) from error
