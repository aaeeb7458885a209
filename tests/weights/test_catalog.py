"""weights.toml: what it may hold, and what the one of this checkout holds."""

import pytest

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.catalog import BundledFile, Catalog, load_catalog, parse_catalog
from dscvsr_cli.weights.checksum import check_entry_file
from dscvsr_cli.weights.describe import describe_file
from dscvsr_cli.weights.hub_address import HubFile
from dscvsr_cli.weights.network_file import read_network

SHA256 = "ab" * 32
COMMIT = "01" * 20

BUNDLED = f"""
[[weights]]
name = "small"
default_on = ["cpu", "gpu"]
summary = "small and fast"
licence = "Apache-2.0"
bundled = "small.safetensors"
size_bytes = 10
sha256 = "{SHA256}"
[weights.config]
channels = 8
motion_channels = [4, 4]
[weights.record]
data = "clips"
steps = 1000
"""
ON_HUB = f"""
[[weights]]
name = "large"
summary = "slow and better"
licence = "Apache-2.0"
repo = "someone/nets"
file = "large.safetensors"
revision = "{COMMIT}"
size_bytes = 20
sha256 = "{SHA256}"
[weights.config]
[weights.record]
"""

FASTER = 'size_bytes = 10\nfaster = { name = "large", time = 0.4 }'


def test_entries_are_read_in_order_with_their_networks() -> None:
    catalog = parse_catalog(BUNDLED + ON_HUB)

    small, large = catalog.entries
    assert catalog.names == ("small", "large")
    assert catalog.default("cpu") is catalog.default("gpu") is small
    assert small.config == NetworkConfig(channels=8, motion_channels=(4, 4))
    assert dict(small.record) == {"data": "clips", "steps": "1000"}
    assert small.source == BundledFile(file="small.safetensors")
    assert large.source == HubFile(repo="someone/nets", file="large.safetensors", revision=COMMIT)
    assert (small.size_bytes, small.sha256) == (10, SHA256)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('summary = "small and fast"', 'sumary = "x"', "unknown keys in weights small: sumary"),
        ('summary = "small and fast"', "", "missing keys in weights small: summary"),
        ("channels = 8", "chanels = 8", "chanels"),
        ('"cpu", "gpu"', '"cpu"', "exactly one entry must be the default on gpu"),
        ('"cpu", "gpu"', '"cpu", "gpu", "tpu"', "default_on lists cpu, gpu, or both"),
        ('name = "small"', 'name = "Small One"', "lower case"),
        ('"Apache-2.0"\nbundled', '""\nbundled', "under which licence"),
        ('name = "small"', 'name = "large"', "two weights of one name"),
        (SHA256, SHA256.upper(), "sha256"),
        ("size_bytes = 10", "size_bytes = 0", "size_bytes"),
        (COMMIT, "main", "commit of 40 hex digits"),
        ("small.safetensors", "../small.safetensors", "without folders"),
        ('bundled = "small.safetensors"', "", "either bundled, or repo"),
        ('bundled = "small.safetensors"', 'bundled = "s"\nrepo = "a/b"', "either bundled, or repo"),
        (f'revision = "{COMMIT}"', "", "either bundled, or repo"),
        ("size_bytes = 10", FASTER.replace("large", "huge"), "faster names no other entry"),
        (
            "size_bytes = 10",
            'size_bytes = 10\nuncompressed = "huge"',
            "uncompressed names no other",
        ),
        ("size_bytes = 10", FASTER.replace("0.4", "1.5"), "time must be in"),
        ("\n[[weights]]", "colour = 1\n[[weights]]", "unknown keys in the catalog: colour"),
    ],
)
def test_a_mistake_in_the_catalog_is_an_error_that_says_where(
    old: str, new: str, message: str
) -> None:
    text = BUNDLED + ON_HUB
    assert old in text
    with pytest.raises(ValueError, match=message):
        parse_catalog(text.replace(old, new, 1))


def test_two_defaults_on_one_kind_of_device_are_refused() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        parse_catalog(BUNDLED + ON_HUB.replace('"large"', '"large"\ndefault_on = ["gpu"]', 1))


def test_a_gpu_may_have_a_default_of_its_own() -> None:
    text = BUNDLED.replace('"cpu", "gpu"', '"cpu"')
    catalog = parse_catalog(text + ON_HUB.replace('"large"', '"large"\ndefault_on = ["gpu"]', 1))
    assert (catalog.default("cpu").name, catalog.default("gpu").name) == ("small", "large")


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    catalog = parse_catalog(BUNDLED + ON_HUB)
    with pytest.raises(WeightsError, match="'smal'") as caught:
        catalog.find("smal")
    assert "'small'" in caught.value.hint
    with pytest.raises(WeightsError) as caught:
        catalog.find("zzz")
    assert "small, large" in caught.value.hint


def test_an_empty_catalog_has_no_default() -> None:
    with pytest.raises(WeightsError, match="no weights are published"):
        Catalog(()).default("cpu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b/c.safetensors", ("a/b", "c.safetensors", "main")),
        ("a/b/d/c.safetensors@v1", ("a/b", "d/c.safetensors", "v1")),
        ("a/b", None),
        ("./a/b/c", None),
        ("../a/b/c", None),
        ("~/a/b/c", None),
        ("/a/b/c", None),
        ("a/b/../c", None),
        ("a/b//c", None),
        (r"C:\a\b\c", None),
        ("a/b/c@", None),
    ],
)
def test_hub_addresses_are_told_from_paths(
    text: str, expected: tuple[str, str, str] | None
) -> None:
    address = HubFile.parse(text)
    assert (address and (address.repo, address.file, address.revision)) == expected


def test_an_address_is_written_as_it_is_read() -> None:
    address = HubFile(repo="a/b", file="c/d.safetensors", revision=COMMIT)
    assert HubFile.parse(str(address)) == address


def test_the_default_of_this_checkout_is_bundled_and_so_needs_no_network() -> None:
    for kind in ("cpu", "gpu"):
        assert isinstance(load_catalog().default(kind).source, BundledFile)


def test_every_bundled_file_is_exactly_what_the_catalog_says() -> None:
    bundled = [e for e in load_catalog().entries if isinstance(e.source, BundledFile)]
    assert bundled
    for entry in bundled:
        assert isinstance(entry.source, BundledFile)
        check_entry_file(entry, entry.source.path)
        _, config, record = read_network(entry.source.path)
        assert config == entry.config
        assert record.items() >= entry.record.items()
        assert entry.sha256 in describe_file(entry.source.path)
