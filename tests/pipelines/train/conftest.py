"""Fixtures of the training pipeline: a recipe of seconds, and clips drawn on the spot."""

from pathlib import Path

import pytest

from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.training_config import TrainingConfig
from tests.clips import Clip, render


@pytest.fixture
def config(tiny_config: NetworkConfig) -> TrainingConfig:
    return TrainingConfig(
        network=tiny_config,
        iterations=4,
        batch=1,
        patch=8,
        sequence=(2,),
        max_scale=2.0,
        dtype="float32",
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    render(Clip(), folder)
    return folder


@pytest.fixture
def large_clips(tmp_path: Path) -> Path:
    """Clips large enough to be measured on; the name of one of them falls below 0.1."""
    folder = tmp_path / "large"
    folder.mkdir()
    clip = Clip(width=80, height=64, pts=(0, 512, 1024))
    for name in ("clip 4", "clip 7", "clip 8"):
        render(clip, folder, name=name)
    return folder
