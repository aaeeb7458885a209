"""Walk the packets of an MPEG transport stream: sync bytes, counters, and what they begin."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from av.packet import Packet

_BYTES: Final = 188
_SYNC: Final = 0x47
_STRIDES: Final = (188, 192, 204)
"""Bytes from one packet to the next: plain, with a time before each (M2TS), with parity behind."""
_LOOKED_AT: Final = 1 << 16
_PACKETS_TO_BE_SURE: Final = 8
_READ_PACKETS: Final = 4096

_NULL_PID: Final = 0x1FFF
_CLOCK_MODULUS: Final = 1 << 33
_START_CODE: Final = b"\x00\x00\x01"


class TransportWalk:
    """Says whether a transport stream is whole between two packets of its video.

    Args:
        path: The file.
        pid: Number under which the video is sent.
    """

    def __init__(self, path: Path, pid: int) -> None:
        self._path = path
        self._pid = pid
        with path.open("rb") as file:
            self._stride = _stride(file.read(_LOOKED_AT))

    def __call__(self, before: "Packet[Any] | None", after: "Packet[Any] | None") -> bool:
        """Return whether nothing is missing; recordings may begin anywhere, so always at the start.

        Args:
            before: A packet of the video; None for the beginning of the file.
            after: A later one; None for the end of the file.
        """
        start = None if before is None else before.pos
        if before is None or start is None or self._stride is None:
            return True
        end = None if after is None else after.pos
        if end is not None and end <= start:
            return True
        with self._path.open("rb") as file:
            start = _place(file, start)
            packets = _packets(
                file, start, None if end is None else _place(file, end), self._stride
            )
            return self._are_whole(packets, before, after, start)

    def _are_whole(
        self,
        packets: Iterator[tuple[int, bytes]],
        before: "Packet[Any]",
        after: "Packet[Any] | None",
        start: int,
    ) -> bool:
        counters: dict[int, int] = {}
        known = {one.pts % _CLOCK_MODULUS for one in (before, after) if one and one.pts is not None}
        for place, data in packets:
            if len(data) < _BYTES or data[0] != _SYNC or data[1] & 0x80:
                # Half a packet, no packet, or one that the receiver could not repair.
                return False
            pid = (data[1] & 0x1F) << 8 | data[2]
            if pid == _NULL_PID:
                continue
            if not _follows(data, counters.get(pid)):
                return False
            counters[pid] = data[3] & 0x0F
            if pid == self._pid and data[1] & 0x40 and place > start:
                frame_time = _frame_time(data)
                if frame_time is None or (frame_time >= 0 and frame_time not in known):
                    return False
        return True


def is_cut_within_a_packet(path: Path) -> bool:
    """Return whether a transport stream ends within a packet; between two nothing can be told."""
    with path.open("rb") as file:
        size_bytes = file.seek(0, 2)
        for stride in _STRIDES:
            rest_bytes = stride * (_PACKETS_TO_BE_SURE + 1)
            if size_bytes < rest_bytes:
                return False
            file.seek(-rest_bytes, 2)
            tail = file.read()
            for offset in range(stride):
                if set(tail[offset::stride]) == {_SYNC}:
                    # Behind the last packet, there may be its parity or the time of the next.
                    return stride - offset < _BYTES
    return False


def _stride(head: bytes) -> int | None:
    for stride in _STRIDES:
        for offset in range(min(stride, len(head))):
            found = head[offset::stride][:_PACKETS_TO_BE_SURE]
            if len(found) == _PACKETS_TO_BE_SURE and set(found) == {_SYNC}:
                return stride
    return None


def _place(file: BinaryIO, position: int) -> int:
    """Return where a packet itself begins: in M2TS libav names the place of the time before it."""
    file.seek(position)
    head = file.read(5)
    return position + 4 if head[:1] != bytes([_SYNC]) and head[4:] == bytes([_SYNC]) else position


def _packets(
    file: BinaryIO, start: int, last: int | None, stride: int
) -> Iterator[tuple[int, bytes]]:
    """Yield the place and the bytes of each packet from one place to another, both included.

    What follows the last sync byte of a file is yielded too, as a packet that is too short.
    """
    file.seek(start)
    while block := file.read(stride * _READ_PACKETS):
        for offset in range(0, len(block), stride):
            if last is not None and start + offset > last:
                return
            # Behind the last packet of a file, there may be its parity or the time of the next.
            yield start + offset, block[offset : offset + _BYTES]
        start += len(block)
    if last is not None and start <= last:
        yield start, b""


def _follows(data: bytes, counter: int | None) -> bool:
    """Return whether a packet's counter is right after the last one of its track."""
    has_payload, has_fields = data[3] & 0x10, data[3] & 0x20
    if counter is None or (has_fields and data[4] and data[5] & 0x80):
        # The first one, or a discontinuity that the file itself announces.
        return True
    if not has_payload:
        return True
    # A packet may be sent twice.
    return data[3] & 0x0F in ((counter + 1) % 16, counter)


def _frame_time(data: bytes) -> int | None:
    """Return the presentation time at the start of a unit; -1 if it has none, None if damaged."""
    begin = 4 + (1 + data[4] if data[3] & 0x20 else 0)
    head = data[begin : begin + 14]
    if not data[3] & 0x10 or not head:
        return -1
    if head[:3] != _START_CODE[: len(head)]:
        return None
    if len(head) < 14 or not head[7] & 0x80:
        return -1
    return (
        (head[9] >> 1 & 0x07) << 30
        | head[10] << 22
        | (head[11] >> 1) << 15
        | head[12] << 7
        | head[13] >> 1
    )
