"""Feature blocks: residual block, dense block (MetaVSR), dense separable block (DSCVSR's DSCB).

A dense block is RDN's (Zhang et al., CVPR 2018): every layer sees the outputs of all layers before
it, a 1x1 convolution fuses them (local feature fusion), and the block's input is added. The DSCB
(paper section 3.1, Fig. 1) makes each layer depthwise separable.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.models.network_config import NetworkConfig, SeparableOrder
from dscvsr_cli.models.rounding import Rounding, RoundingConv

NEGATIVE_SLOPE = 0.1
"""Negative slope of every leaky ReLU, as in BasicVSR."""


def activate(feat_BCHW: Tensor) -> Tensor:
    """Apply the networks' one activation, a leaky ReLU, in place: pass a convolution's output.

    Autograd needs neither what a convolution gave nor what a leaky ReLU was given.
    """
    return F.leaky_relu_(feat_BCHW, NEGATIVE_SLOPE)


class SeparableConv(nn.Sequential):
    """A 3x3 convolution split into one per channel (depthwise) and a 1x1 (pointwise).

    "depthwise-first" is MobileNet's order. "pointwise-first" (BSConv, Haase and Amthor, CVPR 2020)
    filters only the channels that come out, which a dense block, whose inputs are much wider than
    its outputs, does in less time.
    """

    def __init__(self, channels_in: int, channels_out: int, order: SeparableOrder) -> None:
        """Build the two halves; only the second has a bias, as nothing stands between them."""
        if order == "depthwise-first":
            super().__init__(
                nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False),
                nn.Conv2d(channels_in, channels_out, 1),
            )
        else:
            super().__init__(
                RoundingConv(channels_in, channels_out, 1, bias=False),
                nn.Conv2d(channels_out, channels_out, 3, padding=1, groups=channels_out),
            )


def conv3x3(channels_in: int, channels_out: int, config: NetworkConfig) -> nn.Module:
    """Return the 3x3 convolution of the config's kind, ``(B, in, H, W)`` -> ``(B, out, H, W)``."""
    if config.block == "separable":
        return SeparableConv(channels_in, channels_out, config.separable_order)
    return RoundingConv(channels_in, channels_out, 3, padding=1)


class DenseBlock(nn.Module):
    """Densely connected 3x3 convolutions with local feature fusion; a DSCB when separable."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build ``config.layers`` layers of ``config.growth`` channels."""
        super().__init__()
        widths = [config.channels + i * config.growth for i in range(config.layers + 1)]
        self.layers = nn.ModuleList(conv3x3(w, config.growth, config) for w in widths[:-1])
        self.fusion = RoundingConv(widths[-1], config.channels, 1)
        self.rounding = Rounding()

    def forward(self, feat_BCHW: Tensor) -> Tensor:
        """``(B, C, H, W)`` -> ``(B, C, H, W)``."""
        seen = self.rounding(feat_BCHW)
        for layer in self.layers:
            seen = torch.cat((seen, self.rounding(activate(layer(seen)))), dim=1)
        return feat_BCHW + self.fusion(seen)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside an identity, without normalisation (EDSR, BasicVSR)."""

    def __init__(self, channels: int, *, slope: float = NEGATIVE_SLOPE) -> None:
        """Build ordinary convolutions with a leaky ReLU of ``slope`` between them."""
        super().__init__()
        self.slope = slope
        self.first = RoundingConv(channels, channels, 3, padding=1)
        self.second = RoundingConv(channels, channels, 3, padding=1)
        self.before, self.between = Rounding(), Rounding()

    def forward(self, feat_BCHW: Tensor) -> Tensor:
        """``(B, C, H, W)`` -> ``(B, C, H, W)``."""
        inner = F.leaky_relu_(self.first(self.before(feat_BCHW)), self.slope)
        return feat_BCHW + self.second(self.between(inner))
