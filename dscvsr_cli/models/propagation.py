"""One recurrent pass: R_f of Eq. 4 behind alignment and filling; run backward and forward.

Symbols of the paper: ``h`` is the feature that travels, ``h_bar`` the same after warping,
``I`` the low-resolution frame, ``R_f`` the feature extraction, ``R`` the filling.
"""

import torch
from torch import Tensor, nn

from dscvsr_cli.models.blocks import DenseBlock, ResidualBlock, activate, conv3x3
from dscvsr_cli.models.filling import InformationFilling
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.rounding import Rounding, RoundingConv
from dscvsr_cli.warping import warp


class FeatureExtraction(nn.Module):
    """R_f: a residual dense network with local and global feature fusion (RDN)."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build the shallow convolution, the blocks, and the global fusion."""
        super().__init__()
        channels = config.channels
        # Ordinary even in the student, as MobileNet's first layer is: three of its inputs are the
        # picture, and a filter per channel cannot distinguish an edge from a colour.
        self.shallow = RoundingConv(channels + 3, channels, 3, padding=1)
        self.blocks = nn.ModuleList(DenseBlock(config) for _ in range(config.blocks))
        self.global_fusion = RoundingConv(config.blocks * channels, channels, 1)
        self.smoothing = conv3x3(channels, channels, config)
        self.before, self.after_blocks, self.after_fusion = Rounding(), Rounding(), Rounding()

    def forward(self, state_BCHW: Tensor, frame_B3HW: Tensor) -> Tensor:
        """``(B, C, H, W)`` state and ``(B, 3, H, W)`` frame -> ``(B, C, H, W)`` new state."""
        joined = torch.cat((state_BCHW, frame_B3HW), dim=1)
        feat_BCHW = shallow = activate(self.shallow(self.before(joined)))
        outputs: list[Tensor] = []
        for block in self.blocks:
            feat_BCHW = block(feat_BCHW)
            outputs.append(self.after_blocks(feat_BCHW))
        fused = self.global_fusion(torch.cat(outputs, dim=1))
        return shallow + self.smoothing(self.after_fusion(fused))


class ResidualExtraction(nn.Module):
    """R_f of BasicVSR (Chan et al., CVPR 2021): a convolution and plain residual blocks.

    With it the public BasicVSR trunks fit into this skeleton and can teach.
    """

    def __init__(self, config: NetworkConfig) -> None:
        """Build the shallow convolution and ``config.blocks`` blocks with ReLUs."""
        super().__init__()
        self.shallow = RoundingConv(config.channels + 3, config.channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.channels, slope=0.0) for _ in range(config.blocks)
        )
        self.before = Rounding()

    def forward(self, state_BCHW: Tensor, frame_B3HW: Tensor) -> Tensor:
        """``(B, C, H, W)`` state and ``(B, 3, H, W)`` frame -> ``(B, C, H, W)`` new state."""
        joined = torch.cat((state_BCHW, frame_B3HW), dim=1)
        feat_BCHW = activate(self.shallow(self.before(joined)))
        for block in self.blocks:
            feat_BCHW = block(feat_BCHW)
        return feat_BCHW


class RecurrentPass(nn.Module):
    """One step of the recurrence, Eq. 4."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build R_f, and R if the config has filling."""
        super().__init__()
        self.channels = config.channels
        self.limit = config.state_limit
        self.filling = InformationFilling(config) if config.filling_blocks else None
        residual = config.block == "residual"
        self.extraction = ResidualExtraction(config) if residual else FeatureExtraction(config)

    def forward(
        self,
        frame_B3HW: Tensor,
        neighbour_BCHW: Tensor | None,
        flow_B2HW: Tensor | None,
        *,
        filled: bool,
    ) -> Tensor:
        """Advance by one frame -> h ``(B, C, H, W)``.

        Args:
            frame_B3HW: I, in the dtype of the features.
            neighbour_BCHW: h of the frame before (in the direction of the pass); None at the start.
            flow_B2HW: Flow from this frame to that neighbour, float32 pixels; None at the start.
            filled: Whether this frame goes through the information filling.
        """
        if neighbour_BCHW is None or flow_B2HW is None:
            batch, _, height, width = frame_B3HW.shape
            neighbour_BCHW = aligned = frame_B3HW.new_zeros((batch, self.channels, height, width))
        else:
            aligned = warp(neighbour_BCHW, flow_B2HW)
        return self.advance(frame_B3HW, neighbour_BCHW, aligned, filled=filled)

    def advance(
        self, frame_B3HW: Tensor, neighbour_BCHW: Tensor, aligned: Tensor, *, filled: bool
    ) -> Tensor:
        """Do what follows the alignment -> h ``(B, C, H, W)``.

        Args:
            frame_B3HW: I, in the dtype of the features.
            neighbour_BCHW: h of the frame before; zeros at the start.
            aligned: h_bar, the same after warping.
            filled: Whether this frame goes through the information filling.
        """
        if self.filling is not None and filled:
            aligned = self.filling(neighbour_BCHW, aligned)
        state: Tensor = self.extraction(aligned, frame_B3HW)
        return state.clamp(-self.limit, self.limit) if self.limit else state
