"""SequenceWriter: every frame as a picture of its own, in a folder."""

import contextlib
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dscvsr_cli.durable import publish, publish_folder
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import PICTURE_ENCODERS, is_picture_name, names_container
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.image_sequence import is_picture_pattern, sequence_pictures
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.video.write.picture_writer import StillEncoder
from dscvsr_cli.video.write.target_file import STANDARD_OUTPUT

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


def is_sequence_target(target: Path, source: VideoInfo) -> bool:
    """Return whether a target asks for pictures: by a pattern, or as a folder like the input.

    A folder of pictures that is enlarged becomes a folder of pictures.
    """
    if _PLACE.search(target.name) and target.suffix.lower() in PICTURE_ENCODERS:
        return True
    if source.kind != "sequence" or target == STANDARD_OUTPUT:
        return False
    # The folder "frames_x2.7" ends in no suffix, whatever it looks like.
    return target.is_dir() or not (names_container(target) or is_picture_name(target))


def picture_names(target: Path, source: VideoInfo) -> PictureNames:
    """Return where the pictures of a sequence go.

    A pattern numbers them, from the number on that the input begins with, else from 1 on. In a
    folder they keep the names they have in the input.
    """
    own: Sequence[Path] = ()
    if source.kind == "sequence":
        own = sequence_pictures(source.path)
    if _PLACE.search(target.name):
        digits = re.findall(r"\d+", own[0].stem) if own else []
        first = int(digits[-1]) if digits and is_picture_pattern(source.path) else 1
        return PictureNames(folder=target.parent, pattern=target.name, first=first)
    names = tuple(path.name for path in own)
    if names and own[0].suffix.lower() not in PICTURE_ENCODERS:
        names = tuple(f"{path.stem}.png" for path in own)
    return PictureNames(folder=target, pattern=_DEFAULT_NAME, given=names)


class SequenceWriter:
    """Write every frame as a picture; other streams and times have no place there.

    Use it as a context manager. All pictures are put in place in the end: a new folder appears
    whole or not at all, and in a folder that is there already nothing is touched before that.

    Args:
        names: Where the pictures go.
        spec: What every picture is.
        overwrite: Whether pictures of the same names may be replaced.

    Raises:
        UsageError: The encoder does not know an option.
    """

    def __init__(self, names: PictureNames, spec: PictureSpec, *, overwrite: bool = False) -> None:
        self.frames_written = 0
        self.moved_timestamps = 0
        self._names = names
        self._overwrite = overwrite
        self._encoder = StillEncoder(spec)
        self._stage: Path | None = None

    def __enter__(self) -> Self:
        """Check that nothing is in the way and make a hidden folder.

        Raises:
            UsageError: Pictures of these names exist.
            OutputVideoError: The folder cannot be written.
        """
        folder = self._names.folder
        check_sequence(self._names, overwrite=self._overwrite)
        hidden = f".{folder.name[:40]}.{secrets.token_hex(4)}.part"
        stage = folder / hidden if folder.exists() else folder.with_name(hidden)
        try:
            stage.mkdir()
        except OSError as error:
            raise OutputVideoError(
                f"nothing can be written in {stage.parent}: {error.strerror}",
                hint="check the permissions of the folder and the space on the disk",
            ) from error
        self._stage = stage
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the pictures in place, or remove them."""
        try:
            if exc_type is None:
                self._publish()
        finally:
            if self._stage is not None:
                shutil.rmtree(self._stage, ignore_errors=True)

    def write(self, frame: Frame) -> None:
        """Write one frame of the promised size.

        Raises:
            OutputVideoError: The disk is full, for example.
        """
        if self._stage is None:
            raise ValueError("the writer is used outside its with block")
        path = self._stage / self._names.name(self.frames_written)
        with reported(self._names.folder / path.name):
            path.write_bytes(self._encoder.encode(frame))
        self.frames_written += 1

    def _publish(self) -> None:
        stage, folder = self._stage, self._names.folder
        if stage is None:
            return
        with reported(folder):
            if not folder.exists():
                publish_folder(stage, folder)
                return
            for path in sorted(stage.iterdir()):
                target = folder / path.name
                try:
                    publish(path, target, overwrite=self._overwrite)
                except FileExistsError as error:
                    raise OutputVideoError(
                        f"{target} appeared while the pictures were made",
                        hint="write to another folder with -o, or add --overwrite",
                    ) from error


def check_sequence(names: PictureNames, *, overwrite: bool) -> None:
    """Refuse a folder or pictures that are in the way.

    Raises:
        UsageError: Pictures of these names exist, or a file has the folder's name.
        OutputVideoError: The folder above does not exist.
    """
    folder = names.folder
    if not folder.parent.is_dir():
        raise OutputVideoError(
            f"the folder {folder.parent} does not exist",
            hint="create it, or choose another name with -o",
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", hint="choose another name with -o")
    if overwrite or not folder.exists():
        return
    in_the_way = next((folder / name for name in names.given if (folder / name).exists()), None)
    if in_the_way is None and not names.given:
        before, _, after = _PLACE.split(names.pattern, maxsplit=1)
        numbered = re.compile(re.escape(before) + r"\d+" + re.escape(after))
        with contextlib.suppress(OSError):
            in_the_way = next(
                (path for path in sorted(folder.iterdir()) if numbered.fullmatch(path.name)), None
            )
    if in_the_way is not None:
        raise UsageError(
            f"{in_the_way} already exists", hint="add --overwrite, or choose another folder with -o"
        )
