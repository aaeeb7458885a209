"""Footage: every clip and photograph of a run, held in memory as uint8."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dscvsr_cli.errors import DatasetError, VideoError
from dscvsr_cli.video.pictures import read_picture
from dscvsr_cli.video.reader import VideoReader

logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".ts"})
PICTURE_SUFFIXES = frozenset({".png", ".webp", ".jpg", ".jpeg"})


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """What a run learns from."""

    clips: tuple[Tensor, ...]
    """Videos, each ``(T, 3, H, W)`` uint8 RGB."""

    photos: tuple[Tensor, ...]
    """Photographs for synthetic camera moves, each ``(3, H, W)`` uint8 RGB."""


def load_footage(
    folders: Sequence[Path],
    *,
    min_frames: int,
    min_side: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Footage:
    """Read every video file and photograph below ``folders``.

    Unreadable files, clips shorter than ``min_frames`` and pictures smaller than ``min_side``
    pixels are logged and skipped.

    Args:
        folders: Folders searched with their subfolders, or single files.
        min_frames: Frames a clip must have to be of use.
        min_side: Rows and columns a clip or photograph must have.
        on_progress: Called with files read and files found.

    Raises:
        DatasetError: A folder is missing, or nothing usable was found.
    """
    files = [file for folder in folders for file in _find(folder)]
    clips: list[Tensor] = []
    photos: list[Tensor] = []
    for number, file in enumerate(files, start=1):
        # A file that was named itself may end in anything; most kinds of file are videos.
        video = file.suffix.lower() not in PICTURE_SUFFIXES
        try:
            picture = _read_clip(file) if video else _to_bytes(read_picture(file))
        except VideoError as error:
            logger.warning("skipped %s: %s", file, error)
        else:
            if min(picture.shape[-2:]) < min_side or (video and picture.shape[0] < min_frames):
                logger.warning("skipped %s: %s is too small", file, tuple(picture.shape))
            else:
                (clips if video else photos).append(picture)
        if on_progress:
            on_progress(number, len(files))
    if not clips and not photos:
        places = ", ".join(str(folder) for folder in folders)
        raise DatasetError(
            f"found nothing to learn from in {places}",
            hint=f"clips need {min_frames} frames, pictures {min_side} pixels on each side",
        )
    return Footage(tuple(clips), tuple(photos))


def _find(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise DatasetError(f"no such folder: {place}", hint="check --data")
    known = VIDEO_SUFFIXES | PICTURE_SUFFIXES
    return sorted(file for file in place.rglob("*") if file.suffix.lower() in known)


def _read_clip(file: Path) -> Tensor:
    with VideoReader(file) as reader:
        return torch.stack([_to_bytes(frame.pixels) for frame in reader])


def _to_bytes(pixels: Tensor) -> Tensor:
    return (pixels * 255.0).round().clamp(0, 255).to(torch.uint8)
