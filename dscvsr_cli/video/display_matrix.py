"""Display matrices: how a player turns frames, read as degrees and fitted to a new size."""

import math
from fractions import Fraction
from typing import Final

from torch import Tensor

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


def is_quarter_turn(matrix: DisplayMatrix | None) -> bool:
    """Return whether a matrix turns by a multiple of 90 degrees, mirrored or not."""
    return matrix is None or matrix[1] == matrix[3] == 0 or swaps_sides(matrix)


def swaps_sides(matrix: DisplayMatrix | None) -> bool:
    """Return whether rows become columns."""
    return matrix is not None and matrix[0] == matrix[4] == 0


def upright(planes: Tensor, matrix: DisplayMatrix | None) -> Tensor:
    """Turn and mirror ``(C, H, W)`` as a display matrix says -> ``(C, H, W)`` or ``(C, W, H)``.

    Only multiples of a quarter turn; other matrices leave the frame as it is.
    """
    if matrix is None or not is_quarter_turn(matrix):
        return planes
    # The new column is a * column + c * row, and the new row is b * column + d * row.
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    down, across = d, a
    if a == d == 0:
        planes, down, across = planes.transpose(-2, -1), b, c
    backwards = [axis for axis, step in ((-2, down), (-1, across)) if step < 0]
    return planes.flip(backwards).contiguous()


def scale_display_matrix(matrix: DisplayMatrix, *, source: Size, target: Size) -> DisplayMatrix:
    """Return the matrix that shows the enlarged frame as the given one shows the source.

    The rotation stays. The shift, which brings the turned frame back into view, grows with it.
    """
    across = Fraction(target.width, source.width)
    down = Fraction(target.height, source.height)
    if matrix[0] == 0:
        across, down = down, across
    return (*matrix[:6], round(matrix[6] * across), round(matrix[7] * down), matrix[8])
