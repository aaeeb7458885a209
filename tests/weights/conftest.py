"""Fixtures of the weights tests: a tiny network, its file, a catalog, and a Hub of our own."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.catalog import BundledFile, Catalog, WeightsEntry
from dscvsr_cli.weights.hub_address import HubFile
from dscvsr_cli.weights.network_file import save_network
from tests.networks import SMALLEST
from tests.weights.hub_server import HubServer, running_hub

RECORD = {"data": "noise", "steps": "0"}


@pytest.fixture
def tiny_config() -> NetworkConfig:
    return SMALLEST


@pytest.fixture
def tiny_network() -> RecurrentNetwork:
    torch.manual_seed(5)
    return RecurrentNetwork(SMALLEST).eval()


@pytest.fixture
def tiny_file(tmp_path: Path, tiny_network: RecurrentNetwork) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_network(tiny_network.state_dict(), SMALLEST, path, record=RECORD)
    return path


@pytest.fixture
def make_catalog(tiny_file: Path) -> Callable[[BundledFile | HubFile], Catalog]:
    """A catalog whose one entry describes ``tiny_file`` as lying at the given source."""

    def make(source: BundledFile | HubFile) -> Catalog:
        content = tiny_file.read_bytes()
        entry = WeightsEntry(
            name="tiny",
            summary="for tests",
            licence="Apache-2.0",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            config=SMALLEST,
            record=RECORD,
            source=source,
            default_on=frozenset({"cpu", "gpu"}),
        )
        return Catalog((entry,))

    return make


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A running Hub that this process takes for the real one; waiting between retries is cut."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with running_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server
