"""PartialFile: write under a hidden name, and take the target's name when whole."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from dscvsr_cli.durable import publish
from dscvsr_cli.errors import OutputVideoError, UsageError


def is_pipe_target(target: Path) -> bool:
    """Say whether what is written to a name is gone at once."""
    return target == STANDARD_OUTPUT or is_special_file(target)


class PipeTarget:
    """Stands where a ``PartialFile`` would, for a target without a hidden name.

    Args:
        target: ``-``, or the name of something that is neither file nor folder.
    """

    def __init__(self, target: Path) -> None:
        self.path = target

    def create(self) -> None:
        """Do nothing: what is written to is there already."""

    def publish(self) -> None:
        """Do nothing: what was written is gone."""

    def discard(self) -> None:
        """Do nothing: what was written cannot be taken back."""


def output_url(path: Path) -> str:
    """Return what libav is to open for a path; names such as "a:b.mp4" are no protocols."""
    return "pipe:1" if path == STANDARD_OUTPUT else f"file:{path}"


STANDARD_OUTPUT: Final = Path("-")
"""The name that stands for what is piped out."""

PIPE_FORMATS: Final = ("y4m", "matroska", "mpegts", "nut")
"""Containers that can be written without ever going back."""


_KEPT_NAME_LENGTH = 40
"""Characters of the target's name that the hidden name repeats, well below any system's limit."""


def resolve_target(target: Path) -> Path:
    """Return the file that is written for a name: what a symbolic link points to, as cp does."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def is_special_file(target: Path) -> bool:
    """Say whether a name is a device or a pipe, which is written to and never replaced."""
    return target.exists() and not target.is_file() and not target.is_dir()


def check_target(target: Path, *, source: Path | None, overwrite: bool) -> None:
    """Complain about a target that cannot or must not be written.

    Raises:
        UsageError: It exists (without ``overwrite``), is a folder, or is the source itself.
        OutputVideoError: Its folder does not exist.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint="give the name of a file inside it")
    if not target.parent.is_dir():
        raise OutputVideoError(
            f"the folder {target.parent} does not exist", hint=f"mkdir -p '{target.parent}'"
        )
    if not target.exists():
        return
    if source is not None and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input itself", hint="write to another name with -o")
    if not overwrite:
        raise UsageError(
            f"{target} already exists", hint="add --overwrite, or choose another name with -o"
        )


class PartialFile:
    """A file that nobody sees under its own name before it is whole.

    The hidden name lies in the target's folder, so that taking the target's name is one atomic step
    on the same file system.

    Args:
        target: The name to take in the end; a symbolic link stays, and its file is replaced.
        overwrite: Whether a file of that name may be replaced.
        path: The hidden name, on the same file system; None makes one up.
    """

    def __init__(self, target: Path, *, overwrite: bool, path: Path | None = None) -> None:
        self.target = resolve_target(target)
        self._overwrite = overwrite
        name = f".{target.stem[:_KEPT_NAME_LENGTH]}.{secrets.token_hex(4)}.part"
        self.path = path or self.target.with_name(name)

    def create(self) -> None:
        """Create the hidden file.

        Raises:
            OutputVideoError: The folder cannot be written to.
        """
        try:
            self.path.open("xb").close()
        except OSError as error:
            raise OutputVideoError(
                f"nothing can be written in {self.target.parent}: {error.strerror}",
                hint="check the permissions of the folder and the space on the disk",
            ) from error

    def publish(self) -> None:
        """Give the finished file its name.

        Raises:
            OutputVideoError: Another file took the name meanwhile, or the system refuses.
        """
        try:
            publish(self.path, self.target, overwrite=self._overwrite)
        except OSError as error:
            self.discard()
            raise OutputVideoError(
                f"{self.target} could not be put in place: {error.strerror or error}",
                hint="choose another name with -o, or add --overwrite",
            ) from error

    def discard(self) -> None:
        """Remove the hidden file, whether or not it is there."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
