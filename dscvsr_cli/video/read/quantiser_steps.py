"""Quantiser steps: the numbers that codecs round by, as steps of H.264 that lose as much.

Every codec counts in its own way, and at the same step each changes a frame more or less, since
some filter, or weigh what they drop. So each has a factor: the step of H.264 that changes frames as
much as a step of 1 of the other codec does, as root mean square of luma's change on 14 clips of
320x180, between steps of 4 and 33. Steps are in levels of 255 of an orthonormal transform.
"""

from typing import Final

import numpy as np

_FINEST: Final = 0.625
_DOUBLED_BY: Final = 6
"""H.264's step where its parameter is 0 (H.264, table 8-15), and how many more double it."""

_OF_MPEG: Final = 1.7
_OF_VP8: Final = 0.7
_OF_VP9: Final = 0.8 / 8
_OF_AV1: Final = 1.0 / 8

_VP9_INDEX: Final = (0, 1, 95, 120, 137, 150, 160, 169, 176, 182, 188, 193, 220, 240, 255)
_VP9_QUANTISER: Final = (4, 8, 102, 152, 203, 255, 305, 359, 408, 456, 510, 560, 933, 1369, 1828)
"""The quantiser of AC coefficients by its index in eighths of a level (VP9's specification, 8.6.1,
and AV1's, 7.12.2), which is nearly linear between these."""

_VP8_INDEX: Final = (0, 54, 83, 102, 116, 127)
_VP8_QUANTISER: Final = (4, 58, 116, 173, 229, 284)
"""The same of VP8 (RFC 6386, 14.1)."""


def h264_step(parameter: float) -> float:
    """Return the step for a quantiser parameter (QP) of H.264 or HEVC, 0 to 51 at eight bits."""
    return float(_FINEST * 2 ** (parameter / _DOUBLED_BY))


def mpeg_step(scale: float) -> float:
    """Return the step for a quantiser scale of MPEG-2, which is twice that of MPEG-4."""
    return _OF_MPEG * scale


def vp8_step(index: int) -> float:
    """Return the step for a quantiser index of VP8, 0 to 127."""
    return _OF_VP8 * float(np.interp(index, _VP8_INDEX, _VP8_QUANTISER))


def vp9_step(index: int) -> float:
    """Return the step for a quantiser index of VP9, 0 to 255."""
    return _OF_VP9 * float(np.interp(index, _VP9_INDEX, _VP9_QUANTISER))


def av1_step(index: int) -> float:
    """Return the step for a quantiser index of AV1, 0 to 255."""
    return _OF_AV1 * float(np.interp(index, _VP9_INDEX, _VP9_QUANTISER))
