"""Bitmap font: short lines of text as captions on pictures.

Capitals, digits and a few signs, five columns by seven rows; small letters appear as capitals and
anything else as a box.
"""

import torch
from torch import Tensor

ROWS = 7
COLUMNS = 5
ADVANCE = 6
"""Columns from one letter to the next."""

_FACE = {
    " ": "00 00 00 00 00 00 00",
    "0": "0E 11 13 15 19 11 0E",
    "1": "04 0C 04 04 04 04 0E",
    "2": "0E 11 01 06 08 10 1F",
    "3": "1F 02 04 02 01 11 0E",
    "4": "02 06 0A 12 1F 02 02",
    "5": "1F 10 1E 01 01 11 0E",
    "6": "06 08 10 1E 11 11 0E",
    "7": "1F 01 02 04 08 08 08",
    "8": "0E 11 11 0E 11 11 0E",
    "9": "0E 11 11 0F 01 02 0C",
    "A": "0E 11 11 1F 11 11 11",
    "B": "1E 11 11 1E 11 11 1E",
    "C": "0E 11 10 10 10 11 0E",
    "D": "1C 12 11 11 11 12 1C",
    "E": "1F 10 10 1E 10 10 1F",
    "F": "1F 10 10 1E 10 10 10",
    "G": "0E 11 10 17 11 11 0F",
    "H": "11 11 11 1F 11 11 11",
    "I": "0E 04 04 04 04 04 0E",
    "J": "07 02 02 02 02 12 0C",
    "K": "11 12 14 18 14 12 11",
    "L": "10 10 10 10 10 10 1F",
    "M": "11 1B 15 15 11 11 11",
    "N": "11 19 15 13 11 11 11",
    "O": "0E 11 11 11 11 11 0E",
    "P": "1E 11 11 1E 10 10 10",
    "Q": "0E 11 11 11 15 12 0D",
    "R": "1E 11 11 1E 14 12 11",
    "S": "0F 10 10 0E 01 01 1E",
    "T": "1F 04 04 04 04 04 04",
    "U": "11 11 11 11 11 11 0E",
    "V": "11 11 11 11 11 0A 04",
    "W": "11 11 11 15 15 1B 11",
    "X": "11 11 0A 04 0A 11 11",
    "Y": "11 11 0A 04 04 04 04",
    "Z": "1F 01 02 04 08 10 1F",
    ".": "00 00 00 00 00 0C 0C",
    ",": "00 00 00 00 0C 04 08",
    "-": "00 00 00 1F 00 00 00",
    "_": "00 00 00 00 00 00 1F",
    "+": "00 04 04 1F 04 04 00",
    "/": "01 01 02 04 08 10 10",
    ":": "00 0C 0C 00 0C 0C 00",
    "(": "02 04 08 08 08 04 02",
    ")": "08 04 02 02 02 04 08",
}
_BOX = "1F 11 11 11 11 11 1F"


def lettering(text: str, *, zoom: int = 2) -> Tensor:
    """Draw one line of text -> ``(7 * zoom, 6 * zoom * len(text))`` float32, ink 1, ground 0.

    Raises:
        ValueError: A zoom below 1.
    """
    if zoom < 1:
        raise ValueError(f"zoom must be at least 1, got {zoom}")
    drawn = torch.zeros(ROWS, ADVANCE * len(text))
    for place, letter in enumerate(text.upper()):
        for row, bits in enumerate(_FACE.get(letter, _BOX).split()):
            for column in range(COLUMNS):
                ink = int(bits, 16) >> (COLUMNS - 1 - column) & 1
                drawn[row, ADVANCE * place + column] = ink
    return drawn.repeat_interleave(zoom, 0).repeat_interleave(zoom, 1)
