"""ICC profiles: what the colours of a still picture mean, as JPEG, PNG and WebP files say it."""

import zlib
from pathlib import Path
from typing import Final

from dscvsr_cli.video.read.still_parts import still_parts

JPEG_MARK: Final = b"ICC_PROFILE\0"
"""How an APP2 segment begins that holds a part of a profile; its number and the count follow."""

_APP2: Final = b"\xe2"
_KINDS: Final = frozenset({_APP2, b"iCCP", b"ICCP"})
_MOST_BYTES: Final = 1 << 24
"""Larger than any profile; more is taken for damage."""


def read_icc_profile(path: Path) -> bytes:
    """Return the ICC profile of a picture file, or nothing if there is none that can be read."""
    of_jpeg: dict[int, bytes] = {}
    try:
        with path.open("rb") as file:
            for kind, data in still_parts(file, _KINDS):
                if kind == b"ICCP":
                    return data
                if kind == b"iCCP":
                    # A name, a zero, the kind of compression (there is only one), and the data.
                    _, _, packed = data.partition(b"\0")
                    return zlib.decompressobj().decompress(packed[1:], _MOST_BYTES)
                if data.startswith(JPEG_MARK) and len(data) > len(JPEG_MARK):
                    of_jpeg[data[len(JPEG_MARK)]] = data[len(JPEG_MARK) + 2 :]
    except (OSError, zlib.error):
        return b""
    return b"".join(of_jpeg[number] for number in sorted(of_jpeg))


def colour_space(profile: bytes) -> str:
    """Return which colours a profile is for: "RGB", "GRAY", "CMYK" ..."""
    return profile[16:20].decode("ascii", "replace").strip()
