"""``dscvsr weights``, through main."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.weights.catalog import BundledFile, Catalog
from dscvsr_cli.weights.hub_address import HubFile
from dscvsr_cli.weights.network_file import save_network
from tests.networks import SMALLEST
from tests.weights.hub_server import COMMIT, HubServer

MakeCatalog = Callable[[BundledFile | HubFile], Catalog]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def use_catalog(monkeypatch: pytest.MonkeyPatch) -> Callable[[Catalog], None]:
    def use(catalog: Catalog) -> None:
        for module in ("cli.weights.command", "weights.locate", "weights.describe"):
            monkeypatch.setattr(f"dscvsr_cli.{module}.load_catalog", lambda: catalog)

    return use


@pytest.fixture
def bundled(
    tiny_file: Path, make_catalog: MakeCatalog, use_catalog: Callable[[Catalog], None]
) -> Path:
    use_catalog(make_catalog(BundledFile(file=tiny_file.name, folder=tiny_file.parent)))
    return tiny_file


@pytest.fixture
def on_hub(
    hub: HubServer,
    tiny_file: Path,
    make_catalog: MakeCatalog,
    use_catalog: Callable[[Catalog], None],
    monkeypatch: pytest.MonkeyPatch,
) -> HubServer:
    """Weights that lie on the Hub, and an empty cache."""
    from huggingface_hub import constants  # noqa: PLC0415

    address = HubFile(repo="someone/nets", file="tiny.safetensors", revision=COMMIT)
    hub.add(address.repo, address.file, tiny_file.read_bytes())
    use_catalog(make_catalog(address))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tiny_file.parent / "cache"))
    return hub


def test_list_marks_the_default_and_says_where_weights_are(bundled: Path, capsys: Capture) -> None:
    assert main(["weights", "list"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("* tiny  ")
    assert "bundled  for tests" in out
    bundled.unlink()
    assert main(["weights", "list"]) == 0
    assert "missing" in capsys.readouterr().out


def test_list_as_json_holds_the_path(bundled: Path, capsys: Capture) -> None:
    assert main(["weights", "list", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["path"] == str(bundled)
    assert entry["default_on"] == ["cpu", "gpu"]
    assert entry["size_bytes"] == bundled.stat().st_size


def test_path_prints_the_file_and_nothing_else(bundled: Path, capsys: Capture) -> None:
    assert main(["weights", "path"]) == 0
    assert main(["weights", "path", "tiny"]) == 0
    assert capsys.readouterr().out == f"{bundled}\n{bundled}\n"


def test_pull_fetches_once_and_path_then_knows_it(on_hub: HubServer, capsys: Capture) -> None:
    assert main(["weights", "path"]) == 4
    assert "hint: run: dscvsr weights pull tiny" in capsys.readouterr().err
    assert not on_hub.requests

    assert main(["weights", "pull", "tiny"]) == 0
    pulled = capsys.readouterr().out.removeprefix("tiny: ").strip()
    asked = len(on_hub.requests)
    assert main(["weights", "pull", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert len(on_hub.requests) == asked

    assert main(["weights", "path"]) == 0
    assert capsys.readouterr().out.strip() == pulled
    assert main(["weights", "list"]) == 0
    assert "downloaded" in capsys.readouterr().out


def test_pull_force_heals_damaged_weights(on_hub: HubServer, capsys: Capture) -> None:
    assert main(["weights", "pull"]) == 0
    path = Path(capsys.readouterr().out.removeprefix("tiny: ").strip())
    path.write_bytes(b"damaged")
    assert main(["weights", "verify", "tiny"]) == 4
    assert main(["weights", "pull", "tiny", "--force"]) == 0
    assert main(["weights", "verify", "tiny"]) == 0
    assert [method for method, _ in on_hub.requests].count("GET") == 2


def test_verify_loads_good_weights(bundled: Path, capsys: Capture) -> None:
    assert main(["weights", "verify"]) == 0
    assert capsys.readouterr().out == "tiny: good\n"
    assert main(["weights", "verify", str(bundled), "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict == {"name": str(bundled), "path": str(bundled), "error": None}


def test_verify_goes_through_all_and_then_fails(bundled: Path, capsys: Capture) -> None:
    bad = bundled.with_name("bad.safetensors")
    bad.write_bytes(b"bad")
    assert main(["weights", "verify", str(bad), "tiny"]) == 4
    out, err = capsys.readouterr()
    assert "damaged" in out.splitlines()[0]
    assert out.splitlines()[1] == "tiny: good"
    assert err.startswith("error: 1 of 2 weights")


def test_verify_without_a_name_passes_over_what_was_never_fetched(
    on_hub: HubServer, capsys: Capture
) -> None:
    assert main(["weights", "verify"]) == 0
    assert capsys.readouterr().out == ""
    assert not on_hub.requests


def test_describe_prints_the_entry_of_a_file(bundled: Path, capsys: Capture) -> None:
    assert main(["weights", "describe", str(bundled)]) == 0
    out = capsys.readouterr().out
    assert f"channels = {SMALLEST.channels}\n" in out
    assert f"size_bytes = {bundled.stat().st_size}\n" in out
    assert main(["weights", "describe", "no such file"]) == 4


def test_describe_knows_the_licence_only_of_what_is_published_or_names_it(
    bundled: Path, tiny_network: RecurrentNetwork, capsys: Capture
) -> None:
    def licence(path: Path) -> str:
        assert main(["weights", "describe", str(path)]) == 0
        text = capsys.readouterr().out
        found = tomllib.loads(text)["weights"][0]["licence"]
        if not found:
            assert 'licence = ""  # fill in' in text
        return str(found)

    assert licence(bundled) == "Apache-2.0"
    other = bundled.with_name("other.safetensors")
    for record, expected in (
        ({"data": "clips"}, ""),
        ({"licence": "CC-BY-4.0"}, "CC-BY-4.0"),
        ({"license": "MIT"}, "MIT"),
    ):
        save_network(tiny_network.state_dict(), SMALLEST, other, record=record)
        assert licence(other) == expected
