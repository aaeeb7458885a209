"""A drive or a network that fails is told from a file that is damaged or cut short."""

import errno
from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.medium import refuse_failing_medium

PACKET = 4 << 20


def system_error(number: int) -> av.FFmpegError:
    return av.error.OSError(number, "words of the system")


def refuse(error: Exception, path: Path | None, *, place: int = 0, largest: int = 0) -> None:
    refuse_failing_medium(error, "clip.mkv", path, place=place, largest_packet=largest)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mkv"
    path.write_bytes(bytes(3 * PACKET))
    return path


@pytest.mark.parametrize("number", [errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT])
def test_what_only_a_medium_says_is_refused(number: int, file: Path) -> None:
    with pytest.raises(InputVideoError, match=r"clip.mkv could not be read.*words of the system"):
        refuse(system_error(number), file, place=3 * PACKET - 1)


@pytest.mark.parametrize(
    "error",
    [
        av.error.InvalidDataError(0x41444E49, "invalid data"),
        system_error(errno.EINVAL),
    ],
)
def test_what_demuxers_say_of_data_is_left_alone(error: Exception, file: Path) -> None:
    refuse(error, file)
    refuse(error, None)


def test_an_input_error_within_the_last_packet_is_a_file_that_was_cut_short(file: Path) -> None:
    refuse(system_error(errno.EIO), file, place=2 * PACKET, largest=PACKET)


def test_an_input_error_before_that_is_one_of_the_medium(file: Path) -> None:
    with pytest.raises(InputVideoError):
        refuse(system_error(errno.EIO), file, place=PACKET, largest=PACKET // 4)


def test_an_input_error_is_one_of_the_medium_where_the_rest_cannot_be_read(file: Path) -> None:
    file.unlink()
    with pytest.raises(InputVideoError):
        refuse(system_error(errno.EIO), file, place=2 * PACKET, largest=PACKET)


def test_a_pipe_that_breaks_is_refused() -> None:
    with pytest.raises(InputVideoError):
        refuse(OSError(errno.EIO, "broken"), None)
