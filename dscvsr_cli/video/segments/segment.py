"""Segments: an output's frames, encoded piece by piece into files that can be joined.

Every segment comes from a fresh encoder with equal settings and so begins with a keyframe: the
pieces need no encoding again to become one stream, and a run that is killed loses one at most.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from av.packet import Packet
from av.video.stream import VideoStream

from dscvsr_cli.durable import DurableFile
from dscvsr_cli.errors import DamagedWorkError, FrameCountError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import reported
from dscvsr_cli.video.segments.packet_file import EncodedPacket, PacketFile
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.encoder import FrameEncoder, open_encoder
from dscvsr_cli.video.write.picture_spec import PictureSpec
from dscvsr_cli.wording import counted


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
        self._timeline = timeline
        self._first_pts = 0
        self._packets = 0
        context = open_encoder(spec)
        self._header = header_digest(context.extradata)
        self._encoder = FrameEncoder(context, spec, timeline)
        with reported(path):
            self._file = DurableFile(path)
            self._packet_file = PacketFile(self._file.file)

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
            if self._packets < self.frames:
                raise FrameCountError(
                    f"{counted(self.frames, 'frame')} went into the encoder, and {self._packets} "
                    "came out",
                    hint="try another --encoder; please report this with the file",
                )
            self._file.commit()
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
        self._file.discard()

    def _put(self, packets: "list[Packet[VideoStream]]") -> None:
        for packet in packets:
            self._packet_file.write(EncodedPacket.from_packet(packet))
            self._packets += 1


def header_digest(extradata: bytes | None) -> str:
    """Return the SHA-256 of an encoder's parameter sets."""
    return hashlib.sha256(extradata or b"").hexdigest()


def check_segment(folder: Path, segment: Segment) -> None:
    """Refuse a segment that is not what it was when it was finished.

    Raises:
        DamagedWorkError: Its file is missing or has another size.
    """
    path = folder / segment.name
    try:
        whole = path.stat().st_size == segment.size_bytes
    except OSError:
        whole = False
    if not whole:
        raise DamagedWorkError(f"{path} is missing or damaged")
