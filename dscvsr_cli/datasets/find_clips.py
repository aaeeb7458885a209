"""Find data sets on disk: by the name of a known one in its usual layouts, or by path."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs

from dscvsr_cli.datasets.benchmark_sets import KNOWN, KnownDataset
from dscvsr_cli.datasets.clips import Clip, FrameReader, LowKey
from dscvsr_cli.datasets.open_clip import open_clip, open_clips, picture_reader
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.video.read.image_sequence import natural_order, pictures_in

ROOT_VARIABLE = "DSCVSR_DATA"
"""Environment variable that names the folder of the data sets."""


def dataset_root(root: Path | None = None) -> Path:
    """Return the folder of the data sets: ``root``, else $DSCVSR_DATA, else the user's data folder.

    It need not exist.
    """
    if root is not None:
        return root
    named = os.environ.get(ROOT_VARIABLE)
    return Path(named) if named else platformdirs.user_data_path("dscvsr", appauthor=False)


def find_clips(dataset: str, *, root: Path | None = None) -> tuple[Clip, ...]:
    """Return the clips of a data set known by name ("vid4", "reds4", ...), or of a path.

    A path is a video file, a folder of frames, or a folder of such files and folders.

    Raises:
        DatasetError: There is nothing there, or something is missing.
    """
    known = KNOWN.get(dataset.lower())
    if known is not None:
        return find_known(known, dataset_root(root))
    return open_clips(Path(dataset))


def find_known(known: KnownDataset, root: Path) -> tuple[Clip, ...]:
    """Return the clips of a known data set under ``root``, in the order of their names.

    A clip is a folder of pictures, or a lossless ``<clip>.mkv`` in its place.

    Raises:
        DatasetError: Some of it is missing; the message says where to get it and where to put it.
    """
    best: dict[str, Path] = {}
    wanted: tuple[str, ...] = known.clips
    for home, truth in ((root / home, truth) for home in known.homes for truth in known.truths):
        names = known.clips or _listed(known, home) or tuple(_folders(home, truth))
        found = {name: path for name in names if (path := _clip_path(home, truth, name))}
        if names and len(found) == len(names):
            return tuple(_open_known(known, home, name, path) for name, path in found.items())
        if len(found) >= len(best) and names:
            best, wanted = found, names
    raise _incomplete(known, root, tuple(name for name in wanted if name not in best))


def _incomplete(known: KnownDataset, root: Path, missing: tuple[str, ...]) -> DatasetError:
    shown = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    lack = f"{shown} not found" if missing else "no clip found"
    example = known.truths[0].format(clip=known.clips[0] if known.clips else "<clip>")
    listing = f", with {known.list_file} beside it" if known.list_file else ""
    return DatasetError(
        f"{known.title} is not whole under {root}: {lack}",
        hint=f"get it from {known.source} and put its ground truth at "
        f"{root / known.homes[0] / example}/*.png and so on{listing}; "
        f"--root or {ROOT_VARIABLE} names another folder",
    )


def _listed(known: KnownDataset, home: Path) -> tuple[str, ...]:
    """Read the list of clips, if the data set has one and it is there."""
    if not known.list_file or not (home / known.list_file).is_file():
        return ()
    lines = (home / known.list_file).read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def _folders(home: Path, truth: str) -> Iterator[str]:
    """Name the folders that stand where ``truth`` has its clips."""
    above, _, _ = truth.partition("{clip}")
    parent = home / above
    if parent.is_dir():
        for entry in sorted(parent.iterdir(), key=natural_order):
            if pictures_in(home / truth.format(clip=entry.name)):
                yield entry.name


def _clip_path(home: Path, truth: str, name: str) -> Path | None:
    folder = home / truth.format(clip=name)
    if pictures_in(folder):
        return folder
    video = folder.with_name(f"{folder.name}.mkv")
    return video if video.is_file() else None


def _open_known(known: KnownDataset, home: Path, name: str, path: Path) -> Clip:
    clip = replace(open_clip(path), name=name, lows=_stored_lows(known, home, name))
    if known.centre_only and clip.frame_count is not None:
        return replace(clip, measured=frozenset({clip.frame_count // 2}))
    return clip


def _stored_lows(known: KnownDataset, home: Path, name: str) -> dict[LowKey, FrameReader]:
    stored: dict[LowKey, FrameReader] = {}
    for key, places in known.lows.items():
        folders = (home / place.format(clip=name) for place in places)
        pictures = next(filter(None, map(pictures_in, folders)), ())
        if pictures:
            stored[key] = picture_reader(pictures)
    return stored
