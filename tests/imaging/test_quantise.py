"""Rounding to 8 bits."""

import pytest
import torch

from dscvsr_cli.imaging.quantise import quantise


def test_rounding_keeps_every_level_of_8_bits() -> None:
    levels = torch.arange(256, dtype=torch.float32) / 255
    assert torch.equal(quantise(levels), levels)
    assert torch.equal(quantise(levels + 0.4 / 255), levels)


def test_rounding_sends_ties_up_and_clamps() -> None:
    values = torch.tensor([-0.5, 0.5 / 255, 1.5 / 255, 1.7], dtype=torch.float64)
    assert (quantise(values) * 255).tolist() == pytest.approx([0, 1, 2, 255])
