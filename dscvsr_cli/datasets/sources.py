"""Sources: files and folders to learn from, found and classified before anything is decoded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dscvsr_cli.datasets.benchmark_sets import REDS4, VIMEO90K
from dscvsr_cli.datasets.frame_folders import are_frames
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.video.read.image_sequence import (
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    natural_order,
    pictures_in,
)

VIMEO_TRAIN_LIST = "sep_trainlist.txt"
"""The septuplets that Vimeo-90K's authors train on; the others are its test set."""

REDS_TRAIN, REDS_VAL = "train_sharp", "val_sharp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One clip or photograph on disk."""

    name: str
    """What logs call it and what a split goes by: the same wherever the data set is moved to."""

    kind: Literal["video", "frames", "photo"]
    """A video file, a folder of frames, or a single photograph."""

    paths: tuple[Path, ...]
    """The file, or the frames in their order."""

    @property
    def place(self) -> Path:
        """Where a person would look for it: the file, or the folder of the frames."""
        return self.paths[0].parent if self.kind == "frames" else self.paths[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that could not be used."""

    place: str
    reason: str

    def __str__(self) -> str:
        """Say what and why, the place once."""
        return self.reason if self.place in self.reason else f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found."""

    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences on what was left out by a rule, for a person to read."""
    skipped: tuple[Skipped, ...] = ()
    """What ought to be there and is not."""


def find_sources(places: Sequence[Path], *, on_found: Callable[[int], None] | None = None) -> Scan:
    """Find every clip and photograph in ``places``, in an order that does not change.

    A place is a file (a photograph if it ends like one, else a video) or a folder, which is walked:

    * Vimeo-90K (a folder with ``sequences/`` and ``sep_trainlist.txt``): the septuplets listed.
    * REDS (a folder with ``train_sharp/`` or ``val_sharp/``): those, but never the clips of REDS4.
    * A folder of pictures of one size that look like each other: one clip of frames.
    * Any other folder of pictures: photographs. Video files: clips.

    Hidden files and folders are passed over; links are followed, each folder is visited once.

    Args:
        places: Files and folders.
        on_found: Called with the number of sources found so far.

    Raises:
        DatasetError: A place does not exist, or a list of clips cannot be read.
    """
    scanner = _Scanner(on_found)
    for place in places:
        if place.is_dir():
            scanner.walk(place)
        elif place.exists():
            photo = place.suffix.lower() in PICTURE_SUFFIXES
            kind: Literal["photo", "video"] = "photo" if photo else "video"
            scanner.add(Source(name=place.stem, kind=kind, paths=(place,)))
        else:
            raise DatasetError(f"no such file or folder: {place}", hint="check --data")
    return Scan(
        sources=tuple(scanner.sources),
        notes=tuple(scanner.notes),
        skipped=tuple(scanner.skipped),
    )


class _Scanner:
    """Collects while folders are walked."""

    def __init__(self, on_found: Callable[[int], None] | None) -> None:
        self.sources: list[Source] = []
        self.notes: list[str] = []
        self.skipped: list[Skipped] = []
        self._on_found = on_found
        self._visited: set[Path] = set()

    def add(self, source: Source) -> None:
        self.sources.append(source)
        if self._on_found:
            self._on_found(len(self.sources))

    def walk(self, folder: Path) -> None:
        real = folder.resolve()
        if real in self._visited:
            return
        self._visited.add(real)
        if (folder / VIMEO_TRAIN_LIST).is_file() and (folder / "sequences").is_dir():
            self._add_vimeo(folder)
        elif folder.name == REDS_TRAIN or (folder / REDS_TRAIN).is_dir():
            self._add_reds(folder if folder.name == REDS_TRAIN else folder / REDS_TRAIN)
        elif folder.name == REDS_VAL or (folder / REDS_VAL).is_dir():
            self._add_reds(folder if folder.name == REDS_VAL else folder / REDS_VAL)
        else:
            self._add_pictures(folder)
            self._walk_entries(folder)

    def _walk_entries(self, folder: Path) -> None:
        for entry in _visible(folder):
            if entry.is_dir():
                self.walk(entry)
            elif entry.suffix.lower() in VIDEO_SUFFIXES:
                self.add(Source(name=entry.stem, kind="video", paths=(entry,)))

    def _add_pictures(self, folder: Path) -> None:
        pictures = pictures_in(folder)
        if are_frames(pictures):
            self.add(Source(name=folder.name, kind="frames", paths=pictures))
            return
        for picture in filter(Path.is_file, pictures):
            self.add(Source(name=picture.stem, kind="photo", paths=(picture,)))

    def _add_vimeo(self, folder: Path) -> None:
        path = folder / VIMEO_TRAIN_LIST
        try:
            names = path.read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"cannot read the list {path}: {error}", hint="get it again with the data set"
            ) from error
        absent = 0
        for name in names:
            pictures = pictures_in(folder / "sequences" / name)
            if pictures:
                self.add(Source(name=name, kind="frames", paths=pictures))
            else:
                absent += 1
        self.notes.append(
            f"{VIMEO90K.title.removesuffix('-T')} in {folder}: only the septuplets of "
            f"{VIMEO_TRAIN_LIST}; the rest is its test set"
        )
        if absent:
            reason = f"{absent} of the {len(names)} septuplets it lists are not there"
            self.skipped.append(Skipped(place=str(path), reason=reason))

    def _add_reds(self, folder: Path) -> None:
        found = [entry for entry in _visible(folder) if pictures_in(entry)]
        training = folder.name == REDS_TRAIN
        for entry in found:
            if not (training and entry.name in REDS4.clips):
                # Both halves of REDS number their clips from 000.
                name = entry.name if training else f"val {entry.name}"
                self.add(Source(name=name, kind="frames", paths=pictures_in(entry)))
        held = [entry.name for entry in found if training and entry.name in REDS4.clips]
        if held:
            self.notes.append(
                f"REDS in {folder}: left out {', '.join(held)}, which are the test set REDS4"
            )


def _visible(folder: Path) -> Iterator[Path]:
    """Yield the entries of a folder in natural order, without the hidden files of file managers."""
    try:
        entries = sorted(folder.iterdir(), key=natural_order)
    except OSError as error:
        raise DatasetError(
            f"cannot look into {folder}: {error.strerror or error}",
            hint="check its permissions, or leave it out",
        ) from error
    return (entry for entry in entries if not entry.name.startswith((".", "__")))
