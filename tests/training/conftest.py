"""Fixtures of the training tests: a recipe of seconds, and footage drawn on the spot."""

import pytest
import torch

from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.training_config import TrainingConfig
from tests.clips import picture


@pytest.fixture
def tiny_recipe(tiny_config: NetworkConfig) -> TrainingConfig:
    """A run of a few steps on patches of a few pixels."""
    return TrainingConfig(
        network=tiny_config,
        iterations=12,
        batch=2,
        patch=8,
        sequence=(3,),
        max_denominator=2,
        max_scale=2.5,
        learning_rate=3e-3,
        final_learning_rate=1e-4,
        motion_weight=0.1,
        dtype="float32",
    )


@pytest.fixture
def clips() -> tuple[torch.Tensor, torch.Tensor]:
    """Two clips of noise, ``(B, T, 3, h, w)`` and twice as large, in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 3, 8, 8, generator=generator), torch.rand(
        2, 3, 3, 16, 16, generator=generator
    )


@pytest.fixture(scope="session")
def moving_clip() -> torch.Tensor:
    """Eight frames ``(T, 3, 48, 64)`` uint8 of smooth colours that move."""
    frames = [torch.from_numpy(picture(index, 48, 64)) for index in range(8)]
    return torch.stack(frames).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="session")
def photo() -> torch.Tensor:
    """A photograph ``(3, 60, 80)`` uint8."""
    return torch.from_numpy(picture(3, 60, 80)).permute(2, 0, 1).contiguous()


@pytest.fixture
def footage(moving_clip: torch.Tensor, photo: torch.Tensor) -> Footage:
    return Footage(clips=(moving_clip,), photos=(photo,))
