"""PartialPictures: pictures in a hidden folder, until all of them take their names."""

import logging
import re
import shutil
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Final

from dscvsr_cli.durable import publish, publish_folder
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.read.image_sequence import pictures_in
from dscvsr_cli.video.write.may_write import check_folder, check_replaceable
from dscvsr_cli.video.write.partial_output import PartialOutput, hidden_name
from dscvsr_cli.video.write.picture_names import PictureNames
from dscvsr_cli.video.write.target_file import Naming

_log: Final = logging.getLogger(__name__)


class PartialPictures(PartialOutput):
    """A folder of pictures which are all put in place in the end.

    A new folder appears whole or not at all, and in a folder that is there already nothing is
    touched before that.

    Args:
        names: Where the pictures go.
        overwrite: Whether pictures of the same names may be replaced.
        naming: Gives the block inside which the pictures, or the only one, take their names.
    """

    def __init__(self, names: PictureNames, *, overwrite: bool, naming: Naming) -> None:
        folder = names.folder
        hidden = hidden_name(folder.name)
        super().__init__(folder, folder / hidden if folder.exists() else folder.with_name(hidden))
        self._names = names
        self._overwrite = overwrite
        self._naming = naming

    def check(self, _source: Path, /) -> None:
        """Refuse a folder or pictures that are in the way, as ``check_sequence`` does."""
        check_sequence(self._names, overwrite=self._overwrite)

    def _create(self) -> None:
        self.path.mkdir()

    def _publish(self) -> None:
        stage, folder = self.path, self.named
        whole = stage / self._names.name(0) if self._names.is_single else stage
        with reported(folder), self._naming(whole):
            if not folder.exists():
                publish_folder(stage, folder)
                return
            made = {path.name for path in stage.iterdir()}
            older = [] if self._names.is_single else _older_pictures(folder, made)
            for path in sorted(stage.iterdir()):
                self._publish_picture(path)
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

    def _publish_picture(self, path: Path) -> None:
        target = self.named / path.name
        try:
            publish(path, target, overwrite=self._overwrite)
        except FileExistsError as error:
            raise OutputVideoError(
                f"{target} appeared while the pictures were made",
                hint="write to another folder with -o, or add --overwrite",
            ) from error

    def _discard(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def _older_pictures(folder: Path, made: Set[str]) -> list[Path]:
    """Return pictures that are named like the new ones but stay, if some of those are replaced.

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
