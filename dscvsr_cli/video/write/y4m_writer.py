"""Y4mWriter: frames as YUV4MPEG2, into a file or into standard output."""

import sys
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import BinaryIO, Self

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.target_file import Destination, Naming, unrecorded
from dscvsr_cli.video.write.y4m import y4m_frame, y4m_header


class Y4mWriter:
    """Write frames of constant rate, one after the other, and nothing else.

    Use it as a context manager. A file appears under its name only when it is whole; what goes into
    a pipe or a device is gone.

    Args:
        destination: A file, a named pipe or standard output.
        picture: What its frames are.
        overwrite: Whether an existing file may be replaced.
        naming: Gives the block inside which the file takes its name.
    """

    def __init__(
        self,
        destination: Destination,
        picture: PictureSpec,
        *,
        overwrite: bool = False,
        naming: Naming = unrecorded,
    ) -> None:
        self.frames_written = 0
        self.moved_timestamps = 0
        self.lost_packets = 0
        self._destination = destination
        self._picture = picture
        self._partial = destination.partial(overwrite=overwrite, naming=naming)
        self._file: BinaryIO | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the target and write the header.

        Raises:
            UsageError: The target exists or is a folder.
            OutputVideoError: It cannot be written, or the reader of the pipe has closed it.
        """
        picture = self._picture
        if self._destination.is_standard_output:
            self._file = sys.stdout.buffer
        else:
            self._partial.check(picture.source.path)
            self._partial.create()
            self._file = self._stack.enter_context(self._partial.path.open("wb"))
        header = y4m_header(
            width=picture.width,
            height=picture.height,
            rate=picture.rate,
            pixel_format=picture.pixel_format,
            colour=picture.colour,
            sample_aspect_ratio=picture.sample_aspect_ratio,
        )
        try:
            self._put(header)
        except BaseException:
            self._abandon()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the file its name, or remove it."""
        if exc_type is not None:
            self._abandon()
            return
        try:
            with reported(self._destination.path):
                if self._file is not None:
                    self._file.flush()
                self._stack.close()
        except BaseException:
            self._abandon()
            raise
        self._partial.publish()

    def write(self, frame: Frame) -> None:
        """Write one frame, which has the promised size once it is turned as the input says.

        Raises:
            BrokenPipeError: The reader of the pipe has closed it.
            OutputVideoError: The disk is full, for example.
        """
        picture = self._picture
        frame = picture.as_stored(frame)
        self._put(
            y4m_frame(
                pixels_to_frame(
                    frame.pixels,
                    pixel_format=picture.pixel_format,
                    colour=picture.colour,
                    alpha=frame.alpha,
                )
            )
        )
        self.frames_written += 1

    def _put(self, data: bytes) -> None:
        if self._file is None:
            raise ValueError("the writer is used outside its with block")
        with reported(self._destination.path):
            self._file.write(data)

    def _abandon(self) -> None:
        with suppress(OSError):
            self._stack.close()
        self._partial.discard()
