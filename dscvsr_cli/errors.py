"""Every error a person can cause, drawn as one tree.

::

    DscvsrError                 exit 1   base class; never raised itself
    +-- UsageError              exit 2   an option or a value that cannot work
    +-- VideoError              exit 3   a video file
    |   +-- InputVideoError              cannot be opened or decoded, or has no video
    |   +-- OutputVideoError             cannot be created, encoded or written
    |   |   +-- DamagedWorkError         what an interrupted run left cannot be used
    |   +-- FrameCountError              frames out are not frames in
    +-- WeightsError            exit 4   weights missing, damaged or unsuitable
    +-- DatasetError            exit 5   training or benchmark data missing or unusable
    +-- DeviceError             exit 6   the device is absent or has too little memory
    +-- RegressionError         exit 7   a benchmark result got worse

Exit code 1 without an error means that some of several files failed (each with its own message),
or that ``verify`` found something missing; 8 that an output lacks audio or
subtitles that could not be decoded, to be encoded again, or that are cut off in the input; 9 that
nothing failed, but stdout could not be written. Ctrl-C exits with 130. Any other exception is a bug
of ours and shows its traceback.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import ClassVar, Final, Self

_MAY_PASS: Final = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EBUSY),
        *(errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ENXIO),
        *(errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        *(errno.ENETDOWN, errno.ENETUNREACH),
    }
)
"""What the system says of full disks, of drives and networks that are away, of files that others
hold, and of too many programs."""

INTERRUPTED: Final = 130
"""What the program exits with after Ctrl-C, as shells do: 128 and the number of the signal."""

RESULTS_LOST: Final = 9
"""What the program exits with if all that failed is writing to stdout, as on a full disk."""


class DscvsrError(Exception):
    """What went wrong, with which file, and (as ``hint``) what to do next.

    Args:
        message: One sentence without a full stop at its end.
        hint: The next step for the person, or an empty string.
        details: What the sentence is about, if there are several things; each is shown in a line of
            its own, and ``message`` names them all.
        may_pass: Whether another attempt may succeed later, though nothing is changed.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str = "", details: Sequence[str] = (), may_pass: bool = False
    ) -> None:
        self.headline = message
        """The sentence without what it is about."""
        self.details = tuple(details)
        self.message = f"{message}: {'; '.join(details)}" if details else message
        """All of it in one line."""
        super().__init__(self.message)
        self.hint = hint
        self.options: tuple[str, ...] = ()
        """The options whose values are refused, by names without dashes, if they are known."""
        self._may_pass = may_pass

    @property
    def may_pass(self) -> bool:
        """Whether another attempt may succeed later, as this error or one behind it says."""
        error: BaseException | None = self
        while error is not None:
            if isinstance(error, DscvsrError) and error._may_pass:
                return True
            if getattr(error, "errno", None) in _MAY_PASS:
                return True
            error = error.__cause__
        return False

    def with_hint(self, hint: str) -> Self:
        """Return a new error of the same kind and message with another hint.

        This one stays as it is: the code that caught it may still show it or raise it again.
        """
        error = copy(self)
        error.hint = hint
        return error

    def with_message(self, message: str) -> Self:
        """Return the same error with another message."""
        error = copy(self)
        error.headline = error.message = message
        error.details = ()
        error.args = (message,)
        return error

    def about(self, *options: str) -> Self:
        """Return the same error that knows which options it refuses, by names without dashes."""
        error = copy(self)
        error.options = options
        return error


class UsageError(DscvsrError):
    """An option or a value that cannot work.

    Args:
        message: What cannot be.
        hint: The next step.
        details: As of every error.
        unfit: The option that this input or output cannot take, by its name without dashes, where
            that is all that is wrong: without it, the job could run. A default that a person has
            set for all jobs then yields, and anything else is refused.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        details: Sequence[str] = (),
        unfit: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.unfit = unfit
        if unfit is not None:
            self.options = (unfit,)


@contextmanager
def refusals_about(*options: str) -> Iterator[None]:
    """Say of a refusal which options it is about, unless the code that refuses has said so.

    Args:
        options: Those whose values are used within, by their names without dashes.
    """
    try:
        yield
    except DscvsrError as error:
        if error.options:
            raise
        raise error.about(*options) from error


class VideoError(DscvsrError):
    """Something about a video file."""

    exit_code = 3


class InputVideoError(VideoError):
    """The input cannot be opened or decoded, or has no video."""


class OutputVideoError(VideoError):
    """The output cannot be created, encoded or written."""


class DamagedWorkError(OutputVideoError):
    """What an interrupted run left cannot be used; the only way is to start over.

    Args:
        message: What is damaged.
        hint: The next step, ``--restart`` unless there is a better one.
    """

    def __init__(self, message: str, *, hint: str = "start over with --restart") -> None:
        super().__init__(message, hint=hint)


class FrameCountError(VideoError):
    """The number of frames written differs from the number read."""


class WeightsError(DscvsrError):
    """Weights are missing, damaged or unsuitable."""

    exit_code = 4


class DatasetError(DscvsrError):
    """Training or benchmark data is missing or unusable."""

    exit_code = 5


class DeviceError(DscvsrError):
    """The device is absent or has too little memory, now at least."""

    exit_code = 6

    def __init__(self, message: str, *, hint: str = "", may_pass: bool = True) -> None:
        super().__init__(message, hint=hint, may_pass=may_pass)


class RegressionError(DscvsrError):
    """A benchmark result is worse than in an earlier report."""

    exit_code = 7
