"""The ComfyUI node, called as ComfyUI calls it: by its mappings, with IMAGE tensors."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dscvsr_cli import enlarge_frames
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.weights.catalog import load_catalog
from dscvsr_cli.weights.network_file import save_network
from tests.clips import picture
from tests.networks import SMALLEST

FOLDER = Path(__file__).parents[2] / "docs/integrations/comfyui/dscvsr"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs a checkout")


@pytest.fixture(scope="module")
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("comfyui_dscvsr", FOLDER / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def weights(tmp_path: Path) -> str:
    path = tmp_path / "smallest.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_network(RecurrentNetwork(SMALLEST).state_dict(), SMALLEST, path, record={})
    return str(path)


def batch(channels: int = 3) -> Tensor:
    """Return frames as ComfyUI passes them: ``(5, 12, 16, channels)`` in [0, 1]."""
    frames = np.stack([picture(index, 12, 16) for index in range(5)]).astype(np.float32) / 255
    more = np.full((5, 12, 16, channels - 3), 0.5, np.float32)
    return torch.from_numpy(np.concatenate([frames, more], axis=3))


def call(module: ModuleType, **inputs: Any) -> Tensor:
    (node_class,) = module.NODE_CLASS_MAPPINGS.values()
    made = getattr(node_class(), node_class.FUNCTION)(**inputs)
    assert len(made) == len(node_class.RETURN_TYPES) == 1
    result: Tensor = made[0]
    return result


def test_a_batch_comes_back_enlarged_as_one_video(module: ModuleType, weights: str) -> None:
    images = batch()
    made = call(module, images=images, scale=2.5, weights="video, best", weights_file=weights)
    assert made.shape == (5, 30, 40, 3)
    assert made.dtype == torch.float32
    alone = list(enlarge_frames(images.numpy(), scale=2.5, weights=weights))
    assert torch.equal(made, torch.from_numpy(np.stack(alone)).clamp(0, 1))


def test_alpha_is_left_out(module: ModuleType, weights: str) -> None:
    inputs = {"scale": 2.0, "weights": "video, best", "weights_file": weights}
    assert torch.equal(
        call(module, images=batch(4), **inputs), call(module, images=batch(), **inputs)
    )


def test_the_inputs_are_those_of_the_function(module: ModuleType) -> None:
    (node_class,) = module.NODE_CLASS_MAPPINGS.values()
    inputs = node_class.INPUT_TYPES()
    assert list(inputs["required"]) == ["images", "scale", "weights"]
    assert list(inputs["optional"]) == ["weights_file"]
    assert module.NODE_DISPLAY_NAME_MAPPINGS.keys() == module.NODE_CLASS_MAPPINGS.keys()


def test_every_choice_of_weights_exists_and_the_first_is_the_default(module: ModuleType) -> None:
    (node_class,) = module.NODE_CLASS_MAPPINGS.values()
    catalog = load_catalog()
    assert set(node_class.WEIGHTS.values()) <= set(catalog.names)
    # Those who work with such programs have a GPU.
    assert next(iter(node_class.WEIGHTS.values())) == catalog.default("gpu").name
