"""Peers: pictures that other tools have made, measured beside our networks by the same code."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dscvsr_cli.benchmarking.methods import Method, MethodInfo, Upscaler
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import degraded_sizes
from dscvsr_cli.errors import DatasetError, InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.read.image_sequence import pictures_in
from dscvsr_cli.video.read.picture_reader import read_picture

PeerPlace = tuple[float, str]
"""A factor, and the name of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The pictures of one tool, in a folder per factor and clip."""

    info: MethodInfo
    """Its name, and a digest of the images that lets a resumed run recognise them."""

    folders: Mapping[PeerPlace, Path]
    """Folders of the images; factors that it was not run at are left out."""

    whole: bool
    """Whether all frames are measured, so that a picture too many is a mistake."""

    statement: str
    """Where the figures come from, in words."""

    def method(self, clip: str, scale: float) -> Method | None:
        """Return the method that gives the pictures of this clip; None without this factor."""
        folder = self.folders.get((scale, clip))
        if folder is None:
            return None
        upscale = _giver(self.info.name, folder, whole=self.whole)
        return Method(info=self.info, upscale=upscale, timed=False)


def find_peer(
    name: str,
    root: Path,
    clips: Sequence[Clip],
    scales: Sequence[float],
    *,
    frames: int | None = None,
) -> Peer:
    """Find the pictures of a tool: ``root/x4/<clip>/*.png``, or ``root/<clip>`` for one factor.

    How many there are, and the size of each clip's first, is checked here, before hours of work.

    Args:
        name: Its name in tables.
        root: Holds a folder for each factor.
        clips: Whole, even if only the first frames are measured.
        scales: Factors that are measured; the tool may lack some, not all.
        frames: How many frames of each clip are measured; None means all.

    Raises:
        UsageError: A factor that is not above 1.
        DatasetError: Pictures are missing, too many, unreadable or of wrong size.
    """
    places = _places(name, root, clips, scales)
    folders: dict[PeerPlace, Path] = {}
    longest = 0
    for clip in clips:
        first = next(iter(clip), None)
        for scale, place in places.items():
            folder = place / clip.name
            longest = max(longest, _check_count(name, folder, clip, frames))
            if first is not None:
                wanted = degraded_sizes(Size(*first.shape[-2:]), scale).truth
                _read(name, pictures_in(folder)[0], wanted)
            folders[scale, clip.name] = folder
    return Peer(
        info=MethodInfo(name=name, device="", dtype="", sha256=_digest(folders)),
        folders=folders,
        whole=frames is None,
        statement=_statement(
            name,
            root,
            lacking=[scale for scale in dict.fromkeys(scales) if scale not in places],
            longer=frames is not None and longest > frames,
        ),
    )


def _places(
    name: str, root: Path, clips: Sequence[Clip], scales: Sequence[float]
) -> dict[float, Path]:
    """Return the folder of each factor that the tool was run at."""
    if not root.is_dir():
        raise DatasetError(
            f"there is no folder {root} with pictures of {name}",
            hint=f"make it, with {_example(scales[0])} inside, or check the spelling",
        )
    found = {scale: root / f"x{scale:g}" for scale in dict.fromkeys(scales)}
    found = {scale: place for scale, place in found.items() if place.is_dir()}
    if not found and len(set(scales)) == 1 and any((root / clip.name).is_dir() for clip in clips):
        return {scales[0]: root}
    if not found:
        wanted = ", ".join(f"x{scale:g}" for scale in dict.fromkeys(scales))
        entries = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
        held = f"; it holds {', '.join(entries[:8])}" if entries else ""
        raise DatasetError(
            f"{root} holds no pictures of {name} at {wanted}{held}",
            hint=f"put them at {root / _example(scales[0])}, or ask for a factor that is there",
        )
    return found


def _example(scale: float) -> str:
    return f"x{scale:g}/<clip>/*.png"


def _check_count(name: str, folder: Path, clip: Clip, frames: int | None) -> int:
    """Return how many pictures a folder holds, once they can be those of the clip."""
    count = len(pictures_in(folder))
    if not count:
        raise DatasetError(
            f"{folder} holds no pictures of {name}",
            hint=f"put its pictures of {clip.name} there, one for each frame, "
            "or leave the whole factor out",
        )
    if clip.frame_count is not None:
        measured = min(frames or clip.frame_count, clip.frame_count)
        # Whole clips serve a shortened run too, which then takes their first pictures.
        if count not in (clip.frame_count, measured):
            shortened = "" if measured == clip.frame_count else f", {measured} of them measured"
            raise _other_count(name, folder, count, f"{clip.frame_count} frames{shortened}")
    return count


def _other_count(name: str, folder: Path, count: int, frames: str) -> DatasetError:
    return DatasetError(
        f"{folder} holds {count} pictures of {name}, but the clip has {frames}",
        hint="put one picture there for each frame, in the order of their names",
    )


def _giver(name: str, folder: Path, *, whole: bool) -> Upscaler:
    """Return what answers every frame with the next picture of a folder."""

    def give(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        found = pictures_in(folder)
        pictures = iter(found)
        for _ in frames:
            picture = next(pictures, None)
            if picture is None:
                raise _other_count(name, folder, len(found), "more frames")
            yield _read(name, picture, size)
        # Only of a video is the number of frames not known before.
        if whole and next(pictures, None) is not None:
            raise _other_count(name, folder, len(found), "fewer frames")

    return give


def _read(name: str, path: Path, size: Size) -> Tensor:
    try:
        picture = read_picture(path)
    except InputVideoError as error:
        raise DatasetError(
            f"a picture of {name} cannot be read: {error.message}",
            hint=f"let {name} write it again",
        ) from error
    found = Size(*picture.shape[-2:])
    if found != size:
        raise DatasetError(
            f"{path} by {name} is {found}, but the ground truth is {size}",
            hint="let it enlarge the frames that dscvsr makes: each side of the truth over the "
            "factor, rounded down",
        )
    return picture


def _digest(folders: Mapping[PeerPlace, Path]) -> str:
    """Return a sha256 of all pictures, their factors, clips and order."""
    whole = hashlib.sha256()
    for (scale, clip), folder in sorted(folders.items()):
        for path in pictures_in(folder):
            try:
                with path.open("rb") as file:
                    part = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise DatasetError(
                    f"{path} cannot be read: {error.strerror or error}",
                    hint="check its permissions, or make it again",
                ) from error
            whole.update(f"x{scale:g} {clip} {part}\n".encode())
    return whole.hexdigest()


def _statement(name: str, root: Path, *, lacking: Sequence[float], longer: bool) -> str:
    none_at = ", ".join(f"x{scale:g}" for scale in lacking)
    return (
        f"{name}: pictures that another tool made, read from {root} and measured like the others; "
        "its speed and size are not known"
        + ("; it has seen more frames than are measured" if longer else "")
        + (f"; none at {none_at}" if none_at else "")
    )
