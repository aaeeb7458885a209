"""Manifest: what an unfinished output was begun with, and what of it is on the disk."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from dscvsr_cli import __version__
from dscvsr_cli.engine.plan import StreamPlan
from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.read.image_sequence import is_sequence, sequence_pictures
from dscvsr_cli.video.segments.segment import Segment

_FORMAT = 1
_SAMPLE_BYTES = 2**20
"""Of the input's head and of its tail that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An unfinished output; every change of it is a new one."""

    begun_with: Mapping[str, str]
    """Everything that decides the pictures, in words: the input, the weights, every setting."""

    plan: StreamPlan
    """The sizes of the pieces at the beginning; a state knows its own."""

    segments: tuple[Segment, ...] = ()
    """Finished pieces of the picture, in order."""

    state: str | None = None
    """File of what the network needs to go on behind the last segment; None at the beginning."""

    shift: int = 0
    """Units by which the output's times differ from the input's."""

    last_pts: int | None = None
    """Time of the last picture in the segments."""

    moved_timestamps: int = 0
    damaged_frames: int = 0
    ended: bool = False
    """Whether the segments hold the whole picture."""

    joined: str | None = None
    """What tells the joined file from others once it is whole and about to take its name."""

    version: str = field(default=__version__)
    """Of the program that began."""

    @property
    def frames(self) -> int:
        """Frames in the segments."""
        return sum(segment.frames for segment in self.segments)

    def to_json(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1, default=dict)

    @classmethod
    def from_json(cls, text: str, path: Path) -> Self:
        """Rebuild a manifest from ``to_json``'s text.

        Args:
            text: What the file holds.
            path: The file, to complain about.

        Raises:
            OutputVideoError: It is damaged, or of another format.
        """
        try:
            values = json.loads(text)
            if values.pop("format") != _FORMAT:
                raise ValueError("another format")  # noqa: TRY301  told as damage
            values["plan"] = StreamPlan(**values["plan"])
            values["segments"] = tuple(Segment(**segment) for segment in values["segments"])
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise OutputVideoError(
                f"{path} is damaged or was written by another version of dscvsr",
                hint="begin anew with --restart",
            ) from error

    def differences(self, now: Mapping[str, str]) -> Iterator[str]:
        """Yield in words what is another now than when this output was begun."""
        if self.version != __version__:
            yield f"dscvsr was {self.version} and is {__version__}"
        for name in sorted(self.begun_with.keys() | now.keys()):
            before, after = self.begun_with.get(name), now.get(name)
            if before != after:
                yield f"{name} was {before} and is {after}"


def identify_input(path: Path, *, start_number: int | None = None) -> dict[str, str]:
    """Return what tells whether an input is still the same.

    Of a file these are its size, its time and its head and tail; of an image sequence the names,
    sizes and times of its pictures.

    Args:
        path: The input.
        start_number: Number of the first picture of a sequence.

    Raises:
        OSError: It cannot be read.
    """
    if is_sequence(path):
        listing = hashlib.sha256()
        for picture in sequence_pictures(path, start_number=start_number):
            status = picture.stat()
            listing.update(f"{picture.name} {status.st_size} {status.st_mtime_ns}\n".encode())
        return {"the input's pictures": listing.hexdigest()}
    digest = hashlib.sha256()
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        digest.update(file.read(_SAMPLE_BYTES))
        file.seek(max(0, status.st_size - _SAMPLE_BYTES))
        digest.update(file.read(_SAMPLE_BYTES))
    return {
        "the input's size": f"{status.st_size} bytes",
        "the input's time of change": str(status.st_mtime_ns),
        "the input's content": digest.hexdigest(),
    }
