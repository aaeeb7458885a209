"""Y4mWriter: frames as YUV4MPEG2, into a file or into standard output."""

import sys
from contextlib import ExitStack, suppress
from typing import BinaryIO

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.write.frame_writer import FrameWriter
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.target_file import Destination, Naming, unrecorded
from dscvsr_cli.video.write.y4m import y4m_frame, y4m_header


class Y4mWriter(FrameWriter):
    """Write frames of constant rate, one after the other, and nothing else.

    What goes into a pipe or a device is gone, whole or not.

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
        super().__init__(destination.partial(overwrite=overwrite, naming=naming), picture)
        self._is_standard_output = destination.is_standard_output
        self._file: BinaryIO
        self._own_files = ExitStack()

    def _open(self) -> None:
        if self._is_standard_output:
            self._file = sys.stdout.buffer
        else:
            self._file = self._own_files.enter_context(self._partial.path.open("wb"))
        picture = self._picture
        self._file.write(
            y4m_header(
                width=picture.width,
                height=picture.height,
                rate=picture.rate,
                pixel_format=picture.pixel_format,
                colour=picture.colour,
                sample_aspect_ratio=picture.sample_aspect_ratio,
            )
        )

    def _write(self, frame: Frame) -> None:
        picture = self._picture
        stored = picture.as_stored(frame)
        self._file.write(
            y4m_frame(
                pixels_to_frame(
                    stored.pixels,
                    pixel_format=picture.pixel_format,
                    colour=picture.colour,
                    alpha=stored.alpha,
                )
            )
        )

    def _finish(self) -> None:
        self._file.flush()
        self._own_files.close()

    def _close(self) -> None:
        # Closing flushes, which fails once more on a full disk; the handle is closed anyway.
        with suppress(OSError):
            self._own_files.close()
