"""Display matrices: how a player turns frames, read as degrees and fitted to a new size."""

import math
from fractions import Fraction
from typing import Final

from dscvsr_cli.geometry import Size

DisplayMatrix = tuple[int, ...]
"""Nine fixed-point numbers, row by row; the last row shifts the turned frame, in pixels."""


_ONE: Final = 1 << 16
_ONE_BELOW: Final = 1 << 30
"""The number one in the first two columns of a matrix, and in the last."""


def rotation_degrees(matrix: DisplayMatrix | None) -> int:
    """Return the counter-clockwise turn of a display matrix, in (-180, 180] degrees."""
    if matrix is None:
        return 0
    turn = round(-math.degrees(math.atan2(matrix[1], matrix[0])))
    return 180 if turn == -180 else turn


def quarter_turns(degrees: int) -> DisplayMatrix:
    """Return the display matrix of a counter-clockwise turn by a multiple of 90 degrees."""
    turns = degrees // 90 % 4
    cosine, sine = (1, 0, -1, 0)[turns] * _ONE, (0, 1, 0, -1)[turns] * _ONE
    return (cosine, -sine, 0, sine, cosine, 0, 0, 0, _ONE_BELOW)


def scale_display_matrix(matrix: DisplayMatrix, *, source: Size, target: Size) -> DisplayMatrix:
    """Return the matrix that shows the enlarged frame as the given one shows the source.

    The rotation stays. The shift, which brings the turned frame back into view, grows with it.
    """
    across = Fraction(target.width, source.width)
    down = Fraction(target.height, source.height)
    if matrix[0] == 0:
        across, down = down, across
    return (*matrix[:6], round(matrix[6] * across), round(matrix[7] * down), matrix[8])
