"""Manifest: the settings an unfinished output was started with, and what is on the disk of it."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DamagedWorkError
from dscvsr_cli.pipelines.resume.setting_words import describe_difference
from dscvsr_cli.version import __version__
from dscvsr_cli.video.read.image_sequence import is_sequence, sequence_pictures
from dscvsr_cli.video.segments.segment import Segment
from dscvsr_cli.video.timestamps import Timeline

_FORMAT = 3
_SAMPLE_BYTES = 2**20
"""Bytes of the input's beginning, and of its end, that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Finished segments of a task, from any frame of it to its end."""

    first_frame: int
    """Index of its first frame in the output, from 0."""

    segments: tuple[Segment, ...]
    """At least one, in order."""

    shift: int
    """Output timestamps minus input timestamps, in units of the time base."""

    last_pts: int
    """Timestamp of its last frame."""

    moved_timestamps: int
    """Frames whose timestamp was moved, from the output's first frame to the last of this piece."""

    @property
    def frames(self) -> int:
        """Frames in its segments."""
        return sum(segment.frames for segment in self.segments)

    @property
    def span(self) -> range:
        """Indices of its frames in the output."""
        return range(self.first_frame, self.first_frame + self.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an unfinished output consists of; it is replaced, never altered."""

    fingerprint: Mapping[str, str]
    """Everything that decides the frames, in words: the input, the weights, every setting."""

    plan: StreamPlan
    """Window and tile sizes at the first frame; a state has its own."""

    segments: tuple[Segment, ...] = ()
    """Finished segments from the first frame on, in order and without a gap."""

    pieces: tuple[Piece, ...] = ()
    """What was finished ahead of frames before it, in order."""

    task_start: int = 0
    """Index of the first frame of the task in which the segments end, or that comes next."""

    state: str | None = None
    """Name of the file with the network's state after the last segment; None if a scene starts
    there."""

    shift: int = 0
    """Output timestamps minus input timestamps, in units of the time base."""

    last_pts: int | None = None
    """Timestamp of the last frame in the segments, those of the pieces apart."""

    moved_timestamps: int = 0
    damaged_frames: int = 0

    frames_read: int | None = None
    """Frames that the reader counted; None until it has reached the end of the input."""

    ended: bool = False
    """Whether the segments hold every frame."""

    joined: str | None = None
    """Identity of the joined file, once it is complete and about to be published."""

    lost_packets: int = 0
    """Packets that the joined file lacks: undecodable, or cut off in the input."""

    version: str = field(default=__version__)
    """Version of dscvsr that wrote the first segment."""

    @property
    def frames(self) -> int:
        """Frames that are finished, wherever they are."""
        return self.frames_in_order + sum(piece.frames for piece in self.pieces)

    @property
    def frames_in_order(self) -> int:
        """Frames that are finished from the first one on, without a gap."""
        return sum(segment.frames for segment in self.segments)

    @property
    def finished(self) -> tuple[range, ...]:
        """Indices of finished frames, as far as they are whole tasks."""
        spans = (range(self.task_start), *(piece.span for piece in self.pieces))
        return tuple(span for span in spans if span)

    @property
    def all_segments(self) -> tuple[Segment, ...]:
        """All segments, those of the pieces included, in order."""
        return self.segments + tuple(segment for piece in self.pieces for segment in piece.segments)

    def timeline(self, name: Path) -> Timeline:
        """Return the output's clock after the segments; ``name`` says whose frames these are."""
        return Timeline(
            name=name, shift=self.shift, last=self.last_pts, moved=self.moved_timestamps
        )

    def with_piece(self, piece: Piece) -> "Manifest":
        """Return this manifest with one more piece, moved to the others if it fits on.

        Raises:
            ValueError: Some of its frames are finished already.
        """
        taken = (range(self.frames_in_order), *(other.span for other in self.pieces))
        if any(piece.first_frame < span.stop and span.start < piece.span.stop for span in taken):
            raise ValueError(f"frames of {piece.span} are finished already")
        pieces = sorted((*self.pieces, piece), key=lambda one: one.first_frame)
        return replace(self, pieces=tuple(pieces)).with_pieces_in_order()

    def with_pieces_in_order(self) -> "Manifest":
        """Return this manifest with the pieces that come next counted among the segments."""
        manifest = self
        while manifest.pieces and manifest.pieces[0].first_frame == manifest.frames_in_order:
            piece, *later = manifest.pieces
            manifest = replace(
                manifest,
                segments=(*manifest.segments, *piece.segments),
                pieces=tuple(later),
                task_start=piece.span.stop,
                state=None,
                shift=piece.shift,
                last_pts=piece.last_pts,
                moved_timestamps=piece.moved_timestamps,
            )
        return manifest

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
            values["segments"] = _segments(values["segments"])
            values["pieces"] = tuple(
                Piece(**piece | {"segments": _segments(piece["segments"])})
                for piece in values["pieces"]
            )
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
                yield describe_difference(name, before, after)


def _segments(values: Iterable[dict[str, Any]]) -> tuple[Segment, ...]:
    return tuple(Segment(**value) for value in values)


_SIZE: Final = "the input's size"

_TIME: Final = "the input's time of change"

_CONTENT: Final = "the input's content"

INPUT_FACTS: Final = frozenset({_SIZE, _TIME, _CONTENT, "the input's pictures"})
"""What ``identify_input`` says."""


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
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        return {
            _SIZE: f"{status.st_size} bytes",
            _TIME: str(status.st_mtime_ns),
            _CONTENT: _digest(file, status.st_size),
        }


def has_grown(path: Path, before: Mapping[str, object]) -> bool:
    """Return whether a file is longer than it was and still begins as it was, as recordings grow.

    Args:
        path: The file.
        before: What ``identify_input`` returned of it, or more than that.

    Raises:
        OSError: It cannot be read.
    """
    size = str(before.get(_SIZE)).removesuffix(" bytes")
    if not size.isascii() or not size.isdigit() or is_sequence(path):
        return False
    with path.open("rb") as file:
        is_longer = os.fstat(file.fileno()).st_size > int(size)
        return is_longer and _digest(file, int(size)) == before.get(_CONTENT)


def _digest(file: BinaryIO, size: int) -> str:
    """Return a digest of the beginning of a file, and of the end of its first ``size`` bytes."""
    digest = hashlib.sha256()
    digest.update(file.read(min(_SAMPLE_BYTES, size)))
    start = max(0, size - _SAMPLE_BYTES)
    file.seek(start)
    digest.update(file.read(size - start))
    return digest.hexdigest()
