"""Colour tags by name: FFmpeg's words for the code points of ITU-T H.273."""

from enum import IntEnum
from typing import Final

from av.video.reformatter import ColorPrimaries, ColorTrc

_MATRICES: Final = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    14: "ictcp",
}
"""PyAV lists only the matrices that its own conversion knows."""


def matrix_name(code: int) -> str:
    """Return the name of matrix coefficients, such as ``bt709``, or ``code 99``."""
    return _MATRICES.get(code) or _unnamed(code)


def primaries_name(code: int) -> str:
    """Return the name of colour primaries, such as ``bt2020``, or ``code 99``."""
    return _member(ColorPrimaries, code)


def transfer_name(code: int) -> str:
    """Return the name of a transfer curve, such as ``smpte2084``, or ``code 99``."""
    return _member(ColorTrc, code)


def _member(names: type[IntEnum], code: int) -> str:
    try:
        return names(code).name.lower().replace("_", "-")
    except ValueError:
        return _unnamed(code)


def _unnamed(code: int) -> str:
    return "unspecified" if code in (0, 2) else f"code {code}"
