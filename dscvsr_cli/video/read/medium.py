"""The medium of an input: whether reading stopped because a disk or network fails, not the data."""

import errno
from pathlib import Path
from typing import Final

import av

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.ffmpeg_errors import describe_error

_SAID_OF_DATA: Final = frozenset(
    {errno.EINVAL, errno.ENOMEM, errno.ENOSYS, errno.ERANGE, errno.EOVERFLOW, errno.EDOM}
)
"""Numbers of the system that demuxers use for data that makes no sense to them."""

_LARGEST_REST_BYTES: Final = 1 << 20
"""What may follow the last whole packets of a file that is cut short, beside parts of packets."""

_CHUNK_BYTES: Final = 1 << 20


def refuse_failing_medium(
    error: Exception, name: str, path: Path | None, *, place: int, largest_packet: int
) -> None:
    """Refuse an input whose medium fails; damaged data is left to the caller.

    What was read so far must not pass for the whole file then: another attempt may read the rest.

    Args:
        error: Why no more packets come.
        name: The input in messages.
        path: Its only file; None for a pipe, or a list of files.
        place: Byte at which the last packet begins, or 0.
        largest_packet: Bytes of the largest packet so far.

    Raises:
        InputVideoError: A disk, a drive or a network failed.
    """
    if isinstance(error, av.FFmpegError) and not _is_of_medium(error, path, place, largest_packet):
        return
    raise InputVideoError(
        f"{name} could not be read to its end: {describe_error(error)}",
        hint="check the drive or the network and try again; of a disk that fails, make a copy "
        "first, with ddrescue for example",
    ) from error


def _is_of_medium(
    error: av.FFmpegError, path: Path | None, place: int, largest_packet: int
) -> bool:
    if error.errno not in errno.errorcode or error.errno in _SAID_OF_DATA:
        return False
    # Some demuxers say EIO of a file that ends within a packet. Little follows the last one then,
    # and all of that can be read.
    if error.errno != errno.EIO or path is None:
        return True
    try:
        with path.open("rb") as file:
            rest = file.seek(0, 2) - place
            if rest > 2 * largest_packet + _LARGEST_REST_BYTES:
                return True
            file.seek(place)
            while file.read(_CHUNK_BYTES):
                pass
    except OSError:
        return True
    return False
