"""Eight-bit arithmetic: which tensors of a network are rounded, and by how much.

Processors multiply eight-bit integers two to four times as fast as float32. So what the
convolutions of both passes read, and most of those that find motion, is rounded to one of 256
values between two limits that calibration found, and their filters to one of 127 (Jacob et al.,
CVPR 2018). Depthwise convolutions, the sums of residual blocks, positions, and everything after the
passes stay in floating point.

``Rounding`` and ``RoundingConv`` mark these places in the network. Neither changes anything until
``round_to_eight_bits`` gives it a range: torch then computes what a runtime with integers does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_STEPS = 255

_FILTER_STEPS = 63
"""Steps from 0 to the largest weight of a filter. With 127, sums of two products overflow the 16
bits that processors without dot-product instructions (VNNI) have for them."""

_FILTER_LEVELS = 127
"""The same as a runtime names it, which knows 255 levels and not 127."""

_LEAST_RANGE = 1e-3
"""Width of the range of features that are 0 wherever they were watched."""

Range = tuple[float, float]
"""The least and the largest value of a tensor; 0 is between them."""

Ranges = Mapping[str, Range]
"""The range at each ``Rounding`` of a network, by the module's name in it."""


class Rounding(nn.Module):
    """A place where features are rounded to one of 256 values, once it has a range.

    Attributes:
        range: What the values are spread over; features beyond it are clipped.
    """

    range: Range | None = None

    def forward(self, feat: Tensor) -> Tensor:
        """Return ``feat``, rounded if there is a range."""
        if self.range is None:
            return feat
        low, high = self.range
        step = (high - low) / _STEPS
        return torch.fake_quantize_per_tensor_affine(feat, step, round(-low / step), 0, _STEPS)


class RoundingConv(nn.Conv2d):
    """A convolution that reads rounded features, and whose filters are then rounded as well.

    Attributes:
        steps: ``(out,)``, the size of a step in each output channel's filter; None to leave filters
            as they are.
    """

    steps: Tensor | None = None

    def round_filters(self) -> None:
        """Round the filters from now on."""
        self.steps = self.weight.detach().abs().amax(dim=(1, 2, 3)).clamp(min=1e-12) / _FILTER_STEPS

    def forward(self, feat: Tensor) -> Tensor:
        """``(B, in, H, W)`` -> ``(B, out, H, W)``."""
        if self.steps is None:
            return super().forward(feat)
        zeros = torch.zeros_like(self.steps, dtype=torch.int32)
        filters = torch.fake_quantize_per_channel_affine(
            self.weight, self.steps, zeros, 0, -_FILTER_LEVELS, _FILTER_LEVELS
        )
        return F.conv2d(feat, filters, self.bias, padding=self.padding)


def round_to_eight_bits(network: nn.Module, ranges: Ranges) -> None:
    """Make a network round its features and filters from now on.

    Args:
        network: Changed in place, its weights apart.
        ranges: Of each ``Rounding`` in it.

    Raises:
        KeyError: One is missing.
    """
    for name, part in network.named_modules():
        if isinstance(part, Rounding):
            part.range = ranges[name]
        elif isinstance(part, RoundingConv):
            part.round_filters()


@contextmanager
def watched_ranges(network: nn.Module) -> Iterator[dict[str, Range]]:
    """Record the range of what passes each ``Rounding`` -> the ranges so far, by name.

    Args:
        network: Run it inside the block, as often as wanted; it must not round yet.
    """
    ranges: dict[str, Range] = {}

    def widen(name: str, feat: Tensor) -> None:
        low, high = ranges.get(name, (0.0, _LEAST_RANGE))
        ranges[name] = min(low, float(feat.min())), max(high, float(feat.max()))

    handles = [
        part.register_forward_pre_hook(lambda _, given, name=name: widen(name, given[0]))
        for name, part in network.named_modules()
        if isinstance(part, Rounding)
    ]
    try:
        yield ranges
    finally:
        for handle in handles:
            handle.remove()
