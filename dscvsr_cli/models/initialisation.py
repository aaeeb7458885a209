"""Fresh weights that learn from the first step.

PyTorch's own start leaves a third of the variance of what passes a convolution. Behind dozens of
layers nothing but biases is left, and a run spends its first hundreds of steps finding the picture
again. Here every convolution keeps the size of what it sees (He et al., ICCV 2015), and what is
added to an identity starts small, so deep or long chains do not blow up.
"""

import math

import torch
from torch import nn

from dscvsr_cli.models.blocks import NEGATIVE_SLOPE, DenseBlock, ResidualBlock, SeparableConv
from dscvsr_cli.models.normal_weights import draw_normal
from dscvsr_cli.models.propagation import FeatureExtraction

RESIDUAL_SHARE = 0.2
"""Size of what a fresh block adds, over what it sees."""

GLOBAL_SHARE = 0.5
"""The same of a whole extraction, whose blocks are all added to its first features."""


@torch.no_grad()
def initialise(module: nn.Module) -> None:
    """Draw new weights for all convolutions in ``module``, from torch's own generator."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            _draw(part, activated=True)
    for part in module.modules():
        if isinstance(part, SeparableConv):
            # Nothing stands between its halves, so the first needs no allowance for a ReLU.
            _draw(part[0], activated=False)
        elif isinstance(part, DenseBlock):
            part.fusion.weight.mul_(RESIDUAL_SHARE)
        elif isinstance(part, ResidualBlock):
            part.second.weight.mul_(RESIDUAL_SHARE)
        elif isinstance(part, FeatureExtraction):
            part.global_fusion.weight.mul_(GLOBAL_SHARE)
            for convolution in part.smoothing.modules():
                if isinstance(convolution, nn.Conv2d):
                    _draw(convolution, activated=False)


def _draw(convolution: nn.Module, *, activated: bool) -> None:
    if not isinstance(convolution, nn.Conv2d):
        raise TypeError(f"expected a convolution, got {type(convolution).__name__}")
    gain = 2.0 / (1.0 + NEGATIVE_SLOPE**2) if activated else 1.0
    draw_normal(convolution.weight, std=math.sqrt(gain / convolution.weight[0].numel()))
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
