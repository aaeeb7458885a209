"""Search a folder, and those below it, for videos, and for pictures that are in it too."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from dscvsr_cli.own_outputs import made_from_within
from dscvsr_cli.video.read.image_sequence import is_picture_name, is_video_name


def find_videos(folder: Path, output: Path | None) -> list[Path]:
    """Return every video in a folder and the folders below it, in order.

    Folders below it that are closed to this user, or vanish meanwhile, count as empty. What this
    program has made of a video in the folder is left out.

    Args:
        folder: Where to look.
        output: Where outputs go; inside the folder it holds what earlier runs made, and is skipped.

    Raises:
        OSError: The folder is missing or cannot be read, or a drive or network fails meanwhile.
    """
    return _find(folder, output, is_video_name)


def find_videos_and_pictures(folder: Path, output: Path | None) -> tuple[list[Path], list[Path]]:
    """Return every video, and every picture, as ``find_videos`` does videos.

    Raises:
        OSError: As there.
    """
    found = _find(folder, output, lambda path: is_video_name(path) or is_picture_name(path))
    return [one for one in found if is_video_name(one)], list(filter(is_picture_name, found))


def _find(folder: Path, output: Path | None, is_wanted: Callable[[Path], bool]) -> list[Path]:
    made = output.resolve() if output is not None and output.resolve() != folder.resolve() else None
    entries = [
        entry
        for entry in _files_below(folder)
        if is_wanted(entry)
        and _is_seen(entry, folder)
        and (made is None or made not in entry.resolve().parents)
    ]
    own = {place: made_from_within(place, folder) for place in {one.parent for one in entries}}
    return sorted(entry for entry in entries if entry.name not in own[entry.parent])


def _files_below(folder: Path) -> Iterator[Path]:
    # Path.rglob, which would do otherwise, finds nothing in a missing folder and says nothing.
    def refuse(error: OSError) -> None:
        is_below = Path(error.filename) != folder
        if not (is_below and isinstance(error, FileNotFoundError | PermissionError)):
            raise error

    for below, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            yield Path(below, name)


def _is_seen(entry: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in entry.relative_to(root).parts)
    return not hidden and entry.is_file()
