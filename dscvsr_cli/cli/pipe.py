"""Standard output as a pipe: it carries the video alone, and its reader may stop early."""

import contextlib
import os
import sys
from collections.abc import Iterator

import typer


@contextlib.contextmanager
def until_nobody_reads() -> Iterator[None]:
    """End the program without complaint where the reader of a pipe has enough, as head does.

    Raises:
        typer.Exit: The block found the pipe closed.
    """
    try:
        yield
    except BrokenPipeError as error:
        # Otherwise Python complains while it ends that what it still holds cannot be written.
        with contextlib.suppress(OSError, ValueError):
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, sys.stdout.fileno())
            os.close(sink)
        raise typer.Exit(0) from error
