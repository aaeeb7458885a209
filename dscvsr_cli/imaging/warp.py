"""Warping of one picture by one flow."""

from torch import Tensor

from dscvsr_cli.warping import fetch


def warp_picture(source: Tensor, flow: Tensor) -> Tensor:
    """Fetch ``source`` ``(C, H, W)`` at the places ``flow`` points to -> ``(C, H, W)``.

    Bilinear between pixel centres; places outside the picture take its border.

    Args:
        source: Floating point planes.
        flow: ``(2, H, W)`` pixels, ``(dx, dy)``, target to source, of the same dtype.
    """
    return fetch(source[None], flow[None], clamped=False)[0]
