"""Pipe: an input that can be read only once, and that may wait for ever."""

import errno
import select
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, Final, cast

import av
from av.container import InputContainer

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.named_pipes import awaiting_writer
from dscvsr_cli.video.read.libav_log import park_decoders
from dscvsr_cli.video.read.open_input import (
    HEADER_BYTES,
    STANDARD_INPUT,
    format_limits,
    input_name,
)

_BUFFER_BYTES: Final = 1 << 20

_PATIENCE_MILLISECONDS: Final = 200
"""Time after which a thread that waits looks whether it still has to."""


class PipeFile:
    """A readable object for PyAV that cannot seek, and whose first bytes have been looked at.

    Args:
        file: The open pipe.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.bytes_read = 0
        self._file = file
        # A BufferedReader waits until all the bytes asked for are there; a live source would lag.
        self._unbuffered = cast("RawIOBase", getattr(file, "raw", file))
        self._waiting = _watch(file)
        self._interrupted = False
        self._interruption: KeyboardInterrupt | None = None
        self.header = self._read_header()
        self._pending = self.header

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, and none at the end.

        Raises:
            InterruptedError: ``interrupt`` was called, perhaps while this waited, or Ctrl-C came,
                which ``heard`` raises.
        """
        if self._pending:
            part, self._pending = self._pending[:size], self._pending[size:]
        else:
            try:
                part = self._read(size)
            except KeyboardInterrupt as interruption:
                # PyAV shows and drops what is no Exception, and libav then waits again.
                self._interruption = interruption
                self.interrupt()
                raise InterruptedError(errno.EINTR, "interrupted") from interruption
        self.bytes_read += len(part)
        return part

    def interrupt(self) -> None:
        """Let a thread that waits in ``read`` go; on Windows, when the next bytes come."""
        self._interrupted = True

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise the Ctrl-C that ``read`` has met in the block, whatever libav made of it.

        Raises:
            KeyboardInterrupt: That is it.
        """
        try:
            yield
        finally:
            if self._interruption is not None:
                raise self._interruption

    def _read_header(self) -> bytes:
        header = b""
        while len(header) < HEADER_BYTES:
            part = self._read(HEADER_BYTES - len(header))
            if not part:
                break
            header += part
        return header

    def _read(self, size: int) -> bytes:
        part = None
        while part is None:
            self._wait()
            # None if a pipe that does not block has nothing yet.
            part = self._unbuffered.read(size)
        return bytes(part)

    def _wait(self) -> None:
        """Wait until the pipe has bytes or has ended."""
        while not self._interrupted and not (
            self._waiting is None or self._waiting.poll(_PATIENCE_MILLISECONDS)
        ):
            pass
        if self._interrupted:
            raise InterruptedError(errno.EINTR, "the pipe is not read any more")


def _watch(file: BinaryIO) -> "select.poll | None":
    """Return what says whether a file has bytes; None if there is no such thing."""
    try:
        number = file.fileno()
    except (AttributeError, OSError):
        return None
    if not hasattr(select, "poll"):
        return None
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    return waiting


class Pipe:
    """Something that can be read only once, opened: standard input, or a named pipe."""

    def __init__(self, path: Path) -> None:
        """Open the pipe and wait until it gives its first bytes.

        Raises:
            InputVideoError: Nothing comes, or nothing that can be read without going back.
        """
        self.path = path
        self._stack = ExitStack()
        try:
            self._file = self._open_file()
            self.header = self._file.header
            with self.heard():
                self.container = self._stack.enter_context(self._open_container(self._file))
        except BaseException:
            self._stack.close()
            raise

    def interrupt(self) -> None:
        """Let a thread that waits for the pipe go: its read fails, as do all later ones."""
        self._file.interrupt()

    def heard(self) -> AbstractContextManager[None]:
        """Raise a Ctrl-C that comes while the block waits for the pipe, as ``PipeFile`` does."""
        return self._file.heard()

    def close(self) -> None:
        """Close the pipe; a program that still writes to it then stops."""
        park_decoders(self.container)
        self._stack.close()

    def _open_file(self) -> PipeFile:
        if self.path == STANDARD_INPUT:
            if sys.stdin is None or sys.stdin.isatty():
                raise InputVideoError(
                    "nothing is piped into standard input",
                    hint="for example: ffmpeg -i clip.mp4 -f yuv4mpegpipe - | dscvsr upscale - ...",
                )
            return PipeFile(sys.stdin.buffer)
        try:
            with awaiting_writer(self.path):
                file = self.path.open("rb")
            return PipeFile(self._stack.enter_context(file))
        except OSError as error:
            raise InputVideoError(
                f"{self.path} cannot be read: {describe_error(error)}",
                hint="check the permissions of the pipe",
            ) from error

    def _open_container(self, file: PipeFile) -> InputContainer:
        name = input_name(self.path)
        if not file.header:
            raise InputVideoError(
                f"nothing came through {name}", hint="check the program that writes to the pipe"
            )
        try:
            return av.open(
                file,
                "r",
                metadata_errors="replace",
                buffer_size=_BUFFER_BYTES,
                container_options=format_limits(allow_playlist=False),
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise InputVideoError(
                f"{name} holds no video that can be read from a pipe ({describe_error(error)})",
                hint="pipe yuv4mpegpipe, matroska, mpegts or nut; mp4 and mov must be files",
            ) from error


def size_bytes(container: InputContainer, path: Path) -> int:
    """Return how long an opened file is, or how much has come through an opened pipe so far."""
    file = container.file and container.file.file
    return file.bytes_read if isinstance(file, PipeFile) else path.stat().st_size
