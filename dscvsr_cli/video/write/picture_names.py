"""PictureNames: where frames go that become separate pictures."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.containers import PICTURE_ENCODERS, names_container, names_picture
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.image_sequence import (
    is_picture_pattern,
    pictures_in,
    sequence_pictures,
)
from dscvsr_cli.video.read.open_input import input_name
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.sequence_frames import pictures_in_span
from dscvsr_cli.video.write.target_file import STANDARD_OUTPUT, Destination

_PLACE: Final = re.compile(r"%(?:0(\d+))?d")
_DEFAULT_NAME: Final = "%06d.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureNames:
    """Where each picture of a sequence goes."""

    folder: Path
    """The folder that holds all of them."""

    pattern: str
    """Name with one ``%05d`` for the number."""

    given: tuple[str, ...] = ()
    """Names of the first pictures, which win over the pattern."""

    first: int = 1
    """Number of the first picture."""

    is_single: bool = False
    """Whether there is one picture and no more, which stands for itself."""

    @property
    def numbered(self) -> re.Pattern[str]:
        """What every name looks like that the pattern gives."""
        before, _, after = _PLACE.split(self.pattern, maxsplit=1)
        return re.compile(re.escape(before) + r"\d+" + re.escape(after))

    @property
    def suffix(self) -> str:
        """The suffix, which decides the kind of picture."""
        return Path(self.given[0] if self.given else self.pattern).suffix.lower()

    def name(self, index: int) -> str:
        """Return the file name of a picture, counted from 0."""
        if index < len(self.given):
            return self.given[index]
        return _PLACE.sub(
            lambda match: f"{self.first + index:0{int(match[1] or 1)}d}", self.pattern, count=1
        )


def folder_above(target: Path) -> Path:
    """Return the folder that must be there for a target to be made; a pattern makes its own."""
    return target.parent.parent if _is_pattern(target) else target.parent


def _is_pattern(target: Path) -> bool:
    return bool(_PLACE.search(target.name)) and names_picture(target)


def pictures_of(target: Path) -> tuple[Path, ...]:
    """Return the pictures that a folder or a pattern stands for as an output; of a file, none."""
    if not _is_pattern(target):
        return pictures_in(target)
    numbered = PictureNames(folder=target.parent, pattern=target.name).numbered
    return tuple(one for one in pictures_in(target.parent) if numbered.fullmatch(one.name))


def is_sequence_target(target: Path, source: VideoInfo) -> bool:
    """Return whether a target asks for pictures: by a pattern, or as a folder like the input.

    A folder of pictures that is enlarged becomes a folder of pictures.
    """
    if _is_pattern(target):
        return True
    if source.kind != "sequence" or target == STANDARD_OUTPUT:
        return False
    # The folder "frames_x2.7" ends in no suffix, whatever it looks like.
    return target.is_dir() or not (names_container(target) or names_picture(target))


def picture_names(
    target: Path, source: VideoInfo, reading: ReadOptions | None = None
) -> PictureNames:
    """Return where the pictures of a sequence go.

    A pattern numbers them, from the number of the first picture on that is read, else from 1 on. In
    a folder they keep the names they have in the input.

    Args:
        target: A pattern or a folder.
        source: The probed input.
        reading: Which part of it is read; None reads everything.
    """
    own = pictures_read(source, reading or ReadOptions())
    if _PLACE.search(target.name):
        digits = re.findall(r"\d+", own[0].stem) if own else []
        first = int(digits[-1]) if digits and is_picture_pattern(source.path) else 1
        return PictureNames(folder=target.parent, pattern=target.name, first=first)
    names = tuple(path.name for path in own)
    if names and own[0].suffix.lower() not in PICTURE_ENCODERS:
        names = tuple(f"{path.stem}.png" for path in own)
    return PictureNames(folder=target, pattern=_DEFAULT_NAME, given=names)


def pictures_read(source: VideoInfo, reading: ReadOptions) -> tuple[Path, ...]:
    """Return the pictures of an image sequence that are read; none of another input."""
    if source.kind != "sequence":
        return ()
    pictures = sequence_pictures(source.path, start_number=reading.start_number)
    return tuple(one for _, one in pictures_in_span(pictures, source.time_base, reading.span))


def single_picture(destination: Destination, source: VideoInfo) -> PictureNames:
    """Return the name of the one picture that an input with a single frame becomes.

    Raises:
        UsageError: The input has more frames, or does not say how many.
    """
    if not source.is_still:
        raise UsageError(
            f"{destination} is one picture, and {input_name(source.path)} may hold more than one",
            hint=f"-o frames/%05d{destination.path.suffix} writes every frame as a picture; "
            "-o out.mkv writes a video",
        )
    file = destination.file
    return PictureNames(folder=file.parent, pattern="", given=(file.name,), is_single=True)
