"""Weights drawn from a normal distribution, in a network or in an outline of one."""

from torch import Tensor, nn


def draw_normal(weights: Tensor, *, std: float) -> None:
    """Fill a tensor in place with numbers of mean 0, from torch's own generator.

    A tensor on the device "meta", as in the outline that a weights file is compared with, has
    nothing to fill; there ``nn.init.normal_`` would import the whole of torch's compiler, which
    takes a second.

    Args:
        weights: What to fill, of any shape.
        std: Standard deviation, at least 0.
    """
    if not weights.is_meta:
        nn.init.normal_(weights, std=std)
