"""The VGG loss of Eq. 6: pictures are compared by what VGG-19 sees in them.

As in the perceptual-loss literature (Johnson et al., ECCV 2016; SRGAN, CVPR 2017; ESRGAN, ECCVW
2018): L1 between features of conv5_4, before its ReLU. The network is a VGG-19 trained on ImageNet;
pictures in [0, 1] are shifted and scaled by ImageNet's mean and deviation. The network never
learns.
"""

from collections.abc import Mapping
from itertools import accumulate, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dscvsr_cli.models.motion import PICTURE_DEVIATION, PICTURE_MEAN

VGG19_WIDTHS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
"""Channels of the 3x3 convolutions of each stage; 2x2 maximum pooling stands between stages."""


def vgg19_indices() -> list[int]:
    """Return where the convolutions stand in VGG-19's usual numbering of its layers."""
    indices, at = [], 0
    for stage in VGG19_WIDTHS:
        for _ in stage:
            indices.append(at)
            at += 2
        at += 1
    return indices


class PerceptualLoss(nn.Module):
    """L1 between VGG-19 features."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        """Take the convolutions out of ``weights``.

        Args:
            weights: ``features.N.weight`` ``(out, in, 3, 3)`` and ``features.N.bias`` ``(out,)`` as
                torchvision and timm number VGG-19's layers.

        Raises:
            ValueError: One is missing, or of another shape.
        """
        super().__init__()
        widths = [3, *(width for stage in VGG19_WIDTHS for width in stage)]
        self.convolutions = nn.ModuleList()
        for index, (before, after) in zip(vgg19_indices(), pairwise(widths), strict=True):
            convolution = nn.Conv2d(before, after, 3, padding=1)
            try:
                convolution.load_state_dict(
                    {part: weights[f"features.{index}.{part}"] for part in ("weight", "bias")}
                )
            except (KeyError, RuntimeError) as error:
                raise ValueError(f"layer {index} of VGG-19 is missing or odd: {error}") from error
            self.convolutions.append(convolution)
        self.requires_grad_(requires_grad=False)
        for name, values in (("mean", PICTURE_MEAN), ("deviation", PICTURE_DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Compare pictures ``(..., 3, H, W)`` in [0, 1] -> a scalar."""
        gap: Tensor = (self.features(made) - self.features(wanted)).abs().mean()
        return gap

    def features(self, pictures: Tensor) -> Tensor:
        """Return conv5_4 of ``(..., 3, H, W)`` -> ``(N, 512, H/16, W/16)``."""
        planes = (pictures.flatten(0, -4) - self.mean) / self.deviation
        last = len(self.convolutions) - 1
        stage_ends = set(accumulate(len(stage) for stage in VGG19_WIDTHS))
        for number, convolution in enumerate(self.convolutions):
            planes = convolution(planes)
            if number < last:
                planes = F.relu(planes)
                if number + 1 in stage_ends:
                    planes = F.max_pool2d(planes, 2)
        return planes
