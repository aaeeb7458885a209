"""Optical flow between two pictures, coarse to fine.

The estimator follows SPyNet (Ranjan and Black, CVPR 2017), which BasicVSR uses: a pyramid of both
pictures; at every level the second picture is warped by the flow found so far and a few
convolutions estimate what is missing. Flow is in pixels, ``(dx, dy)``, from target to source:
``target(x, y)`` looks like ``source(x + dx, y + dy)``. Flow and coordinates stay in float32
whatever the precision of the convolutions, since half precision cannot hold a position.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.consensus import agree
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.rounding import Rounding, RoundingConv
from dscvsr_cli.warping import warp

# Means and deviations of natural pictures; they only centre the estimator's input.
PICTURE_MEAN = (0.485, 0.456, 0.406)
PICTURE_DEVIATION = (0.229, 0.224, 0.225)


class MotionLevel(nn.Sequential):
    """Convolutions that estimate what one pyramid level adds to the flow."""

    def __init__(self, channels: tuple[int, ...], kernel: int, slope: float) -> None:
        """Build convolutions 8 -> channels... -> 2, (leaky) ReLU between them."""
        first, *others = pairwise((8, *channels, 2))
        # It reads a flow in pixels, which eight bits do not hold.
        layers: list[nn.Module] = [nn.Conv2d(*first, kernel, padding=kernel // 2)]
        for before, after in others:
            layers.append(nn.Sequential(nn.LeakyReLU(slope), Rounding()))
            layers.append(RoundingConv(before, after, kernel, padding=kernel // 2))
        super().__init__(*layers)
        # Start from rest: an untrained estimator must not scramble the features it aligns.
        for parameter in self[-1].parameters():
            nn.init.zeros_(parameter)


class MotionEstimator(nn.Module):
    """Optical flow from coarse to fine."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        """Build one ``MotionLevel`` per pyramid level, coarsest first."""
        super().__init__()
        self.finest = config.motion_finest
        self.consensus = config.motion_consensus
        self.levels = nn.ModuleList(
            MotionLevel(config.motion_channels, config.motion_kernel, config.motion_slope)
            for _ in range(config.motion_levels)
        )
        for name, values in (("mean", PICTURE_MEAN), ("deviation", PICTURE_DEVIATION)):
            constant = torch.tensor(values).view(1, 3, 1, 1)
            self.register_buffer(name, constant, persistent=False)

    @property
    def alignment(self) -> int:
        """Pixels; sides are padded to a multiple of this inside."""
        return 1 << (len(self.levels) - 1 + self.finest)

    def forward(self, target_B3HW: Tensor, source_B3HW: Tensor) -> Tensor:
        """Estimate the flow ``(B, 3, H, W)`` x2 -> ``(B, 2, H, W)`` float32 pixels."""
        height, width = target_B3HW.shape[-2:]
        pad = (0, -width % self.alignment, 0, -height % self.alignment)
        targets = self._pyramid(F.pad(target_B3HW.float(), pad, mode="replicate"))
        sources = self._pyramid(F.pad(source_B3HW.float(), pad, mode="replicate"))
        flow = targets[0].new_zeros(
            (target_B3HW.shape[0], 2, targets[0].shape[-2], targets[0].shape[-1])
        )
        for depth, level in enumerate(self.levels):
            if depth > 0:
                flow = _double(flow)
            warped = warp(sources[depth], flow)
            seen = torch.cat((targets[depth], warped, flow), dim=1)
            flow = flow + level(seen.to(next(level.parameters()).dtype)).float()
        for _ in range(self.finest):
            flow = _double(flow)
        flow = flow[..., :height, :width]
        if self.consensus and not self.training:
            # In training the estimate has to stand on its own, or it would not learn.
            flow = agree(flow, target_B3HW, source_B3HW)
        return flow

    def _pyramid(self, picture_B3HW: Tensor) -> list[Tensor]:
        """Return normalised pictures from the coarsest level to the finest estimated one."""
        picture = (picture_B3HW - self.mean.float()) / self.deviation.float()
        for _ in range(self.finest):
            picture = F.avg_pool2d(picture, 2)
        pyramid = [picture]
        for _ in range(len(self.levels) - 1):
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        return pyramid[::-1]


def _double(flow_B2HW: Tensor) -> Tensor:
    """Bring a flow to twice the resolution; its lengths double with it."""
    return 2.0 * F.interpolate(flow_B2HW, scale_factor=2, mode="bilinear", align_corners=False)
