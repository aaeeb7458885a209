"""Manifest: the settings an unfinished output was started with, and what is on the disk of it."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DamagedWorkError
from dscvsr_cli.version import __version__
from dscvsr_cli.video.read.image_sequence import is_sequence, sequence_pictures
from dscvsr_cli.video.segments.segment import Segment

_FORMAT = 2
_SAMPLE_BYTES = 2**20
"""Bytes of the input's beginning, and of its end, that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an unfinished output consists of; it is replaced, never altered."""

    fingerprint: Mapping[str, str]
    """Everything that decides the frames, in words: the input, the weights, every setting."""

    plan: StreamPlan
    """Window and tile sizes at the first frame; a state has its own."""

    segments: tuple[Segment, ...] = ()
    """Finished segments, in order."""

    state: str | None = None
    """Name of the file with the network's state after the last segment; None at the beginning."""

    shift: int = 0
    """Output timestamps minus input timestamps, in units of the time base."""

    last_pts: int | None = None
    """Timestamp of the last frame in the segments."""

    moved_timestamps: int = 0
    damaged_frames: int = 0

    frames_read: int | None = None
    """Frames that the reader counted; None until it has reached the end of the input."""

    ended: bool = False
    """Whether the segments hold every frame."""

    joined: str | None = None
    """Identity of the joined file, once it is complete and about to be published."""

    lost_packets: int = 0
    """Packets that the joined file lacks because they could not be decoded."""

    version: str = field(default=__version__)
    """Version of dscvsr that wrote the first segment."""

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
            path: The file, for the error message.

        Raises:
            DamagedWorkError: It is damaged, or has another format.
        """
        try:
            values = json.loads(text)
            if values.pop("format") != _FORMAT:
                raise ValueError("another format")  # noqa: TRY301  reported as damage
            values["plan"] = StreamPlan(**values["plan"])
            values["segments"] = tuple(Segment(**segment) for segment in values["segments"])
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedWorkError(
                f"{path} is damaged or was written by another version of dscvsr"
            ) from error

    def differences(self, now: Mapping[str, str]) -> Iterator[str]:
        """Yield in words what has changed since this output was started."""
        if self.version != __version__:
            yield f"dscvsr was {self.version} and is {__version__}"
        for name in sorted(self.fingerprint.keys() | now.keys()):
            before, after = self.fingerprint.get(name), now.get(name)
            if before != after:
                yield f"{name} was {before} and is {after}"


def identify_input(path: Path, *, start_number: int | None = None) -> dict[str, str]:
    """Return what shows whether an input is still the same.

    For a file: its size, its modification time, and a digest of its beginning and end. For an image
    sequence: a digest of the names, sizes and modification times of its pictures.

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
