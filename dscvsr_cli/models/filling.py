"""Information filling (paper section 3.2, Eq. 4): what separable convolutions lose, put back.

On odd frames the aligned feature is joined with the neighbour's feature as it was before alignment,
and R, a stack of residual blocks, extracts from both what the trunk then sees as its state.
"""

import torch
from torch import Tensor, nn

from dscvsr_cli.models.blocks import ResidualBlock, activate
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.rounding import Rounding, RoundingConv


def is_filled(index: int) -> bool:
    """Tell whether the frame at ``index`` of its scene (from 0) is filled: i = 2n + 1 in Eq. 4."""
    return index % 2 == 1


class InformationFilling(nn.Module):
    """R of Eq. 4: a fusing convolution and residual blocks."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build ``config.filling_blocks`` residual blocks behind a 1x1 fusion.

        Their convolutions are ordinary: they are there to keep what separable ones lose.
        """
        super().__init__()
        self.fusion = RoundingConv(2 * config.channels, config.channels, 1)
        blocks = (ResidualBlock(config.channels) for _ in range(config.filling_blocks))
        self.blocks = nn.Sequential(*blocks)
        self.rounding = Rounding()

    def forward(self, neighbour_BCHW: Tensor, aligned_BCHW: Tensor) -> Tensor:
        """Return R([h_{i+-1}, aligned h]) as ``(B, C, H, W)``."""
        joined = torch.cat((neighbour_BCHW, aligned_BCHW), dim=1)
        return self.blocks(activate(self.fusion(self.rounding(joined))))
