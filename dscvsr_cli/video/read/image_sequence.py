"""Image sequences: which pictures a pattern or a folder stands for, and in which order."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.own_outputs import made_from_within

PICTURE_SUFFIXES: Final = frozenset({".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"})

_STILL_SUFFIXES: Final = PICTURE_SUFFIXES | {
    *(".avif", ".ico", ".jp2", ".j2k", ".jxl", ".pbm", ".pgm", ".pnm", ".ppm", ".qoi", ".tga")
}
"""What counts as a still picture when the file is named itself."""

VIDEO_SUFFIXES: Final = frozenset(
    {".mkv", ".mp4", ".mov", ".avi", ".webm", ".y4m", ".m4v", ".ts", ".mpg"}
    | {".mpeg", ".m2ts", ".mts", ".flv", ".wmv", ".ogv", ".gif", ".nut", ".vob", ".3gp"}
    | {".3g2", ".asf", ".divx", ".dv", ".f4v", ".ivf", ".m2t", ".mk3d", ".mxf", ".ogm", ".qt"}
    | {".rm", ".rmvb", ".tod", ".tp", ".trp", ".vro", ".wtv"}
    # Streams without a container, as encoders and discs leave them.
    | {".264", ".265", ".h264", ".h265", ".hevc", ".m1v", ".m2v", ".mpe"}
)
"""What counts as a video among the files of a folder; a file named itself may have any suffix."""

_START_BYTES: Final = 32
_BEGINNINGS: Final = {
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    ".tif": re.compile(rb"II\*\0|MM\0\*"),
    ".avifs": re.compile(rb"....ftypavis", re.DOTALL),
    ".ico": re.compile(rb"\x00\x00\x01\x00[^\x00]\x00"),
    ".bmp": re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x6c\x7c]\0{3}", re.DOTALL),
}
"""How files of pictures begin."""
_MOVING: Final = frozenset({".avifs"})
_BARE_JPEGS: Final = frozenset({".mjpeg", ".mjpg"})

_PLACE: Final = re.compile(r"%(?:0(\d+))?d")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHECKSUM_BYTES: Final = 4
_NUMBERED: Final = re.compile(r"(.*?)(\d+)(\D*)")


def is_sequence(path: Path) -> bool:
    """Return whether a path names an image sequence: a pattern, or a folder of pictures."""
    return is_picture_pattern(path) or is_picture_folder(path)


def is_picture_pattern(path: Path) -> bool:
    """Return whether a path is a pattern such as ``frames/%05d.png`` and no file of that name."""
    is_pattern = len(_PLACE.findall(path.name)) == 1 and path.suffix.lower() in PICTURE_SUFFIXES
    return is_pattern and not path.exists()


def is_picture_folder(path: Path) -> bool:
    """Return whether a path is a folder that holds pictures and no videos."""
    if not pictures_in(path):
        return False
    own = made_from_within(path, path)
    return not any(is_video_name(entry) and entry.name not in own for entry in path.iterdir())


def still_suffix(path: Path) -> str | None:
    """Return the usual suffix of a still picture by its content, or None if it is none.

    If the content is of no kind that is known here, or there is no such file, the name decides.
    A PNG or AVIF that moves is a video, and so are bare JPEGs in a row, as their name says.
    """
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except (OSError, ValueError):
        start = b""
    kind = next((one for one, pattern in _BEGINNINGS.items() if pattern.match(start)), None)
    if kind is None:
        return suffix if suffix in _STILL_SUFFIXES else None
    is_video = kind in _MOVING or (kind == ".jpg" and suffix in _BARE_JPEGS)
    return None if is_video or _is_animated_png(path) else kind


def _is_animated_png(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(len(_PNG)) != _PNG:
                return False
            # The chunk that announces an animation comes before the first pixels.
            while (kind := (head := file.read(8))[4:]) not in (b"", b"IDAT"):
                if kind == b"acTL":
                    return True
                file.seek(int.from_bytes(head[:4], "big") + _CHECKSUM_BYTES, os.SEEK_CUR)
    except (OSError, ValueError):
        pass
    return False


def is_picture_name(path: Path) -> bool:
    """Return whether a name is that of a picture that can be a frame of a video."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def is_video_name(path: Path) -> bool:
    """Return whether a name is that of a video; file managers' own files ("._a.mp4") are not."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """Return the pictures of a folder in natural order; none if there is no such folder.

    What this program has made of a picture in the folder does not count.
    """
    if not folder.is_dir():
        return ()
    own = made_from_within(folder, folder)
    files = (entry for entry in folder.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES)
    # File managers keep files of their own under names that begin with a dot ("._0001.png").
    visible = (entry for entry in files if entry.name[0] != "." and entry.name not in own)
    return tuple(sorted(visible, key=natural_order))


def natural_order(path: Path) -> tuple[list[int | str], str]:
    """Sort "frame2" before "frame10"; text and numbers alternate, so they never meet."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return [int(piece) if piece.isdecimal() else piece for piece in pieces], path.name


def sequence_pictures(path: Path, *, start_number: int | None = None) -> tuple[Path, ...]:
    """Return the pictures of a sequence in order, at least one.

    Args:
        path: A pattern such as ``frames/%05d.png``, or a folder of pictures.
        start_number: Number of the first picture; None takes the lowest.

    Raises:
        InputVideoError: No picture is there, or a number is missing between two others.
    """
    if path.is_dir():
        pictures = pictures_in(path)
        if start_number is not None:
            pictures = tuple(one for one in pictures if _number(one) >= start_number)
    else:
        pictures = _matching(path, start_number)
    if not pictures:
        raise InputVideoError(
            f"there is no picture {path}"
            + ("" if start_number is None else f" from number {start_number} on"),
            hint="check the folder, the digits (%05d is five) and --start-number",
        )
    _check_numbers(pictures, start_number)
    return pictures


def _matching(pattern: Path, start_number: int | None) -> tuple[Path, ...]:
    folder = pattern.parent
    if not folder.is_dir():
        raise InputVideoError(f"the folder {folder} does not exist", hint="check the spelling")
    before, digits, after = _PLACE.split(pattern.name)
    found = {}
    for entry in folder.iterdir():
        middle = entry.name[len(before) : len(entry.name) - len(after)]
        if entry.name != f"{before}{middle}{after}" or not (middle.isascii() and middle.isdigit()):
            continue
        number = int(middle)
        # As printf writes it: %d without leading zeros, %05d with five digits or more.
        if middle == f"{number:0{int(digits or 1)}d}" and number >= (start_number or 0):
            found[number] = entry
    return tuple(found[number] for number in sorted(found))


def _number(picture: Path) -> int:
    match = _NUMBERED.fullmatch(picture.stem)
    return int(match[2]) if match else 0


def _check_numbers(pictures: Sequence[Path], start_number: int | None) -> None:
    """Refuse a missing number if the names differ in nothing but their number."""
    parts = [_NUMBERED.fullmatch(picture.stem) for picture in pictures]
    if any(part is None for part in parts):
        return
    names = {
        (part[1], part[3], picture.suffix)
        for part, picture in zip(parts, pictures, strict=True)
        if part is not None
    }
    if len(names) > 1:
        return
    numbers = [_number(picture) for picture in pictures]
    if start_number is not None and numbers[0] != start_number:
        raise _missing(start_number, pictures[0])
    for before, number, picture in zip(numbers, numbers[1:], pictures[1:], strict=False):
        if number > before + 1:
            raise _missing(before + 1, picture)


def _missing(number: int, after: Path) -> InputVideoError:
    return InputVideoError(
        f"picture number {number} is missing before {after}",
        hint="put it back, or number the pictures without a gap; "
        "--start-number N begins behind the gap",
    )
