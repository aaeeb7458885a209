"""A folder of frames or a video file as a clip."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from dscvsr_cli.datasets.clips import Clip, FrameReader
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.video.read.image_sequence import (
    PICTURE_SUFFIXES,
    is_video_name,
    natural_order,
    pictures_in,
)
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.read.reader import VideoReader


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
            if (entry.is_dir() and pictures_in(entry)) or (is_video_name(entry) and entry.is_file())
        )
        if clips:
            return clips
    return (open_clip(path),)


def picture_reader(paths: tuple[Path, ...]) -> FrameReader:
    """Return a function that reads these pictures as the frames of one clip."""
    return partial(_read_pictures, paths)


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
