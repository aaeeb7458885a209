"""A folder of frames or a video file as a clip."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from dscvsr_cli.datasets.clips import Clip, FrameReader
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.video.pictures import read_picture
from dscvsr_cli.video.reader import VideoReader

PICTURE_SUFFIXES = frozenset({".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"})

VIDEO_SUFFIXES = frozenset({".mkv", ".mp4", ".mov", ".avi", ".webm", ".y4m", ".m4v", ".ts", ".mpg"})
"""What counts as a video among the files of a folder; a file named itself may have any suffix."""


def open_clip(path: Path) -> Clip:
    """Return the clip of a folder of frames (in natural order) or of a video file.

    Raises:
        DatasetError: The path does not exist, or is a folder without pictures.
    """
    if path.is_dir():
        pictures = pictures_in(path)
        if not pictures:
            raise DatasetError(
                f"the folder {path} holds no pictures",
                hint=f"it should hold frames as {', '.join(sorted(PICTURE_SUFFIXES))}",
            )
        return Clip(name=path.name, frame_count=len(pictures), read=picture_reader(pictures))
    if not path.is_file():
        raise DatasetError(
            f"there is no data set at {path}",
            hint="give the name of a data set, a folder of frames or of clips, or a video file",
        )
    return Clip(name=path.stem, frame_count=None, read=partial(_read_video, path))


def open_clips(path: Path) -> tuple[Clip, ...]:
    """Return the clips of a path: a video file, a folder of frames, or a folder of such.

    Raises:
        DatasetError: There is nothing there.
    """
    if path.is_dir() and not pictures_in(path):
        clips = tuple(
            open_clip(entry)
            for entry in sorted(path.iterdir(), key=natural_order)
            if (entry.is_dir() and pictures_in(entry)) or _is_video(entry)
        )
        if clips:
            return clips
    return (open_clip(path),)


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """Return the pictures of a folder in natural order; none where there is no such folder."""
    if not folder.is_dir():
        return ()
    files = (entry for entry in folder.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES)
    # Names that begin with a dot are leavings of file managers ("._0001.png").
    visible = (entry for entry in files if not entry.name.startswith("."))
    return tuple(sorted(visible, key=natural_order))


def natural_order(path: Path) -> tuple[list[int | str], str]:
    """Sort "frame2" before "frame10"; text and numbers alternate, so they never meet."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return [int(piece) if piece.isdecimal() else piece for piece in pieces], path.name


def picture_reader(paths: tuple[Path, ...]) -> FrameReader:
    """Return a function that reads these pictures as the frames of one clip."""
    return partial(_read_pictures, paths)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


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
