"""SequenceWriter: every frame as a picture of its own, in a folder."""

import logging
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dscvsr_cli.durable import publish, publish_folder
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.read.image_sequence import pictures_in
from dscvsr_cli.video.write.may_write import check_folder, check_replaceable
from dscvsr_cli.video.write.picture_names import PictureNames
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.picture_writer import StillEncoder
from dscvsr_cli.video.write.target_file import Naming, unrecorded

_log: Final = logging.getLogger(__name__)


class SequenceWriter:
    """Write every frame as a picture; other streams and times have no place there.

    Use it as a context manager. All pictures are put in place in the end: a new folder appears
    whole or not at all, and in a folder that is there already nothing is touched before that.

    Args:
        names: Where the pictures go.
        spec: What every picture is.
        overwrite: Whether pictures of the same names may be replaced.
        naming: Gives the block inside which the pictures, or the only one, take their names.

    Raises:
        UsageError: The encoder does not know an option.
    """

    def __init__(
        self,
        names: PictureNames,
        spec: PictureSpec,
        *,
        overwrite: bool = False,
        naming: Naming = unrecorded,
    ) -> None:
        self.frames_written = 0
        self.moved_timestamps = 0
        self.lost_packets = 0
        self._names = names
        self._overwrite = overwrite
        self._naming = naming
        self._encoder = StillEncoder(spec)
        self._spec = spec
        self._stage: Path | None = None

    def __enter__(self) -> Self:
        """Check that nothing is in the way and make a hidden folder.

        Raises:
            UsageError: Pictures of these names exist.
            OutputVideoError: The folder cannot be written.
        """
        folder = self._names.folder
        check_sequence(self._names, overwrite=self._overwrite)
        hidden = f".{folder.name[:40]}.{secrets.token_hex(4)}.part"
        stage = folder / hidden if folder.exists() else folder.with_name(hidden)
        try:
            stage.mkdir()
        except OSError as error:
            raise OutputVideoError(
                f"nothing can be written in {stage.parent}: {error.strerror}",
                hint="check the permissions of the folder and the space on the disk",
            ) from error
        self._stage = stage
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the pictures in place, or remove them."""
        try:
            if exc_type is None:
                self._publish()
        finally:
            if self._stage is not None:
                shutil.rmtree(self._stage, ignore_errors=True)

    def write(self, frame: Frame) -> None:
        """Write one frame of the promised size, before it is turned as the input says.

        Raises:
            OutputVideoError: The disk is full, for example, or one picture gets a second frame.
        """
        if self._stage is None:
            raise ValueError("the writer is used outside its with block")
        if self._names.is_single and self.frames_written:
            raise OutputVideoError(
                f"{self._names.folder / self._names.name(0)} is one picture, and more frames came",
                hint="-o frames/%05d.png writes every frame as a picture",
            )
        path = self._stage / self._names.name(self.frames_written)
        with reported(self._names.folder / path.name):
            path.write_bytes(self._encoder.encode(self._spec.as_stored(frame)))
        self.frames_written += 1

    def _publish(self) -> None:
        stage, folder = self._stage, self._names.folder
        if stage is None:
            return
        whole = stage / self._names.name(0) if self._names.is_single else stage
        with reported(folder), self._naming(whole):
            if not folder.exists():
                publish_folder(stage, folder)
                return
            made = {path.name for path in stage.iterdir()}
            older = [] if self._names.is_single else _older_pictures(folder, made)
            for path in sorted(stage.iterdir()):
                target = folder / path.name
                try:
                    publish(path, target, overwrite=self._overwrite)
                except FileExistsError as error:
                    raise OutputVideoError(
                        f"{target} appeared while the pictures were made",
                        hint="write to another folder with -o, or add --overwrite",
                    ) from error
        if older:
            _log.warning(
                "%s: %d older pictures, %s to %s, are still there beside the %d that were made "
                "now; remove them if they do not belong to these",
                folder,
                len(older),
                older[0].name,
                older[-1].name,
                len(made),
            )


def _older_pictures(folder: Path, made: Set[str]) -> list[Path]:
    """Return pictures named as the new ones are that stay, where some of those are replaced.

    An earlier, longer run leaves them, and a person would take them for ours.
    """
    there = pictures_in(folder)
    if not any(path.name in made for path in there):
        return []
    naming = {_without_numbers(name) for name in made}
    return [
        path for path in there if path.name not in made and _without_numbers(path.name) in naming
    ]


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def check_sequence(
    names: PictureNames,
    *,
    overwrite: bool,
    inputs: Sequence[Path] = (),
    makes_folder: bool = False,
) -> None:
    """Refuse a folder or pictures that are in the way.

    Args:
        names: Where the pictures go.
        overwrite: Whether pictures that are there may be replaced.
        inputs: Pictures of the input, which must not be.
        makes_folder: Whether a missing folder above will be made.

    Raises:
        UsageError: Pictures of these names exist or are the input, or a file has the folder's name.
        OutputVideoError: The folder above does not exist, or may not be written to.
    """
    folder = names.folder
    if not folder.parent.is_dir() and not makes_folder:
        raise OutputVideoError(
            f"the folder {folder.parent} does not exist",
            hint="create it, or choose another name with -o",
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="choose another name with -o")
    if inputs and folder.exists() and folder.samefile(inputs[0].parent):
        _spare_inputs(names, inputs)
    check_folder(folder)
    for path in _in_the_way(names):
        if not overwrite:
            raise UsageError(
                f"{path} already exists", hint="add --overwrite, or choose another folder with -o"
            )
        check_replaceable(path)


def _in_the_way(names: PictureNames) -> Iterator[Path]:
    """Yield what is there under the names of pictures to come."""
    if names.given:
        yield from (names.folder / name for name in names.given if (names.folder / name).exists())
    elif names.folder.exists():
        there = sorted(names.folder.iterdir())
        yield from (path for path in there if names.numbered.fullmatch(path.name))


def _spare_inputs(names: PictureNames, inputs: Sequence[Path]) -> None:
    made = {names.name(index) for index in range(len(inputs))}
    own = next((path for path in inputs if path.name in made), None)
    if own is not None:
        raise UsageError(
            f"{own} is a picture of the input itself", hint="write to another folder with -o"
        )
