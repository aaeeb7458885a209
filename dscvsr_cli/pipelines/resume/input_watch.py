"""InputWatch: notices an input that is replaced or overwritten while it is being read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.pipelines.resume.manifest import identify_input
from dscvsr_cli.video.read.image_sequence import is_sequence, sequence_pictures

_HINT: Final = "put the earlier file back, or start over once nothing writes to it any more"


class InputWatch:
    """Remembers what an input is, and compares it again later.

    Device, inode, size and modification time of every file are compared. If they differ, size,
    time and content decide: some network drives renumber files, and an equal copy will do.

    Args:
        path: The input, a file or an image sequence.
        start_number: Number of the first picture of a sequence.

    Raises:
        InputVideoError: It cannot be read.
    """

    def __init__(self, path: Path, *, start_number: int | None = None) -> None:
        self._path = path
        self._start_number = start_number
        try:
            self.identity = identify_input(path, start_number=start_number)
            self._places = self._numbers()
        except OSError as error:
            raise InputVideoError(
                f"{path} cannot be read: {error.strerror or error}",
                hint="check that it is still there, and that its storage answers",
            ) from error

    def check(self) -> None:
        """Refuse an input that is not what it was.

        Raises:
            InputVideoError: It was replaced, overwritten or removed.
        """
        try:
            if self._numbers() == self._places:
                return
            now = identify_input(self._path, start_number=self._start_number)
        except (OSError, InputVideoError) as error:
            raise InputVideoError(
                f"{self._path} was removed while it was being read",
                hint="put the earlier file back",
            ) from error
        if now != self.identity:
            raise InputVideoError(
                f"{self._path} was replaced or overwritten while it was being read", hint=_HINT
            )

    def _numbers(self) -> list[tuple[int, int, int, int]]:
        numbers = []
        for file in self._files():
            status = file.stat()
            numbers.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
        return numbers

    def _files(self) -> Sequence[Path]:
        if is_sequence(self._path):
            return sequence_pictures(self._path, start_number=self._start_number)
        return (self._path,)
