"""Chroma planes to the size of the luma plane and back, with the samples where they belong.

Along a subsampled axis a chroma sample sits either on the first of its two pixels ("left", how
MPEG-2, H.264 and their heirs store rows) or between them ("centre", rows in JPEG and MPEG-1). Down
a column it is between them unless a file says "top" or "bottom". Going up uses cubic
interpolation, going down the matching low-pass.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from dscvsr_cli.video.pixels.colour import RowSiting, Siting
from dscvsr_cli.video.pixels.formats import PlainFormat

_HALF: Final = (-1 / 16, 9 / 16, 9 / 16, -1 / 16)
"""Catmull-Rom weights half-way between the two middle samples."""

_QUARTER: Final = (-9 / 128, 111 / 128, 29 / 128, -3 / 128)
"""Catmull-Rom weights a quarter of the way from the second sample to the third."""


def upsample_chroma(
    planes: Tensor,
    *,
    pixel_format: PlainFormat,
    siting: Siting,
    row_siting: RowSiting = "centre",
    height: int,
    width: int,
) -> Tensor:
    """Enlarge ``(2, h, w)`` chroma planes to ``(2, H, W)``."""
    for _ in range(pixel_format.row_shift):
        planes = _double_rows(planes, row_siting)
    for _ in range(pixel_format.column_shift):
        planes = _double(planes, siting)
    return planes[:, :height, :width]


def downsample_chroma(
    planes: Tensor,
    *,
    pixel_format: PlainFormat,
    siting: Siting,
    row_siting: RowSiting = "centre",
) -> Tensor:
    """Reduce ``(2, H, W)`` chroma to the planes of the format, sides rounded up."""
    for _ in range(pixel_format.column_shift):
        planes = _halve(planes, siting)
    for _ in range(pixel_format.row_shift):
        planes = _halve_rows(planes, row_siting)
    return planes


def _double_rows(planes: Tensor, siting: RowSiting) -> Tensor:
    if siting == "bottom":
        return _double_rows(planes.flip(1), "top").flip(1)
    across: Siting = "left" if siting == "top" else "centre"
    return _double(planes.transpose(1, 2), across).transpose(1, 2)


def _halve_rows(planes: Tensor, siting: RowSiting) -> Tensor:
    if siting == "bottom":
        if planes.shape[1] % 2:
            planes = torch.cat((planes, planes[:, -1:]), dim=1)
        return _halve_rows(planes.flip(1), "top").flip(1)
    across: Siting = "left" if siting == "top" else "centre"
    return _halve(planes.transpose(1, 2), across).transpose(1, 2)


def _double(planes: Tensor, siting: Siting) -> Tensor:
    length = planes.shape[2]
    padded = functional.pad(planes, (2, 2), mode="replicate")

    def blend(start: int, weights: tuple[float, ...]) -> Tensor:
        taps = [padded[:, :, start + tap : start + tap + length] for tap in range(4)]
        total = taps[0] * weights[0]
        for tap, weight in zip(taps[1:], weights[1:], strict=True):
            total.add_(tap, alpha=weight)
        return total

    if siting == "left":
        first, second = planes, blend(1, _HALF)
    else:
        first, second = blend(0, _QUARTER[::-1]), blend(1, _QUARTER)
    return torch.stack([first, second], dim=3).flatten(2)


def _halve(planes: Tensor, siting: Siting) -> Tensor:
    if planes.shape[2] % 2:
        planes = functional.pad(planes, (0, 1), mode="replicate")
    even, odd = planes[:, :, 0::2], planes[:, :, 1::2]
    if siting == "centre":
        return (even + odd) * 0.5
    before = torch.cat([even[:, :, :1], odd[:, :, :-1]], dim=2)
    return even * 0.5 + (before + odd) * 0.25
