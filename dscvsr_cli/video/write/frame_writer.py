"""FrameWriter: the life that all writers of frames share, from an empty output to a whole one."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.write.partial_output import PartialOutput
from dscvsr_cli.video.write.picture_spec import PictureSpec


class FrameWriter(ABC):
    """Takes frames one after the other and makes an output of them, in one go.

    Use it as a context manager. Entering checks and opens everything, so that what cannot work
    fails before any frame is computed. The output appears under its name only when the block ends
    without an exception; otherwise, Ctrl-C included, nothing is left and an existing output stays.

    A kind of output says in four methods how it is opened, takes a frame, is finished and is
    closed. What libav or the system says inside them is reported with the name of the output.

    Args:
        partial: Takes the output until it is whole.
        picture: What every frame is.
    """

    def __init__(self, partial: PartialOutput, picture: PictureSpec) -> None:
        self.frames_written = 0
        self._partial = partial
        self._picture = picture
        self._is_open = False
        self._life = self._from_opening_to_closing()

    @property
    def moved_timestamps(self) -> int:
        """Frames whose timestamp did not come after the previous frame's."""
        return 0

    @property
    def lost_packets(self) -> int:
        """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""
        return 0

    def __enter__(self) -> Self:
        """Check the name, create the hidden output and open it.

        Raises:
            UsageError: The target exists or is of another kind, or the encoder does not fit.
            OutputVideoError: It cannot be written, or the muxer refuses.
        """
        self._life.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the output and give it its name, or remove it.

        Raises:
            OutputVideoError: The disk is full, for example, or the name is taken.
        """
        self._life.__exit__(exc_type, exc, traceback)

    def write(self, frame: Frame) -> None:
        """Take the next frame, of the promised size; its pixels may be on any device.

        Raises:
            BrokenPipeError: The reader of the pipe has closed it.
            OutputVideoError: Encoding or writing failed, a full disk for example.
        """
        if not self._is_open:
            raise ValueError("the writer is used outside its with block")
        with reported(self._partial.named):
            self._write(frame)
        self.frames_written += 1

    @contextmanager
    def _from_opening_to_closing(self) -> Iterator[None]:
        self._partial.check(self._picture.source.path)
        with self._partial:
            try:
                with reported(self._partial.named):
                    self._open()
                self._is_open = True
                yield
                with reported(self._partial.named):
                    self._finish()
            finally:
                self._is_open = False
                self._close()

    @abstractmethod
    def _open(self) -> None:
        """Open ``self._partial.path`` and everything else, and write what comes first."""

    @abstractmethod
    def _write(self, frame: Frame) -> None:
        """Write one frame."""

    @abstractmethod
    def _finish(self) -> None:
        """Write and close what makes the output whole."""

    @abstractmethod
    def _close(self) -> None:
        """Close whatever is open, after success and after any failure; say nothing of its own."""
