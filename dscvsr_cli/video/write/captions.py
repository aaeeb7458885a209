"""Closed captions (CEA-608/708) put back into encoded frames, as messages before the slices.

PyAV hands captions to no encoder. In H.264 and HEVC they are units of their own beside the picture,
so an encoded frame takes them without being encoded again.
"""

from collections.abc import Iterator
from typing import Final

CAPTION_CODECS: Final = frozenset({"h264", "hevc"})
"""Codecs whose encoded frames can take captions."""

_START: Final = b"\x00\x00\x01"
_USER_DATA: Final = 4
_ATSC: Final = b"\xb5\x00\x31GA94\x03"
"""ITU-T T.35 country and provider, and the mark of captions, from A/53 part 4."""

_MOST_GROUPS: Final = 31
_GROUP_BYTES: Final = 3


def with_captions(payload: bytes, captions: bytes, codec: str) -> bytes:
    """Return an encoded frame with captions in it.

    Args:
        payload: The frame as its encoder gave it; without start codes it is returned as it is.
        captions: Groups of three bytes, as libav's A53_CC side data holds them.
        codec: One of ``CAPTION_CODECS``.
    """
    for position, first_byte in _units(payload):
        if _is_slice(first_byte, codec):
            unit = b"\x00" + _START + caption_unit(captions, codec)
            return payload[:position] + unit + payload[position:]
    return payload


def caption_unit(captions: bytes, codec: str) -> bytes:
    """Return captions as a unit of supplemental information, without its start code."""
    groups = min(len(captions) // _GROUP_BYTES, _MOST_GROUPS)
    data = _ATSC + bytes([0x40 | groups, 0xFF]) + captions[: groups * _GROUP_BYTES] + b"\xff"
    head = b"\x06" if codec == "h264" else b"\x4e\x01"
    return head + _escaped(bytes([_USER_DATA, len(data)]) + data + b"\x80")


def _escaped(data: bytes) -> bytes:
    """Keep what looks like a start code out of a unit, with a 3 after every two zeros."""
    escaped, zeros = bytearray(), 0
    for byte in data:
        if zeros == 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)


def _units(payload: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each unit's start code begins, and the unit's first byte."""
    if not payload.startswith((_START, b"\x00" + _START)):
        return
    found = payload.find(_START)
    while 0 <= found < len(payload) - len(_START):
        begins = found - 1 if found and payload[found - 1] == 0 else found
        yield begins, payload[found + len(_START)]
        found = payload.find(_START, found + len(_START))


def _is_slice(first_byte: int, codec: str) -> bool:
    if codec == "h264":
        return first_byte & 0x1F in (1, 5)
    return first_byte >> 1 & 0x3F < 32
