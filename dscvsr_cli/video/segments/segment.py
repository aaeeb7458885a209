"""Segments: an output's frames, encoded piece by piece into files that can be joined.

Every segment comes from a fresh encoder with equal settings and so begins with a keyframe: the
pieces need no encoding again to become one stream, and a run that is killed loses one at most.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av.packet import Packet
from av.video.stream import VideoStream

from dscvsr_cli.durable import sync_folder
from dscvsr_cli.errors import FrameCountError, OutputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.segments.packet_file import EncodedPacket, PacketFile
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.encoder import FrameEncoder, open_encoder
from dscvsr_cli.video.write.picture_spec import PictureSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A finished piece."""

    name: str
    """Name of its file."""

    frames: int
    first_pts: int
    """Time of its first frame, on the output's clock."""
    last_pts: int
    """Time of its last frame, on the same clock."""
    size_bytes: int
    header: str
    """SHA-256 of the encoder's parameter sets, which all pieces must share."""


class SegmentWriter:
    """Encodes one segment; the file has its name only when it is whole and on the disk."""

    def __init__(self, path: Path, spec: PictureSpec, timeline: Timeline) -> None:
        self.frames = 0
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._timeline = timeline
        self._first_pts = 0
        self._packets = 0
        context = open_encoder(spec)
        self._header = header_digest(context.extradata)
        self._encoder = FrameEncoder(context, spec, timeline)
        with reported(path):
            self._raw: BinaryIO = self._part.open("wb")
            self._file = PacketFile(self._raw)

    def write(self, frame: Frame) -> None:
        """Encode one frame.

        Raises:
            OutputVideoError: Encoding or writing failed, a full disk for example.
        """
        with reported(self._path):
            self._put(self._encoder.encode(frame))
        if self.frames == 0 and self._timeline.last is not None:
            self._first_pts = self._timeline.last
        self.frames += 1

    def finish(self) -> Segment:
        """Encode what the encoder still holds, and put the file on the disk under its name.

        Raises:
            OutputVideoError: Writing failed.
            FrameCountError: The encoder gave fewer frames than it got.
        """
        with reported(self._path):
            self._put(self._encoder.finish())
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            if self._packets < self.frames:
                raise FrameCountError(
                    f"{self.frames} frames went into the encoder and {self._packets} came out",
                    hint="try another --encoder; please report this with the file",
                )
            self._part.replace(self._path)
            sync_folder(self._path.parent)
            size_bytes = self._path.stat().st_size
        return Segment(
            name=self._path.name,
            frames=self.frames,
            first_pts=self._first_pts,
            last_pts=self._timeline.last or 0,
            size_bytes=size_bytes,
            header=self._header,
        )

    def abandon(self) -> None:
        """Close and remove the unfinished file."""
        with suppress(OSError):
            self._raw.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _put(self, packets: "list[Packet[VideoStream]]") -> None:
        for packet in packets:
            self._file.write(EncodedPacket.from_packet(packet))
            self._packets += 1


def header_digest(extradata: bytes | None) -> str:
    """Return the SHA-256 of an encoder's parameter sets."""
    return hashlib.sha256(extradata or b"").hexdigest()


def check_segment(folder: Path, segment: Segment) -> None:
    """Refuse a segment that is not what it was when it was finished.

    Raises:
        OutputVideoError: Its file is missing or has another size.
    """
    path = folder / segment.name
    try:
        whole = path.stat().st_size == segment.size_bytes
    except OSError:
        whole = False
    if not whole:
        raise OutputVideoError(f"{path} is missing or damaged", hint="begin anew with --restart")
