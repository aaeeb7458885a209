"""recorded_stdout(): whether all that a command prints could be written."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast


class RecordedStdout:
    """stdout as it is, whoever writes to it; what cannot be written is dropped from then on.

    Args:
        stream: What ``sys.stdout`` was.
        on_loss: Called once with what keeps it from being written, unless a reader has left: one
            that leaves, as head does, has what it wanted.
    """

    def __init__(self, stream: TextIO, on_loss: Callable[[OSError], None]) -> None:
        self._stream = stream
        self._on_loss = on_loss
        self._is_closed = False
        self.is_lost = False
        """Whether something was dropped that somebody wanted."""

    def __getattr__(self, name: str) -> Any:
        """Return what the stream itself has."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        if not self._is_closed:
            try:
                self._stream.write(text)
            except OSError as error:
                self._close(error)
        return len(text)

    def flush(self) -> None:
        """Send on what was written, or drop it."""
        if not self._is_closed:
            try:
                self._stream.flush()
            except OSError as error:
                self._close(error)

    def _close(self, error: OSError) -> None:
        self._is_closed = True
        # Otherwise Python complains while it ends that what it still holds cannot be written.
        with contextlib.suppress(OSError, ValueError):
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, self._stream.fileno())
            os.close(sink)
        # Windows has no name of its own for a pipe that nobody reads.
        nobody_reads = error.errno == errno.EPIPE or (
            os.name == "nt" and error.errno == errno.EINVAL
        )
        if not nobody_reads:
            self.is_lost = True
            self._on_loss(error)


@contextlib.contextmanager
def recorded_stdout(on_loss: Callable[[OSError], None]) -> Iterator[RecordedStdout | None]:
    """Record in the block what becomes of stdout; a program that was started without has None.

    Args:
        on_loss: Called once with what keeps it from being written.
    """
    if sys.stdout is None:
        yield None
        return
    stdout = RecordedStdout(sys.stdout, on_loss)
    with contextlib.redirect_stdout(cast("TextIO", stdout)):
        yield stdout
    # Python writes what it still holds only when it ends.
    with contextlib.suppress(ValueError):
        stdout.flush()
