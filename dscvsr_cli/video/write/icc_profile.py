"""Put an ICC profile into a finished picture file, since PyAV hands none to the encoder."""

import zlib
from typing import Final

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.formats import PlainFormat
from dscvsr_cli.video.read.icc_profile import JPEG_MARK, colour_space
from dscvsr_cli.video.read.still_parts import JPEG_START, PNG_SIGNATURE

_KEEPING: Final = frozenset({"png", "mjpeg"})
"""Encoders of the pictures that a profile can be put into."""

_PNG_HEADER_BYTES: Final = len(PNG_SIGNATURE) + 25
_SEGMENT_BYTES: Final = 65519 - len(JPEG_MARK)
"""Most bytes of a profile in one segment of a JPEG file."""


def kept_profile(source: VideoInfo, encoder: str, plain: PlainFormat) -> bytes:
    """Return the profile of the source if it says what the output's colours mean, or nothing.

    Args:
        source: The probed input.
        encoder: FFmpeg's name of the encoder of the output.
        plain: The stored pixel format.
    """
    wanted = "GRAY" if plain.family == "grey" else "RGB"
    fits = encoder in _KEEPING and colour_space(source.icc_profile) == wanted
    return source.icc_profile if fits else b""


def with_profile(picture: bytes, profile: bytes) -> bytes:
    """Return a PNG or JPEG file with an ICC profile in it; without a profile, as it is."""
    if not profile:
        return picture
    if picture.startswith(PNG_SIGNATURE):
        content = b"iCCP" + b"ICC profile\0\0" + zlib.compress(profile)
        length, checksum = len(content) - 4, zlib.crc32(content)
        chunk = length.to_bytes(4, "big") + content + checksum.to_bytes(4, "big")
        return picture[:_PNG_HEADER_BYTES] + chunk + picture[_PNG_HEADER_BYTES:]
    starts = range(0, len(profile), _SEGMENT_BYTES)
    segments = []
    for number, start in enumerate(starts, 1):
        part = profile[start : start + _SEGMENT_BYTES]
        content = JPEG_MARK + bytes([number, len(starts)]) + part
        segments.append(b"\xff\xe2" + (len(content) + 2).to_bytes(2, "big") + content)
    return JPEG_START + b"".join(segments) + picture[len(JPEG_START) :]
