"""Named pipes: wait for the program at the other end, and say so instead of seeming to hang."""

import contextlib
import errno
import logging
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Final

_PATIENCE_SECONDS: Final = 1.0
"""Time in which the other program may start without a word about it."""

_PAUSE_SECONDS: Final = 0.05

_log: Final = logging.getLogger(__name__)


@contextlib.contextmanager
def awaited_reader(path: Path) -> Iterator[None]:
    """Wait until a program reads a named pipe, and keep it open in the block; others are left.

    Opened anew, it would have no writer in between, which its reader takes for the end. Ctrl-C ends
    the wait.

    Raises:
        OSError: The pipe cannot be opened.
    """
    if not stat.S_ISFIFO(path.stat().st_mode):
        yield
        return
    started, said = time.monotonic(), False
    while (pipe := _opened(path)) is None:
        if not said and time.monotonic() - started > _PATIENCE_SECONDS:
            said = True
            _log.warning("%s is a named pipe that nobody reads: waiting for a reader", path)
        time.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        os.close(pipe)


def _opened(path: Path) -> int | None:
    """Open a named pipe to write; None if nobody reads it."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


@contextlib.contextmanager
def awaiting_writer(path: Path) -> Iterator[None]:
    """Say that nobody writes to a named pipe, if opening it in the block takes long."""
    said = Timer(
        _PATIENCE_SECONDS,
        lambda: _log.warning(
            "%s is a named pipe that nobody writes to: waiting for a writer", path
        ),
    )
    said.daemon = True
    said.start()
    try:
        yield
    finally:
        said.cancel()
