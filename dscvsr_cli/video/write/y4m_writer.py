"""Y4mWriter: frames as YUV4MPEG2, into a file or into standard output."""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import container_named
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.write.encoder import settle_picture
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.target_file import (
    STANDARD_OUTPUT,
    PartialFile,
    check_target,
    is_pipe_target,
)
from dscvsr_cli.video.write.y4m import y4m_frame, y4m_header


class Y4mWriter:
    """Write frames of constant rate, one after the other, and nothing else.

    Use it as a context manager. A file appears under its name only when it is whole; what goes into
    a pipe or a device is gone.

    Args:
        target: A file, a named pipe, or ``-`` for standard output.
        source: The probed input, on a clock that ticks once per picture.
        height: Rows of the frames to come.
        width: Columns of the frames to come.
        options: Says the pixel format.
        overwrite: Whether an existing file may be replaced.
    """

    def __init__(
        self,
        target: Path,
        *,
        source: VideoInfo,
        height: int,
        width: int,
        options: EncodeOptions,
        overwrite: bool = False,
    ) -> None:
        self.target = target
        self.frames_written = 0
        self.moved_timestamps = 0
        self._overwrite = overwrite
        self._picture = settle_picture(
            source,
            container_named("yuv4mpegpipe"),
            height=height,
            width=width,
            options=options,
        )
        self.pixel_format = self._picture.pixel_format
        self._partial: PartialFile | None = None
        self._file: BinaryIO | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the target and write the header.

        Raises:
            UsageError: The target exists or is a folder.
            OutputVideoError: It cannot be written, or nobody reads the pipe.
        """
        picture = self._picture
        if self.target == STANDARD_OUTPUT:
            self._file = sys.stdout.buffer
        elif is_pipe_target(self.target):
            self._file = self._stack.enter_context(self.target.open("wb"))
        else:
            source = picture.source.path
            check_target(self.target, source=source, overwrite=self._overwrite)
            self._partial = PartialFile(self.target, overwrite=self._overwrite)
            self._partial.create()
            self._file = self._stack.enter_context(self._partial.path.open("wb"))
        header = y4m_header(
            width=picture.width,
            height=picture.height,
            rate=picture.rate,
            pixel_format=picture.pixel_format,
            colour=picture.colour,
            sample_aspect_ratio=picture.source.sample_aspect_ratio,
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
            with reported(self.target):
                if self._file is not None:
                    self._file.flush()
                self._stack.close()
        except BaseException:
            self._abandon()
            raise
        if self._partial is not None:
            self._partial.publish()

    def write(self, frame: Frame) -> None:
        """Write one frame of the promised size.

        Raises:
            BrokenPipeError: Nobody reads the pipe any more.
            OutputVideoError: The disk is full, for example.
        """
        picture = self._picture
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
        with reported(self.target):
            self._file.write(data)

    def _abandon(self) -> None:
        with suppress(OSError):
            self._stack.close()
        if self._partial is not None:
            self._partial.discard()
