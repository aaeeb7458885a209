"""Every error a person can cause, drawn as one tree.

::

    DscvsrError                 exit 1   base class; never raised itself
    +-- UsageError              exit 2   an option or a value that cannot work
    +-- VideoError              exit 3   a video file
    |   +-- InputVideoError              cannot be opened, decoded or has no picture
    |   +-- OutputVideoError             cannot be created, encoded or written
    |   +-- FrameCountError              frames out are not frames in
    +-- WeightsError            exit 4   weights missing, damaged or of another kind
    +-- DatasetError            exit 5   training or benchmark data missing or unusable
    +-- DeviceError             exit 6   the device is absent or has too little memory
    +-- RegressionError         exit 7   a benchmark found worse figures than an older one

Without any error, exit 1 says that some of several files failed (each told of by itself), or that
``verify`` found something missing. Ctrl-C leaves with 130. Anything else is a bug of ours and shows
its traceback.
"""

from typing import ClassVar


class DscvsrError(Exception):
    """What went wrong, with which file, and (as ``hint``) what to do next.

    Args:
        message: One sentence without a full stop at its end.
        hint: The next step for the person, or an empty string.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DscvsrError):
    """An option or a value that cannot work."""

    exit_code = 2


class VideoError(DscvsrError):
    """Something about a video file."""

    exit_code = 3


class InputVideoError(VideoError):
    """The input cannot be opened or decoded, or holds no picture."""


class OutputVideoError(VideoError):
    """The output cannot be created, encoded or written."""


class FrameCountError(VideoError):
    """The number of frames written differs from the number read."""


class WeightsError(DscvsrError):
    """Weights are missing, damaged, or of another kind."""

    exit_code = 4


class DatasetError(DscvsrError):
    """Training or benchmark data is missing or unusable."""

    exit_code = 5


class DeviceError(DscvsrError):
    """The device is absent or has too little memory."""

    exit_code = 6


class RegressionError(DscvsrError):
    """A benchmark found worse figures than an older one."""

    exit_code = 7
