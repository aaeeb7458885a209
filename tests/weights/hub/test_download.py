"""Downloads by the real huggingface_hub from a Hub on this machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.weights.catalog import BundledFile, Catalog
from dscvsr_cli.weights.hub.download import cached_hub_file, fetch_hub_file
from dscvsr_cli.weights.hub_address import HubFile
from dscvsr_cli.weights.locate import locate_weights, present_path
from tests.weights.hub_server import COMMIT, OLDER_COMMIT, HubServer

ADDRESS = HubFile(repo="someone/nets", file="nets/tiny.safetensors", revision=COMMIT)
CONTENT = bytes(range(256)) * 40


def test_a_file_arrives_whole_and_the_cache_serves_it_again(hub: HubServer, tmp_path: Path) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, CONTENT)

    assert cached_hub_file(ADDRESS, cache_dir=tmp_path) is None
    path = fetch_hub_file(ADDRESS, cache_dir=tmp_path)

    assert path.read_bytes() == CONTENT
    asked = list(hub.requests)
    assert ("GET", f"/someone/nets/resolve/{COMMIT}/nets/tiny.safetensors") in asked
    assert fetch_hub_file(ADDRESS, cache_dir=tmp_path) == path
    assert cached_hub_file(ADDRESS, cache_dir=tmp_path) == path
    assert hub.requests == asked


def test_force_fetches_again(hub: HubServer, tmp_path: Path) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, CONTENT)
    path = fetch_hub_file(ADDRESS, cache_dir=tmp_path)
    path.write_bytes(b"damaged")

    path = fetch_hub_file(ADDRESS, cache_dir=tmp_path, force=True)

    assert path.read_bytes() == CONTENT
    assert [method for method, _ in hub.requests].count("GET") == 2


def test_the_pinned_revision_is_fetched_and_not_the_newest(hub: HubServer, tmp_path: Path) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, b"old", commit=OLDER_COMMIT)
    hub.add(ADDRESS.repo, ADDRESS.file, b"new", commit=COMMIT)
    older = HubFile(repo=ADDRESS.repo, file=ADDRESS.file, revision=OLDER_COMMIT)
    branch = HubFile(repo=ADDRESS.repo, file=ADDRESS.file)

    assert fetch_hub_file(older, cache_dir=tmp_path).read_bytes() == b"old"
    assert fetch_hub_file(branch, cache_dir=tmp_path).read_bytes() == b"new"


def test_an_interrupted_download_goes_on_where_it_broke(hub: HubServer, tmp_path: Path) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, CONTENT)
    hub.cut_after_bytes = [1000]

    path = fetch_hub_file(ADDRESS, cache_dir=tmp_path)

    assert path.read_bytes() == CONTENT
    assert len(hub.ranges) == 2


def test_a_download_that_breaks_for_good_leaves_no_file(hub: HubServer, tmp_path: Path) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, CONTENT)
    hub.cut_after_bytes = [0] * 50

    with pytest.raises(WeightsError, match=r"fetching someone/.* (broke off|failed)") as caught:
        fetch_hub_file(ADDRESS, cache_dir=tmp_path)
    assert "try again" in caught.value.hint
    assert cached_hub_file(ADDRESS, cache_dir=tmp_path) is None

    hub.cut_after_bytes = []
    assert fetch_hub_file(ADDRESS, cache_dir=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("address", "message", "hint"),
    [
        (HubFile(repo="no/body", file="x.safetensors"), "no repository no/body", "hf auth login"),
        (HubFile(repo="closed/nets", file="x.safetensors"), "terms accepted", "closed/nets"),
        (HubFile(repo="someone/nets", file="x.safetensors"), "no file x.safetensors", "/tree/"),
        (
            HubFile(repo="someone/nets", file=ADDRESS.file, revision="v9"),
            "no revision v9",
            "/commits/",
        ),
        (HubFile(repo="bad--name/nets", file="x"), "cannot be the name", "OWNER/REPO/FILE"),
    ],
)
def test_what_the_hub_does_not_have_is_reported_with_the_next_step(
    hub: HubServer, tmp_path: Path, address: HubFile, message: str, hint: str
) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, CONTENT)
    hub.gated.add("closed/nets")

    for force in (False, True):
        with pytest.raises(WeightsError, match=message) as caught:
            fetch_hub_file(address, cache_dir=tmp_path, force=force)
        assert hint in caught.value.hint


@pytest.mark.parametrize("force", [False, True])
def test_a_hub_in_trouble_is_told_apart_from_a_missing_file(
    hub: HubServer, tmp_path: Path, force: bool
) -> None:
    hub.broken_status = 500
    with pytest.raises(WeightsError, match=r"cannot reach the Hub|the Hub refused"):
        fetch_hub_file(ADDRESS, cache_dir=tmp_path, force=force)


@pytest.mark.parametrize("force", [False, True])
def test_without_a_network_the_hint_says_what_to_check(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    # Port 9 of this machine refuses: nothing listens there.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="cannot reach the Hub for someone/nets") as caught:
        fetch_hub_file(ADDRESS, cache_dir=tmp_path, force=force)
    assert "HF_ENDPOINT" in caught.value.hint
    assert not hub.requests


def test_offline_uses_the_cache_and_never_the_network(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, CONTENT)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE forbids"):
        fetch_hub_file(ADDRESS, cache_dir=tmp_path)
    with pytest.raises(WeightsError, match="while HF_HUB_OFFLINE is set"):
        fetch_hub_file(ADDRESS, cache_dir=tmp_path, force=True)
    assert not hub.requests

    monkeypatch.delenv("HF_HUB_OFFLINE")
    path = fetch_hub_file(ADDRESS, cache_dir=tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch_hub_file(ADDRESS, cache_dir=tmp_path) == path


def test_a_published_file_is_fetched_checked_and_found_again(
    hub: HubServer,
    tmp_path: Path,
    tiny_file: Path,
    make_catalog: Callable[[BundledFile | HubFile], Catalog],
) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, tiny_file.read_bytes())
    catalog = make_catalog(ADDRESS)

    located = locate_weights("tiny", kind="cpu", catalog=catalog, cache_dir=tmp_path)

    assert located.entry is catalog.default("cpu")
    assert located.path.read_bytes() == tiny_file.read_bytes()
    assert present_path(catalog.default("cpu"), cache_dir=tmp_path) == located.path


def test_a_hub_that_serves_something_else_is_refused(
    hub: HubServer,
    tmp_path: Path,
    tiny_file: Path,
    make_catalog: Callable[[BundledFile | HubFile], Catalog],
) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, tiny_file.read_bytes()[:-1] + b"\x7f")

    with pytest.raises(WeightsError, match="another sha256"):
        locate_weights(None, kind="cpu", catalog=make_catalog(ADDRESS), cache_dir=tmp_path)


def test_a_damaged_cache_is_refused_left_alone_and_healed_by_force(
    hub: HubServer,
    tmp_path: Path,
    tiny_file: Path,
    make_catalog: Callable[[BundledFile | HubFile], Catalog],
) -> None:
    hub.add(ADDRESS.repo, ADDRESS.file, tiny_file.read_bytes())
    catalog = make_catalog(ADDRESS)
    path = locate_weights(None, kind="cpu", catalog=catalog, cache_dir=tmp_path).path
    path.write_bytes(tiny_file.read_bytes()[:-1])

    with pytest.raises(WeightsError, match=r"\d+ bytes instead of \d+") as caught:
        locate_weights(None, kind="cpu", catalog=catalog, cache_dir=tmp_path)
    assert "dscvsr weights pull tiny --force" in caught.value.hint
    assert path.read_bytes() == tiny_file.read_bytes()[:-1]

    healed = locate_weights(None, kind="cpu", catalog=catalog, cache_dir=tmp_path, force=True)
    assert healed.path.read_bytes() == tiny_file.read_bytes()


def test_any_file_on_the_hub_is_named_by_its_address(
    hub: HubServer, tmp_path: Path, tiny_file: Path
) -> None:
    hub.add("someone/nets", "my net.safetensors", tiny_file.read_bytes())

    located = locate_weights(
        f"someone/nets/my net.safetensors@{COMMIT}", kind="cpu", cache_dir=tmp_path
    )

    assert located.path.read_bytes() == tiny_file.read_bytes()
    assert located.entry is None
    assert located.name == f"someone/nets/my net.safetensors@{COMMIT}"
