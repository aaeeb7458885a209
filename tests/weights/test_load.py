"""From a name or a file to a network that runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.catalog import BundledFile, Catalog, parse_catalog
from dscvsr_cli.weights.describe import describe_file
from dscvsr_cli.weights.hub_address import HubFile
from dscvsr_cli.weights.load import load_network
from dscvsr_cli.weights.locate import locate_weights, present_path
from dscvsr_cli.weights.network_file import read_network, save_network
from tests.networks import SMALLEST
from tests.weights.conftest import RECORD

CPU = torch.device("cpu")
MakeCatalog = Callable[[BundledFile | HubFile], Catalog]


def bundled(path: Path) -> BundledFile:
    return BundledFile(file=path.name, folder=path.parent)


def test_a_loaded_network_gives_what_the_saved_one_gave(
    tiny_file: Path, tiny_network: RecurrentNetwork
) -> None:
    loaded = load_network(str(tiny_file), device=CPU)

    frames = torch.rand(1, 3, 3, 8, 10, generator=torch.Generator().manual_seed(1))
    size = Size(height=21, width=27)
    with torch.no_grad():
        assert torch.equal(loaded.network(frames, size), tiny_network(frames, size))
    assert loaded.name == "tiny"
    assert loaded.path == tiny_file
    assert loaded.config == SMALLEST
    assert loaded.record == RECORD
    assert loaded.entry is None


def test_a_loaded_network_is_ready_to_run_and_not_to_train(tiny_file: Path) -> None:
    network = load_network(str(tiny_file), device=CPU, dtype=torch.bfloat16).network
    assert not network.training
    assert all(p.dtype == torch.bfloat16 for p in network.parameters())
    assert not any(p.requires_grad for p in network.parameters())


def test_weights_saved_in_half_precision_load_into_a_float32_network(
    tmp_path: Path, tiny_network: RecurrentNetwork
) -> None:
    path = tmp_path / "half.safetensors"
    half = {name: tensor.half() for name, tensor in tiny_network.state_dict().items()}
    save_network(half, SMALLEST, path, record={})
    network = load_network(str(path), device=CPU).network
    assert all(p.dtype == torch.float32 for p in network.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("fusion.bias"), r"it lacks fusion\.bias"),
        (lambda s: s.update(wings=torch.zeros(1)), "it has besides wings"),
        (
            lambda s: s.update({"fusion.bias": torch.zeros(9)}),
            r"fusion\.bias is \(9,\) instead of \(4,\)",
        ),
        (
            lambda s: s.update({"fusion.bias": torch.full((4,), torch.nan)}),
            r"not finite: fusion\.bias",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    tmp_path: Path,
    tiny_network: RecurrentNetwork,
    change: Callable[[dict[str, torch.Tensor]], object],
    message: str,
) -> None:
    state = dict(tiny_network.state_dict())
    change(state)
    path = tmp_path / "odd.safetensors"
    save_network(state, SMALLEST, path, record={})
    with pytest.raises(WeightsError, match=message) as caught:
        load_network(str(path), device=CPU)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_config_of_another_network_does_not_fit(
    tmp_path: Path, tiny_network: RecurrentNetwork
) -> None:
    path = tmp_path / "odd.safetensors"
    save_network(tiny_network.state_dict(), NetworkConfig(blocks=1, layers=1), path, record={})
    with pytest.raises(WeightsError, match="does not fit the network") as caught:
        load_network(str(path), device=CPU)
    assert len(caught.value.message) < 1000


def test_nothing_asked_for_means_the_default(tiny_file: Path, make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(bundled(tiny_file))
    loaded = load_network(None, device=CPU, catalog=catalog)
    assert loaded.entry is catalog.default("cpu")
    assert loaded.name == "tiny"


def test_a_catalog_name_wins_over_a_file_of_that_name(
    tmp_path: Path, tiny_file: Path, make_catalog: MakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").write_bytes(b"another")
    catalog = make_catalog(bundled(tiny_file))
    assert locate_weights("tiny", kind="cpu", catalog=catalog).path == tiny_file
    assert locate_weights("./tiny", kind="cpu", catalog=catalog).path == Path("tiny")


def test_a_damaged_bundled_file_is_refused(tiny_file: Path, make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(bundled(tiny_file))
    tiny_file.write_bytes(tiny_file.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(WeightsError, match="another sha256") as caught:
        locate_weights("tiny", kind="cpu", catalog=catalog)
    assert "install dscvsr again" in caught.value.hint


def test_a_missing_bundled_file_is_refused(tiny_file: Path, make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(bundled(tiny_file))
    tiny_file.unlink()
    assert present_path(catalog.default("cpu")) is None
    with pytest.raises(WeightsError, match="cannot read the weights tiny"):
        locate_weights("tiny", kind="cpu", catalog=catalog)


def test_what_is_neither_a_name_nor_a_file_is_answered_with_names(
    make_catalog: MakeCatalog, tiny_file: Path
) -> None:
    with pytest.raises(WeightsError, match="no weights and no file are called 'tin'") as caught:
        locate_weights("tin", kind="cpu", catalog=make_catalog(bundled(tiny_file)))
    assert "'tiny'" in caught.value.hint


def test_a_described_file_is_an_entry_of_the_catalog(tiny_file: Path) -> None:
    text = describe_file(tiny_file)
    # What only its owner can say.
    text = text.replace('licence = ""', 'licence = "MIT"')
    text = text.replace("[[weights]]", '[[weights]]\ndefault_on = ["cpu", "gpu"]')
    entry = parse_catalog(text).default("cpu")
    assert entry.name == "tiny"
    assert entry.config == SMALLEST == read_network(tiny_file)[1]
    assert entry.size_bytes == tiny_file.stat().st_size
    assert dict(entry.record) == RECORD
    assert entry.source == BundledFile(file="tiny.safetensors")
