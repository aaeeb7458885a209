"""Destination: what a name to write to stands for, and the file or pipe that takes an output."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dscvsr_cli.durable import publish
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.video.ffmpeg_errors import way_out
from dscvsr_cli.video.named_pipes import awaited_reader
from dscvsr_cli.video.write.may_write import check_folder, check_replaceable
from dscvsr_cli.video.write.partial_output import KEPT_NAME_LENGTH, PartialOutput, hidden_name
from dscvsr_cli.windows_names import name_problem

Naming = Callable[[Path], AbstractContextManager[None]]
"""Given a whole output under its hidden name, returns the block in which it takes its own."""

STANDARD_OUTPUT: Final = Path("-")
"""The name that stands for what is piped out."""

ADDED_LENGTH: Final = 57
"""Characters, at most, that unfinished work adds to the path of an output."""


def unrecorded(_whole: Path) -> AbstractContextManager[None]:
    """Let an output take its name with nothing around it."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A name to write to, resolved once: what kind of thing it is, and which file it means."""

    path: Path
    """The name as the person gave it; ``-`` is standard output."""

    file: Path
    """The file that is written: what a symbolic link points to, as cp does."""

    is_pipe: bool
    """Whether nothing written can be taken back: standard output, a named pipe or a device."""

    def __str__(self) -> str:
        """Return the name as the person gave it."""
        return str(self.path)

    @property
    def is_standard_output(self) -> bool:
        """Whether it is standard output."""
        return self.path == STANDARD_OUTPUT

    def partial(self, *, overwrite: bool, naming: Naming = unrecorded) -> PartialOutput:
        """Return the object that takes the output until it is whole.

        Args:
            overwrite: Whether an existing file may be replaced.
            naming: As of ``PartialFile``; a pipe takes no name.
        """
        if self.is_pipe:
            return PipeTarget(self.path)
        return PartialFile(self.path, overwrite=overwrite, naming=naming)


def resolve_destination(path: Path) -> Destination:
    """Find out what kind of thing a name to write to is.

    Raises:
        UsageError: No file can have this name: it is too long, or a link that leads to itself.
        OutputVideoError: This user may not look into its folder, or standard output is closed.
    """
    _check_name(path)
    if path == STANDARD_OUTPUT and sys.stdout is None:
        raise OutputVideoError(
            "standard output is closed, so no video can be written to it",
            hint="pipe it into a program (-o - | ffplay -), or give the name of a file",
        )
    special = path.exists() and not path.is_file() and not path.is_dir()
    return Destination(
        path=path, file=_behind_links(path), is_pipe=path == STANDARD_OUTPUT or special
    )


def _check_name(path: Path) -> None:
    is_special = path in (STANDARD_OUTPUT, Path(os.devnull))
    problem = "" if is_special else name_problem(path, below=ADDED_LENGTH)
    if problem:
        raise UsageError(f"{path} cannot be written: {problem}", hint="choose another name with -o")
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UsageError(
                f"{path} is a symbolic link that leads to itself",
                hint="remove it, or choose another name with -o",
            ) from error
        if error.errno == errno.EACCES:
            raise OutputVideoError(
                f"nothing can be written in {path.parent}: permission denied",
                hint="check its permissions, or write elsewhere with -o",
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise UsageError(
                f"the name of the output is too long: {path.name[:KEPT_NAME_LENGTH]}...",
                hint="choose a shorter one with -o",
            ) from error


def _behind_links(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


class PipeTarget(PartialOutput):
    """Something that is neither file nor folder: what is written is gone, whole or not.

    Args:
        target: ``-``, or the name of a named pipe or a device.
    """

    def __init__(self, target: Path) -> None:
        super().__init__(target, target)
        self._held = contextlib.ExitStack()

    def check(self, _source: Path, /) -> None:
        """Do nothing: a pipe may always be written to."""

    def _create(self) -> None:
        """Wait for somebody to read a named pipe."""
        if self.path != STANDARD_OUTPUT:
            self._held.enter_context(awaited_reader(self.path))

    def _publish(self) -> None:
        """Do nothing: what was written is gone."""

    def _discard(self) -> None:
        """Leave the pipe; what was written cannot be taken back."""
        self._held.close()


def output_url(path: Path) -> str:
    """Return what libav is to open for a path; a name such as "a:b.mp4" is not a protocol."""
    return "pipe:1" if path == STANDARD_OUTPUT else f"file:{path}"


def check_target(
    target: Path, *, source: Path | None, overwrite: bool, makes_folder: bool = False
) -> None:
    """Refuse a target that cannot or must not be written.

    Args:
        target: The file.
        source: The input, which must not be replaced.
        overwrite: Whether an existing file may be.
        makes_folder: Whether a missing folder will be made.

    Raises:
        UsageError: It exists (without ``overwrite``), is a folder, or is the source itself.
        OutputVideoError: Its folder does not exist, or may not be written to.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder", hint="give the name of a file inside it")
    if not target.parent.is_dir() and not makes_folder:
        raise OutputVideoError(
            f"the folder {target.parent} does not exist",
            hint="create it, or choose another name with -o",
        )
    file = _behind_links(target)
    check_folder(file.parent)
    if not target.exists():
        return
    if source is not None and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input itself", hint="write to another name with -o")
    if not overwrite:
        raise UsageError(
            f"{target} already exists", hint="add --overwrite, or choose another name with -o"
        )
    check_replaceable(file)


class PartialFile(PartialOutput):
    """A file that gets its own name only when it is whole.

    Its hidden name is in the target's folder, so that taking the target's name is one atomic step
    on the same file system.

    Args:
        target: The name to take in the end; a symbolic link stays, and its file is replaced.
        overwrite: Whether a file of that name may be replaced.
        path: The hidden name, on the same file system; None makes one up.
        naming: Gives the block inside which the name is taken.
    """

    def __init__(
        self,
        target: Path,
        *,
        overwrite: bool,
        path: Path | None = None,
        naming: Naming = unrecorded,
    ) -> None:
        self._file = _behind_links(target)
        self._overwrite = overwrite
        self._naming = naming
        super().__init__(target, path or self._file.with_name(hidden_name(target.stem)))

    def check(self, source: Path, /) -> None:
        """Refuse a target that cannot or must not be written, as ``check_target`` does.

        Args:
            source: The input, which must not be replaced.
        """
        check_target(self.named, source=source, overwrite=self._overwrite)

    def _create(self) -> None:
        self.path.open("xb").close()

    def _publish(self) -> None:
        try:
            with self._naming(self.path):
                publish(self.path, self._file, overwrite=self._overwrite)
        except OSError as error:
            raise OutputVideoError(
                f"{self._file} could not be put in place: {error.strerror or error}",
                hint=way_out(error, otherwise="choose another name with -o"),
            ) from error

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
