"""Where benchmark clips lie on disk: Vid4, folders of frames, and video files, found as clips."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import platformdirs
from torch import Tensor

from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.video.pictures import read_picture
from dscvsr_cli.video.reader import VideoReader

ROOT_VARIABLE = "DSCVSR_DATA"
"""Environment variable that names the folder of the data sets."""

VID4_CLIPS = ("calendar", "city", "foliage", "walk")

PICTURE_SUFFIXES = frozenset({".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"})

VIDEO_SUFFIXES = frozenset({".mkv", ".mp4", ".mov", ".avi", ".webm", ".y4m", ".m4v", ".ts", ".mpg"})
"""What counts as a video among the files of a folder; a file named itself may have any suffix."""

_VID4_SOURCE = "https://drive.google.com/file/d/1ZuvNNLgR85TV_whJoHM7uVb-XW1y70DW"


def dataset_root(root: Path | None = None) -> Path:
    """Return the folder of the data sets: ``root``, else $DSCVSR_DATA, else the user's data folder.

    It need not exist.
    """
    if root is not None:
        return root
    named = os.environ.get(ROOT_VARIABLE)
    return Path(named) if named else platformdirs.user_data_path("dscvsr", appauthor=False)


def find_clips(dataset: str, *, root: Path | None = None) -> tuple[Clip, ...]:
    """Return the clips of a data set known by name ("vid4"), or of a path.

    A path is a video file, a folder of frames, or a folder of such files and folders.

    Raises:
        DatasetError: There is nothing there, or something is missing.
    """
    if dataset.lower() == "vid4":
        return find_vid4(dataset_root(root))
    path = Path(dataset)
    if path.is_dir() and not _pictures(path):
        clips = tuple(
            open_clip(entry)
            for entry in sorted(path.iterdir(), key=_natural_order)
            if (entry.is_dir() and _pictures(entry)) or _is_video(entry)
        )
        if clips:
            return clips
    return (open_clip(path),)


def find_vid4(root: Path) -> tuple[Clip, ...]:
    """Return the four clips of Vid4, in the alphabet's order.

    Looks in ``root`` and its folders ``Vid4`` and ``vid4``, each with and without ``GT``, for
    ``<clip>/`` with pictures or ``<clip>.mkv``.

    Raises:
        DatasetError: Not all four are there; says where to get them and where to put them.
    """
    best: dict[str, Path] = {}
    for folder in _vid4_folders(root):
        found = {name: path for name in VID4_CLIPS if (path := _clip_path(folder, name))}
        if len(found) == len(VID4_CLIPS):
            return tuple(open_clip(path) for path in found.values())
        best = max(best, found, key=len)
    missing = ", ".join(name for name in VID4_CLIPS if name not in best)
    raise DatasetError(
        f"Vid4 is not whole under {root}: {missing} not found",
        hint=f"get it from {_VID4_SOURCE} and put its ground truth at "
        f"{root / 'Vid4' / 'GT' / 'calendar'}/*.png and so on; "
        f"--root or {ROOT_VARIABLE} names another folder",
    )


def open_clip(path: Path) -> Clip:
    """Return the clip of a folder of frames (in natural order) or of a video file.

    Raises:
        DatasetError: The path does not exist, or is a folder without pictures.
    """
    if path.is_dir():
        pictures = _pictures(path)
        if not pictures:
            raise DatasetError(
                f"the folder {path} holds no pictures",
                hint=f"it should hold frames as {', '.join(sorted(PICTURE_SUFFIXES))}",
            )
        return Clip(
            name=path.name, frame_count=len(pictures), read=partial(_read_pictures, pictures)
        )
    if not path.is_file():
        raise DatasetError(
            f"there is no data set at {path}",
            hint="give vid4, a folder of frames, a folder of clips, or a video file",
        )
    return Clip(name=path.stem, frame_count=None, read=partial(_read_video, path))


def _vid4_folders(root: Path) -> Iterator[Path]:
    for base in (root / "Vid4", root / "vid4", root):
        yield base / "GT"
        yield base


def _clip_path(folder: Path, name: str) -> Path | None:
    if _pictures(folder / name):
        return folder / name
    video = folder / f"{name}.mkv"
    return video if video.is_file() else None


def _pictures(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    files = (entry for entry in folder.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES)
    # Names that begin with a dot are leavings of file managers ("._0001.png").
    visible = (entry for entry in files if not entry.name.startswith("."))
    return tuple(sorted(visible, key=_natural_order))


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _natural_order(path: Path) -> tuple[list[int | str], str]:
    """Sort "frame2" before "frame10"; text and numbers alternate, so they never meet."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return [int(piece) if piece.isdecimal() else piece for piece in pieces], path.name


def _read_pictures(paths: tuple[Path, ...]) -> Iterator[Tensor]:
    size = None
    for path in paths:
        picture = read_picture(path)
        size = size or picture.shape
        if picture.shape != size:
            raise DatasetError(
                f"{path} is {picture.shape[-1]}x{picture.shape[-2]}, "
                f"but the frames before it are {size[-1]}x{size[-2]}",
                hint="all frames of a clip must have one size",
            )
        yield picture


def _read_video(path: Path) -> Iterator[Tensor]:
    with VideoReader(path) as reader:
        for frame in reader:
            # Video may hold levels beyond black and white; a stored picture cannot.
            yield frame.pixels.clamp(0, 1)
