"""VGG-19 comes from the Hub once, and a damaged file is told."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.weights.external.vgg import VGG19, load_vgg19
from tests.weights.hub_server import HubServer


def test_it_is_fetched_from_the_hub_and_then_from_the_cache(hub: HubServer, tmp_path: Path) -> None:
    tensors = {"features.0.weight": torch.randn(64, 3, 3, 3)}
    hub.add(VGG19.repo, VGG19.file, save(tensors))
    made = [load_vgg19(cache_dir=tmp_path) for _ in range(2)]
    assert all(torch.equal(one["features.0.weight"], tensors["features.0.weight"]) for one in made)
    assert [method for method, _ in hub.requests].count("GET") == 1


def test_a_damaged_file_says_so(hub: HubServer, tmp_path: Path) -> None:
    hub.add(VGG19.repo, VGG19.file, b"no tensors here")
    with pytest.raises(WeightsError, match="damaged") as caught:
        load_vgg19(cache_dir=tmp_path)
    assert "fetched again" in caught.value.hint


def test_a_hub_without_it_says_how_to_do_without(hub: HubServer, tmp_path: Path) -> None:  # noqa: ARG001
    with pytest.raises(WeightsError, match="VGG-19") as caught:
        load_vgg19(cache_dir=tmp_path)
    assert "vgg_weight=0" in caught.value.hint
