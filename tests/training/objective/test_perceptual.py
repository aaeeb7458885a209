"""The perceptual loss: VGG-19's layout, its normalisation, and what it refuses."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.training.objective.perceptual import VGG19_WIDTHS, PerceptualLoss, vgg19_indices

# As published for torchvision's vgg19: where its sixteen convolutions stand among 37 layers.
PUBLISHED_INDICES = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
PUBLISHED_CONVOLUTION_PARAMETERS = 20_024_384


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    made, before = {}, 3
    widths = [width for stage in VGG19_WIDTHS for width in stage]
    for index, after in zip(PUBLISHED_INDICES, widths, strict=True):
        scale = (2 / (9 * before)) ** 0.5
        shape = (after, before, 3, 3)
        made[f"features.{index}.weight"] = torch.randn(shape, generator=generator) * scale
        made[f"features.{index}.bias"] = torch.randn(after, generator=generator) * 0.01
        before = after
    made["classifier.weight"] = torch.zeros(1)
    return made


def test_the_layout_is_vgg19s(weights: dict[str, Tensor]) -> None:
    assert vgg19_indices() == PUBLISHED_INDICES
    loss = PerceptualLoss(weights)
    assert sum(w.numel() for w in loss.parameters()) == PUBLISHED_CONVOLUTION_PARAMETERS
    assert not any(w.requires_grad for w in loss.parameters())


def test_features_are_those_of_the_layer_list_up_to_conv5_4(weights: dict[str, Tensor]) -> None:
    picture = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(1))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    x = (picture - mean) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    for layer in range(35):
        if layer in (4, 9, 18, 27):
            x = F.max_pool2d(x, 2)
        elif layer in PUBLISHED_INDICES:
            name = f"features.{layer}"
            x = F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)
        else:
            x = F.relu(x)
    torch.testing.assert_close(PerceptualLoss(weights).features(picture), x)
    assert x.shape == (1, 512, 2, 3)


def test_equal_clips_are_no_distance_apart_and_others_are(weights: dict[str, Tensor]) -> None:
    loss = PerceptualLoss(weights)
    clip = torch.rand(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    other = clip.clone().requires_grad_()
    assert loss(clip, clip).item() == 0.0
    gap = loss(other * 0.5, clip)
    gap.backward()
    assert gap.item() > 0
    assert other.grad is not None
    assert bool(other.grad.abs().sum() > 0)


def test_weights_of_another_network_are_refused(weights: dict[str, Tensor]) -> None:
    missing = {name: w for name, w in weights.items() if name != "features.34.bias"}
    with pytest.raises(ValueError, match="layer 34"):
        PerceptualLoss(missing)
    with pytest.raises(ValueError, match="layer 5"):
        PerceptualLoss(weights | {"features.5.weight": torch.zeros(3)})
