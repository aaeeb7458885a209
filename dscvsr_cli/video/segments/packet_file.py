"""Packet files: encoded frames stored exactly as their encoder made them, to be muxed later.

A container would rewrite times and parameter sets; here a packet comes back as it went in. The file
is a signature, then one record per packet, in decoding order: a fixed head (sizes, time, duration,
flags and a checksum), the side data, the payload.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, cast, get_args

from av.packet import Packet, PacketSideData, PktSideDataT
from av.video.stream import VideoStream

from dscvsr_cli.errors import DamagedWorkError

_SIGNATURE: Final = b"dscvsr packets 1\n"
_HEAD: Final = struct.Struct("<IIqqBB")
"""Checksum of all that follows in the record, payload size, pts, duration, keyframe, side data."""
_SIDE_HEAD: Final = struct.Struct("<BI")
_CHECKSUM_BYTES: Final = 4
_LIMITS: Final = 2**31

_SIDE_KINDS: Final = ("matroska_block_additional", "new_extradata")
"""Side data a muxer needs: the alpha plane of VP8 and VP9, and parameter sets that came late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPacket:
    """One encoded packet, apart from any file; its decoding time follows from the others."""

    pts: int
    """Presentation time on the output's clock."""

    duration: int
    """In the same unit; 0 if unknown."""

    is_keyframe: bool
    payload: bytes
    side_data: tuple[tuple[int, bytes], ...] = ()
    """Index into the kinds that are kept, and content."""

    @classmethod
    def from_packet(cls, packet: "Packet[VideoStream]") -> "EncodedPacket":
        """Copy what an encoder gave out."""
        if packet.pts is None:
            raise ValueError("the encoder gave a packet without a time")
        side_data = tuple(
            (index, bytes(packet.get_sidedata(kind)))
            for index, kind in enumerate(cast("tuple[PktSideDataT, ...]", _SIDE_KINDS))
            if packet.has_sidedata(kind)
        )
        return cls(
            pts=packet.pts,
            duration=packet.duration or 0,
            is_keyframe=packet.is_keyframe,
            payload=bytes(packet),
            side_data=side_data,
        )

    def to_packet(self, *, dts: int, time_base: Fraction) -> "Packet[VideoStream]":
        """Return a packet for a muxer."""
        packet: Packet[Any] = Packet(self.payload)
        packet.pts, packet.dts, packet.duration = self.pts, dts, self.duration
        packet.time_base = time_base
        packet.is_keyframe = self.is_keyframe
        kinds = get_args(PktSideDataT)
        for index, content in self.side_data:
            # The stubs leave out the constructor.
            entry = cast("Any", PacketSideData)(kinds.index(_SIDE_KINDS[index]), len(content))
            entry.update(content)
            packet.set_sidedata(entry)
        return packet


class PacketFile:
    """Writes packets to an opened binary file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(_SIGNATURE)

    def write(self, packet: EncodedPacket) -> None:
        """Append one packet."""
        sides = b"".join(
            _SIDE_HEAD.pack(kind, len(content)) + content for kind, content in packet.side_data
        )
        body = sides + packet.payload
        head = _HEAD.pack(
            0,
            len(packet.payload),
            packet.pts,
            packet.duration,
            packet.is_keyframe,
            len(packet.side_data),
        )
        checksum = zlib.crc32(body, zlib.crc32(head[_CHECKSUM_BYTES:]))
        self._file.write(struct.pack("<I", checksum) + head[_CHECKSUM_BYTES:] + body)


def read_packets(path: Path) -> Iterator[EncodedPacket]:
    """Yield the packets of a file in decoding order.

    Raises:
        DamagedWorkError: The file is missing, cut short or damaged.
    """
    with _opened(path) as file:
        while head := file.read(_HEAD.size):
            yield _read_record(file, head, path)


def read_times(path: Path) -> Iterator[tuple[int, int]]:
    """Yield time and duration of a file's packets in decoding order; payloads are not read.

    Raises:
        DamagedWorkError: The file is missing or damaged.
    """
    with _opened(path) as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise _damaged(path)
            _, size, pts, duration, _, side_count = _HEAD.unpack(head)
            for _ in range(side_count):
                _, side_size = _SIDE_HEAD.unpack(_exactly(file, _SIDE_HEAD.size, path))
                file.seek(side_size, os.SEEK_CUR)
            file.seek(size, os.SEEK_CUR)
            yield pts, duration


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            if file.read(len(_SIGNATURE)) != _SIGNATURE:
                raise _damaged(path)
            yield file
    except OSError as error:
        raise DamagedWorkError(f"{path} cannot be read: {error.strerror or error}") from error


def _read_record(file: BinaryIO, head: bytes, path: Path) -> EncodedPacket:
    if len(head) < _HEAD.size:
        raise _damaged(path)
    checksum, size, pts, duration, is_keyframe, side_count = _HEAD.unpack(head)
    running = zlib.crc32(head[_CHECKSUM_BYTES:])
    side_data: list[tuple[int, bytes]] = []
    for _ in range(side_count):
        side_head = _exactly(file, _SIDE_HEAD.size, path)
        kind, side_size = _SIDE_HEAD.unpack(side_head)
        content = _exactly(file, side_size, path)
        running = zlib.crc32(content, zlib.crc32(side_head, running))
        side_data.append((kind, content))
    payload = _exactly(file, size, path)
    if zlib.crc32(payload, running) != checksum:
        raise _damaged(path)
    return EncodedPacket(
        pts=pts,
        duration=duration,
        is_keyframe=bool(is_keyframe),
        payload=payload,
        side_data=tuple(side_data),
    )


def _exactly(file: BinaryIO, size: int, path: Path) -> bytes:
    # A damaged size must not ask for more memory than any packet has.
    data = file.read(size) if size < _LIMITS else b""
    if len(data) != size:
        raise _damaged(path)
    return data


def _damaged(path: Path) -> DamagedWorkError:
    return DamagedWorkError(f"{path} is damaged")
