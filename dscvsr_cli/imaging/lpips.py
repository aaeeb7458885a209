"""LPIPS: how different two pictures look to a network that has learned to name photographs.

The measure of Zhang et al. (CVPR 2018), version 0.1 on AlexNet, the variant that its authors
recommend for evaluation: features of five layers, each position scaled to length 1, their squared
differences weighed per channel by learned factors, averaged over the picture, and added up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

SMALLEST_SIDE = 31
"""Pixels; from anything shorter the second pooling would be left without a window."""

_STRIDES = (4, 1, 1, 1, 1)
_PADDINGS = (2, 2, 1, 1, 1)
_POOLED_BEFORE = (False, True, True, False, False)

# LPIPS's own shift and scale of RGB in [-1, 1].
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)

_TINY = 1e-10
"""Keeps features that are all zero from being divided by zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LpipsLayer:
    """One convolution of AlexNet and how much each of its channels counts."""

    kernel: Tensor
    """(outputs, inputs, rows, columns) float32."""

    bias: Tensor
    """(outputs,) float32."""

    importance: Tensor
    """(outputs,) float32: LPIPS's linear layer."""


class Lpips:
    """The measure, with its weights."""

    def __init__(self, layers: Sequence[LpipsLayer]) -> None:
        """Keep the weights.

        Raises:
            ValueError: Not as many layers as AlexNet has convolutions.
        """
        if len(layers) != len(_STRIDES):
            raise ValueError(f"expected {len(_STRIDES)} layers, got {len(layers)}")
        self._layers = tuple(layers)

    def __call__(self, first: Tensor, second: Tensor) -> float:
        """Return the distance of two pictures ``(3, H, W)`` in [0, 1]; 0 if they are equal.

        Computed in float32 on the CPU.

        Raises:
            ValueError: The shapes differ, or a side is below ``SMALLEST_SIDE``.
        """
        shape = tuple(first.shape)
        if (
            first.shape != second.shape
            or first.ndim != 3
            or shape[0] != 3
            or min(shape[1:]) < SMALLEST_SIDE
        ):
            raise ValueError(
                f"expected two (3, H, W) with sides of at least {SMALLEST_SIDE}, "
                f"got {shape = }, {tuple(second.shape) = }"
            )
        # Layer by layer, so that only two layers of features are held at a time.
        pairs = zip(self._features(first), self._features(second), self._layers, strict=True)
        return sum(
            float(((one - other).square() * layer.importance[:, None, None]).sum(0).mean())
            for one, other, layer in pairs
        )

    def _features(self, picture: Tensor) -> Iterator[Tensor]:
        """Yield each layer's features, scaled to length 1 at every position."""
        shift, scale = (picture.new_tensor(values)[:, None, None] for values in (_SHIFT, _SCALE))
        planes = ((picture * 2 - 1 - shift) / scale).float().cpu()[None]
        geometry = zip(_STRIDES, _PADDINGS, _POOLED_BEFORE, strict=True)
        for layer, (stride, padding, pooled) in zip(self._layers, geometry, strict=True):
            if pooled:
                planes = F.max_pool2d(planes, 3, 2)
            planes = F.conv2d(planes, layer.kernel, layer.bias, stride, padding).relu()
            length = planes.square().sum(1, keepdim=True).sqrt()
            yield (planes / (length + _TINY))[0]
