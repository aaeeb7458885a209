"""Luma, compared with scikit-image."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr

from dscvsr_cli.imaging.luma import luma


def test_luma_is_that_of_scikit_image() -> None:
    picture = torch.rand(3, 13, 17, generator=torch.Generator().manual_seed(1)).double()
    theirs = rgb2ycbcr(picture.permute(1, 2, 0).numpy())[..., 0]
    np.testing.assert_allclose(luma(picture).numpy(), theirs, rtol=0, atol=1e-9)


def test_black_is_16_and_white_is_235() -> None:
    ends = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)]).double()
    assert luma(ends).mean(dim=(1, 2)).tolist() == pytest.approx([16.0, 235.0])


def test_luma_wants_three_channels_of_floating_point() -> None:
    for wrong in (torch.zeros(4, 5, 5), torch.zeros(5, 5), torch.zeros(3, 5, 5).byte()):
        with pytest.raises(ValueError, match="expected floating point"):
            luma(wrong)
