"""Consensus: the motion of the whole picture, wherever it explains the pictures as well.

A pattern that repeats every two or three pixels, such as the windows of a distant building, looks
alike after every repetition, and an estimator that looks at small surroundings picks any of them.
The rest of the picture tells which is right, as long as one camera sees both. So the motion of most
of the picture, which is nearly linear in the place, is found by least squares with weights that
leave out what moves otherwise (iteratively reweighted, Geman and McClure's weights, from a wide
scale to a narrow one as in Black and Anandan, CVIU 1996). Where it fits the pictures as well as
the estimate does, it replaces the estimate.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.warping import fetch

STEP = 4
"""Every so many rows and columns the flow is looked at."""

FIT_SCALES = (4.0, 2.0, 2.0, 1.0, 0.5, 0.5)
"""Pixels, one round of weighing each: a flow that far from the common one has a quarter of its
weight."""

CONSTANT_ROUNDS = 2
"""So many rounds look for one motion of all pixels, before those that look for a linear one, which
would bend towards a large object."""

DOUBT = 1.0 / 255.0
"""Difference of the pictures, where they lie in [0, 1], by which the common flow may fit worse at
most; the share that it takes grows from there to where it fits as well."""

EVERY = 2
"""Every so many rows and columns the pictures are compared: hardly worse than all of them, in half
of the time."""

AROUND = 5
"""Compared rows and columns over which differences are averaged."""

SAME, OTHER = 0.2, 0.3
"""Pixels between both flows up to which the estimate stays, and from which the common one takes its
place: closer than that, the estimate of clean frames knows more of depth and of how things bend."""

LEAST_SPREAD = 1e-4
"""Added to the variance of the places, in halves of the picture, squared, so that a single row or
column can be solved."""


def agree(flow: Tensor, target: Tensor, source: Tensor, *, near: bool = False) -> Tensor:
    """Replace a flow by the common one where the pictures do not contradict -> ``(B, 2, H, W)``.

    Args:
        flow: ``(B, 2, H, W)`` estimated, float32 pixels, from target to source.
        target: ``(B, 3, H, W)`` pictures in [0, 1].
        source: The same.
        near: Whether the common flow also replaces estimates that are close to it. After a codec
            what they add to it is noise, mostly.
    """
    gap = common_flow(flow) - flow
    some_flow, some_gap = flow[..., ::EVERY, ::EVERY], gap[..., ::EVERY, ::EVERY]
    target = target[..., ::EVERY, ::EVERY].float().mean(dim=1, keepdim=True)
    source = source.float().mean(dim=1, keepdim=True)
    look = partial(fetch, source, every=EVERY, clamped=source.device.type == "mps")
    fetched, commonly = look(some_flow), look(some_flow + some_gap)
    worse = (target - commonly).abs() - (target - fetched).abs()
    worse = F.avg_pool2d(worse, AROUND, 1, AROUND // 2, count_include_pad=False)
    fits = (1.0 - worse / DOUBT).clamp(0.0, 1.0)
    height, width = flow.shape[-2:]
    fits = F.interpolate(fits, size=(height, width), mode="bilinear", align_corners=False)
    if near:
        return flow + gap * fits
    length = gap.square().sum(dim=1, keepdim=True).sqrt()
    differs = ((length - SAME) / (OTHER - SAME)).clamp(0.0, 1.0)
    return flow + gap * (fits * differs)


def common_flow(flow: Tensor) -> Tensor:
    """Return the motion, linear in the place, that most of each flow has -> ``(B, 2, H, W)``.

    It need not be that of half of the picture: of several motions the one that most pixels share.
    """
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=torch.float32)
    rows = torch.arange(height, device=flow.device, dtype=torch.float32)[:, None]
    # From -1 to 1.
    x = (columns * 2.0 + 1.0) / width - 1.0
    y = (rows * 2.0 + 1.0) / height - 1.0
    some = flow[..., ::STEP, ::STEP]
    some_x, some_y = (place.expand_as(some[0, 0]) for place in (x[::STEP], y[::STEP]))
    zero = torch.zeros_like(some[:, :, :1, :1])
    linear: _Linear = (some.mean(dim=(2, 3), keepdim=True), zero, zero)
    for number, scale in enumerate(FIT_SCALES):
        gap = some - _at(linear, some_x, some_y)
        weight = 1.0 / (1.0 + gap.square().sum(dim=1, keepdim=True) / scale**2).square()
        if number < CONSTANT_ROUNDS:
            linear = (_mean(some, weight), zero, zero)
        else:
            linear = _fit(some, some_x, some_y, weight)
    return _at(linear, x, y)


_Linear = tuple[Tensor, Tensor, Tensor]
"""Weights of 1, x and y, each ``(B, 2, 1, 1)``."""


def _at(linear: _Linear, x: Tensor, y: Tensor) -> Tensor:
    constant, of_x, of_y = linear
    return constant + of_x * x + of_y * y


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (weight * values).sum(dim=(2, 3), keepdim=True) / weight.sum(dim=(2, 3), keepdim=True)


def _fit(flow: Tensor, x: Tensor, y: Tensor, weight: Tensor) -> _Linear:
    """Fit ``(B, 2, h, w)`` at places ``(h, w)`` by least squares, weighed by ``(B, 1, h, w)``."""
    middle_x, middle_y, middle = (_mean(values, weight) for values in (x, y, flow))
    from_x, from_y, rest = x - middle_x, y - middle_y, flow - middle
    xx = _mean(from_x.square(), weight) + LEAST_SPREAD
    yy = _mean(from_y.square(), weight) + LEAST_SPREAD
    xy = _mean(from_x * from_y, weight)
    along_x, along_y = _mean(from_x * rest, weight), _mean(from_y * rest, weight)
    determinant = xx * yy - xy.square()
    of_x = (along_x * yy - along_y * xy) / determinant
    of_y = (along_y * xx - along_x * xy) / determinant
    return middle - of_x * middle_x - of_y * middle_y, of_x, of_y
