"""ColourInfo: what a video's numbers mean as colours, as tagged and as resolved.

Tags are the code points of ITU-T H.273, the numbers that files carry: matrix, primaries and
transfer with 2 for "unspecified", and the range with 0 unspecified, 1 limited, 2 full.
"""

from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from dscvsr_cli.video.pixels.formats import PlainFormat

_CENTRED_CHROMA: Final = frozenset({"mjpeg", "mpeg1video", "theora"})


Matrix = Literal["bt601", "bt709", "bt2020", "smpte240m", "fcc", "ycgco", "rgb"]
Siting = Literal["left", "centre"]
RowSiting = Literal["top", "centre", "bottom"]

UNSPECIFIED: Final = 2
RANGE_UNSPECIFIED: Final = 0
RANGE_LIMITED: Final = 1
RANGE_FULL: Final = 2

_MATRIX_OF_TAG: Final[dict[int, Matrix]] = {
    0: "rgb",
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020",
    # Constant luminance is not a matrix at all. The plain BT.2020 matrix both ways gives every
    # frame back unchanged, which is what counts here.
    10: "bt2020",
}
TAG_OF_MATRIX: Final[dict[Matrix, int]] = {
    "rgb": 0,
    "bt709": 1,
    "fcc": 4,
    "bt601": 6,
    "smpte240m": 7,
    "ycgco": 8,
    "bt2020": 9,
}
_LUMA_WEIGHTS: Final[dict[Matrix, tuple[float, float]]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}
BT2020_PRIMARIES: Final = 9
_HDR_TRANSFERS: Final = (16, 18)
"""PQ (SMPTE ST 2084) and HLG (ARIB STD-B67)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourInfo:
    """Tags of a video and what they resolve to."""

    matrix: Matrix
    """The matrix that turns the stored planes into RGB; "rgb" if RGB is stored."""

    full_range: bool
    """True where black..white spans all code values, False for 16..235 (at 8 bits)."""

    matrix_tag: int = UNSPECIFIED
    """H.273 matrix coefficients as tagged."""

    range_tag: int = RANGE_UNSPECIFIED
    """Range as tagged."""

    primaries_tag: int = UNSPECIFIED
    """H.273 colour primaries as tagged."""

    transfer_tag: int = UNSPECIFIED
    """H.273 transfer characteristics as tagged."""

    siting: Siting = "left"
    """Where subsampled chroma sits across a row: on the left pixel, or between two."""

    row_siting: RowSiting = "centre"
    """Where subsampled chroma sits down a column: on one of its two pixels, or between them."""

    @property
    def is_hdr(self) -> bool:
        """Return whether the transfer is PQ or HLG."""
        return self.transfer_tag in _HDR_TRANSFERS


def resolve_colour(
    *,
    pixel_format: PlainFormat,
    height: int,
    width: int,
    matrix_tag: int = UNSPECIFIED,
    range_tag: int = RANGE_UNSPECIFIED,
    primaries_tag: int = UNSPECIFIED,
    transfer_tag: int = UNSPECIFIED,
    siting: Siting = "left",
    row_siting: RowSiting = "centre",
) -> ColourInfo:
    """Decide the matrix and the range that tags, or their absence, stand for.

    Untagged YUV is limited range, BT.709 from 720 rows or 1280 columns on and BT.601 below (BT.2020
    if only the primaries say so). RGB, grey and the ``yuvj`` formats are full range.
    """
    matrix: Matrix
    if pixel_format.family == "rgb":
        matrix, full_range = "rgb", True
    else:
        matrix = _MATRIX_OF_TAG.get(matrix_tag, "rgb")
        if matrix == "rgb":
            # YUV planes tagged as RGB, or with a code we have no matrix for: the size rule serves,
            # since the same matrix takes the colours back and the tag goes out unchanged.
            matrix = matrix_for_size(height, width)
            if primaries_tag == BT2020_PRIMARIES:
                matrix = "bt2020"
        untagged_full = pixel_format.full_range or pixel_format.family == "grey"
        full_range = untagged_full if range_tag == RANGE_UNSPECIFIED else range_tag == RANGE_FULL
    return ColourInfo(
        matrix=matrix,
        full_range=full_range,
        matrix_tag=matrix_tag,
        range_tag=range_tag,
        primaries_tag=primaries_tag,
        transfer_tag=transfer_tag,
        siting=siting,
        row_siting=row_siting,
    )


def matrix_for_size(height: int, width: int) -> Matrix:
    """Return the matrix players assume for an untagged frame of this size."""
    return "bt709" if height >= 720 or width >= 1280 else "bt601"


def rgb_to_yuv_matrix(matrix: Matrix) -> Tensor:
    """Return the ``(3, 3)`` float64 matrix from RGB to Y in [0, 1] and chroma in [-0.5, 0.5]."""
    if matrix == "rgb":
        raise ValueError("RGB planes need no matrix")
    if matrix == "ycgco":
        return torch.tensor(
            [[0.25, 0.5, 0.25], [-0.25, 0.5, -0.25], [0.5, 0.0, -0.5]], dtype=torch.float64
        )
    red, blue = _LUMA_WEIGHTS[matrix]
    luma = torch.tensor([red, 1.0 - red - blue, blue], dtype=torch.float64)
    unit = torch.eye(3, dtype=torch.float64)
    # Chroma is the distance of blue (red) from luma, scaled to reach one half at the extremes.
    chroma_blue = (unit[2] - luma) / (2.0 * (1.0 - blue))
    chroma_red = (unit[0] - luma) / (2.0 * (1.0 - red))
    return torch.stack([luma, chroma_blue, chroma_red])


def codec_siting(codec: str) -> Siting:
    """Return where a codec's frames have their subsampled chroma, across a row."""
    return "centre" if codec in _CENTRED_CHROMA else "left"
