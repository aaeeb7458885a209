"""Pushing weights to a Hub of our own, and fetching them back."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.weights.hub.upload import push_weights
from dscvsr_cli.weights.load import load_network
from dscvsr_cli.weights.model_card import model_card
from dscvsr_cli.weights.network_file import save_network
from tests.networks import SMALLEST
from tests.weights.hub_server import COMMIT, HubServer

REPO = "someone/nets"


@pytest.fixture
def writer(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The Hub, with a token that may write, and large files sent as every server takes them."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    with warnings.catch_warnings():
        # The client library uploads in a way that its own HTTP library calls outdated.
        warnings.filterwarnings("ignore", message="Use 'content=", category=DeprecationWarning)
        yield hub


def test_what_is_pushed_can_be_fetched_and_loaded(
    writer: HubServer, tiny_file: Path, tmp_path: Path
) -> None:
    report = push_weights(model_card(tiny_file, repo=REPO, licence="MIT"), REPO)
    assert writer.private == {REPO: False}
    assert str(report.address) == f"{REPO}/tiny.safetensors@{COMMIT}"
    assert report.url == f"{writer.url}/{REPO}"
    loaded = load_network(
        str(report.address), device=torch.device("cpu"), cache_dir=tmp_path / "cache"
    )
    assert loaded.config == SMALLEST
    assert loaded.path.read_bytes() == tiny_file.read_bytes()
    card = writer.files[REPO, COMMIT, "README.md"].decode()
    assert "license: mit" in card
    assert writer.messages == [writer.messages[0]]
    assert "tiny.safetensors" in writer.messages[0]


def test_a_repository_is_made_private_on_request_and_pushed_to_again(
    writer: HubServer, tiny_file: Path
) -> None:
    card = model_card(tiny_file, repo=REPO, licence="MIT")
    push_weights(card, REPO, private=True)
    push_weights(card, REPO)
    assert writer.private == {REPO: True}
    assert len(writer.messages) == 2


def test_without_a_token_nothing_is_tried(
    writer: HubServer, tiny_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    with pytest.raises(WeightsError, match="not logged in") as caught:
        push_weights(model_card(tiny_file, repo=REPO, licence="MIT"), REPO)
    assert "hf auth login" in caught.value.hint
    assert not writer.private


def test_a_token_that_may_not_write_is_reported(
    writer: HubServer, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_reader")
    with pytest.raises(WeightsError, match="does not let you write to someone/nets") as caught:
        push_weights(model_card(tiny_file, repo=REPO, licence="MIT"), REPO)
    assert "hf auth login" in caught.value.hint
    assert not writer.files


def test_an_upload_that_fails_leaves_what_is_there(writer: HubServer, tiny_file: Path) -> None:
    card = model_card(tiny_file, repo=REPO, licence="MIT")
    writer.refuse_objects = True
    with pytest.raises(WeightsError, match="refused"):
        push_weights(card, REPO)
    assert not writer.files
    writer.refuse_objects = False
    writer.broken_status = 418
    with pytest.raises(WeightsError, match="418"):
        push_weights(card, REPO)


def test_a_hub_that_does_not_answer_is_reported(
    writer: HubServer, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="broke off") as caught:
        push_weights(model_card(tiny_file, repo=REPO, licence="MIT"), REPO)
    assert "network" in caught.value.hint
    assert not writer.private


def test_offline_means_offline(
    writer: HubServer, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE"):
        push_weights(model_card(tiny_file, repo=REPO, licence="MIT"), REPO)
    assert not writer.private


def test_an_impossible_name_is_reported(writer: HubServer, tiny_file: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be the name"):
        push_weights(model_card(tiny_file, repo="a/b c", licence="MIT"), "a/b c")
    assert not writer.private


def test_the_card_says_what_the_file_knows(tmp_path: Path, tiny_file: Path) -> None:
    state = load_network(str(tiny_file), device=torch.device("cpu")).network.state_dict()
    record = {
        "recipe": "Recipe(steps=5)",
        "footage": "12 clips and 3 photographs",
        "iterations": "5",
        "odd | key": "two\nlines",
        "validation": "x2 31.25 dB (bicubic 30.10)",
    }
    path = tmp_path / "student.safetensors"
    save_network({k: v.half() for k, v in state.items()}, SMALLEST, path, record=record)
    card = model_card(path, repo="someone/video-nets", licence="CC-BY-NC-4.0").text
    header, body = card.split("---\n", 2)[1:]
    assert "license: cc-by-nc-4.0" in header.splitlines()
    assert "library_name: dscvsr" in header.splitlines()
    assert "# video-nets\n" in body
    assert "-w someone/video-nets/student.safetensors" in body
    for value in ("12 clips and 3 photographs", "x2 31.25 dB", "Recipe(steps=5)", "float16"):
        assert value in body
    assert "| odd \\| key | two lines |" in body
    assert f'"channels": {SMALLEST.channels}' in body


def test_a_card_without_figures_says_so_and_an_unknown_licence_is_other(tiny_file: Path) -> None:
    card = model_card(tiny_file, repo=REPO, licence="Parity-7.0.0").text
    assert "license: other\nlicense_name: parity-7.0.0\n" in card
    assert "None were measured" in card


@pytest.mark.parametrize("licence", ["", "my own: do as I say", "a\nb: c"])
def test_a_licence_that_is_no_identifier_is_refused(tiny_file: Path, licence: str) -> None:
    with pytest.raises(UsageError, match="not a licence identifier"):
        model_card(tiny_file, repo=REPO, licence=licence)
