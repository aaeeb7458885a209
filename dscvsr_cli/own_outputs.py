"""Own outputs: the hidden record in a folder of what this program made there, and of what.

``pipelines/upscale/finished.py`` writes it. It is read here, on a lower floor, because
every search for videos or pictures in a folder must leave out what was made from them.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from dscvsr_cli.json_record import Record, read_record

RECORD_NAME: Final = ".dscvsr.json"

REPLACES: Final = "replaces"
"""Where an entry keeps the one before it, until the new output has taken the name of the old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPart:
    """Which part of its source an output shows."""

    start: Fraction
    """Seconds of the source at which it begins."""
    end: Fraction | None
    """Seconds at which it ends; None goes to the end of the source."""
    video_stream: int | None
    """Which of several videos was enlarged; None is the first."""

    @property
    def is_whole(self) -> bool:
        """Return whether it is all of the source's first video."""
        return self.start == 0 and self.end is None and self.video_stream is None

    def __str__(self) -> str:
        """Return the options of ``dscvsr upscale`` and ``verify`` that mean this part."""
        start = [] if self.start == 0 else [f"--start {_decimal(self.start)}"]
        end = [] if self.end is None else [f"--end {_decimal(self.end)}"]
        stream = [] if self.video_stream is None else [f"--video-stream {self.video_stream}"]
        return " ".join([*start, *end, *stream])

    def entry(self) -> dict[str, str]:
        """Return what the record says of it; nothing of a whole video."""
        named = {"start": self.start, "end": self.end, "video_stream": self.video_stream}
        return {} if self.is_whole else {f"part.{name}": str(part) for name, part in named.items()}


def recorded_part(source: Path, target: Path) -> RecordedPart | None:
    """Return which part of ``source`` the record beside ``target`` says that it shows.

    None if nothing is recorded: ``target`` was made from something else or by something else, has
    changed since, or is no file. So it is of the whole of ``source``.
    """
    record = read_record(target.with_name(RECORD_NAME))
    try:
        entry = entry_of(record, target.name, file_identity(target))
        if entry is None or entry.get("source") != path_of_source(source, target.parent):
            return None
        start, end, stream = (str(entry[f"part.{one}"]) for one in ("start", "end", "video_stream"))
        return RecordedPart(
            start=Fraction(start),
            end=None if end == "None" else Fraction(end),
            video_stream=None if stream == "None" else int(stream),
        )
    except (OSError, KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _decimal(seconds: Fraction) -> str:
    return f"{float(seconds):.6f}".rstrip("0").rstrip(".")


def file_identity(path: Path) -> str:
    """Return what stays the same when a file is renamed: its size and modification time.

    Raises:
        OSError: There is no such file.
    """
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def entry_of(record: Record, name: str, identity: str) -> Mapping[str, object] | None:
    """Return what a record says about an output, or None if it says nothing about this one.

    Args:
        record: The record of the output's folder.
        name: Name of the output.
        identity: What shows that it is still the one that was made.
    """
    entry = record.get(name)
    while isinstance(entry, Mapping):
        if entry.get("output") == identity:
            return entry
        entry = entry.get(REPLACES)
    return None


def path_of_source(source: Path, folder: Path) -> str:
    """Return how the record of a folder names a source: so that both may be moved together."""
    place = _place_of(source)
    try:
        return Path(os.path.relpath(place, folder.resolve())).as_posix()
    except ValueError:
        # Windows: on another drive.
        return place.as_posix()


def _place_of(source: Path) -> Path:
    """Return the one name of a source, of the several that lead to it."""
    # A link that is the source itself stays: it is in the folder that is searched.
    return source.resolve() if source.is_dir() else source.parent.resolve() / source.name


def made_from_within(folder: Path, root: Path) -> frozenset[str]:
    """Return the names of files in a folder that were made from something in ``root`` or below it.

    A file that has changed since is not counted, nor is one whose source came from elsewhere: a
    folder of nothing but outputs is a folder of videos like any other.

    Args:
        folder: The folder, ``root`` or one below it.
        root: The folder that is searched.
    """
    record = read_record(folder / RECORD_NAME)
    if not record:
        return frozenset()
    here, top = folder.resolve(), root.resolve()
    sources = {name: _source_of(name, record, here) for name in record}
    return frozenset(
        name
        for name, source in sources.items()
        if source is not None and source.is_relative_to(top)
    )


def made_from_each_other(
    paths: Sequence[Path], identity_of: Callable[[Path], str]
) -> dict[Path, Path]:
    """Return which of some files and folders were made from another of them, and from which.

    Args:
        paths: The same one may be among them by several names.
        identity_of: Tells what shows that an output is still the one that was made; may raise an
            ``OSError``.
    """
    places = {path: _place_of(path) for path in paths}
    records = {
        here: read_record(here / RECORD_NAME) for here in {one.parent for one in places.values()}
    }
    sources = {
        path: _source_of(place.name, records[place.parent], place.parent, identity_of)
        for path, place in places.items()
    }
    given = {place: path for path, place in places.items()}
    return {path: given[source] for path, source in sources.items() if source in given}


def _source_of(
    name: str, record: Record, here: Path, identity_of: Callable[[Path], str] = file_identity
) -> Path | None:
    """Return what the record of a folder says that an output was made from, if it says so."""
    if name not in record:
        return None
    try:
        entry = entry_of(record, name, identity_of(here / name))
    except (OSError, ValueError):
        return None
    source = None if entry is None else entry.get("source")
    # Links are not followed in what may be gone.
    return Path(os.path.normpath(here / source)) if isinstance(source, str) else None
