"""The header of a y4m stream, for what libav reads from it and PyAV does not show."""

import re
from typing import Final

from dscvsr_cli.video.pixels.colour import Siting

_CENTRED: Final = re.compile(r"C420(jpeg)?")


def y4m_siting(header: bytes) -> Siting:
    """Return where chroma lies across a row, from the first bytes of a y4m stream.

    4:2:0 without further words, and also no word on chroma at all, means JPEG's samples half-way
    between two pixels.
    """
    line, _, _ = header.partition(b"\n")
    chroma = [word for word in line.decode("ascii", "replace").split() if word.startswith("C")]
    return "centre" if not chroma or _CENTRED.fullmatch(chroma[0]) else "left"
