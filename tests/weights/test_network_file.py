"""Weights files: what is written comes back, and nothing else is ever loaded."""

import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.network_file import read_network, read_ranges, save_network
from tests.networks import SMALLEST
from tests.weights.conftest import RECORD


def test_state_config_and_record_come_back_as_they_were_saved(
    tiny_file: Path, tiny_network: RecurrentNetwork
) -> None:
    state, config, record = read_network(tiny_file)

    saved = tiny_network.state_dict()
    assert state.keys() == saved.keys()
    assert all(torch.equal(state[name], saved[name]) for name in saved)
    assert config == SMALLEST
    assert record == RECORD


@settings(deadline=None, max_examples=20)
@given(record=st.dictionaries(st.text(), st.text(), max_size=4))
def test_any_words_fit_into_the_record(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("record") / "net.safetensors"
    save_network({"a": torch.zeros(1)}, SMALLEST, path, record=record)
    assert read_network(path)[2] == record


def test_the_same_network_gives_the_same_bytes(
    tmp_path: Path, tiny_network: RecurrentNetwork
) -> None:
    paths = [tmp_path / f"{index}.safetensors" for index in range(4)]
    for path in paths:
        save_network(tiny_network.state_dict(), SMALLEST, path, record={"b": "1", "a": "2"})
    assert len({path.read_bytes() for path in paths}) == 1


def test_half_precision_and_transposed_tensors_keep_type_and_values(tmp_path: Path) -> None:
    state = {
        "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
        "turned": torch.arange(6.0).reshape(2, 3).T,
    }
    save_network(state, SMALLEST, tmp_path / "net.safetensors", record={})
    read, _, _ = read_network(tmp_path / "net.safetensors")
    assert read["half"].dtype == torch.float16
    assert all(torch.equal(read[name], state[name]) for name in state)


def test_tensors_that_share_memory_are_saved_one_by_one(tmp_path: Path) -> None:
    flat = torch.arange(4.0)
    save_network({"a": flat[:2], "b": flat}, SMALLEST, tmp_path / "net.safetensors", record={})
    read, _, _ = read_network(tmp_path / "net.safetensors")
    assert read["b"].tolist() == [0, 1, 2, 3]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, tiny_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = tiny_file.read_bytes()
    monkeypatch.setattr("os.fsync", full_disk)

    with pytest.raises(WeightsError, match="No space left") as caught:
        save_network({"a": torch.zeros(1)}, SMALLEST, tiny_file, record={})
    assert "free space" in caught.value.hint
    assert tiny_file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [tiny_file.name]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such weights file: .*gone"):
        read_network(tmp_path / "gone.safetensors")


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"not weights at all" * 100])
def test_what_is_not_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or not a safetensors file"):
        read_network(path)


def test_a_cut_file_is_refused(tiny_file: Path) -> None:
    tiny_file.write_bytes(tiny_file.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="damaged"):
        read_network(tiny_file)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot read"):
        read_network(tmp_path)


def test_a_pickle_is_refused_without_running_what_it_holds(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = tmp_path / "net.pth"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="not a safetensors file") as caught:
        read_network(path)
    assert "never loaded" in caught.value.hint

    # The call os.mkdir(trace), written as pickle opcodes.
    path.write_bytes(b"cos\nmkdir\n(V" + str(trace).encode() + b"\ntR.")
    with pytest.raises(WeightsError, match="not a safetensors file"):
        read_network(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())  # noqa: S301  # the trap is a real one
    assert trace.exists()


def test_safetensors_of_another_program_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"format": "pt"})
    with pytest.raises(WeightsError, match="holds no dscvsr network config"):
        read_network(path)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ("no json", "cannot read"),
        ("[]", "cannot read"),
        ('{"format": 2, "config": {}, "record": {}}', "format 2"),
        ('{"format": 1, "config": {"wings": 2}, "record": {}}', "wings"),
        ('{"format": 1, "config": {"channels": 0}, "record": {}}', "channels must be at least 1"),
        ('{"format": 1, "config": {}}', "record"),
        ('{"format": 1, "config": {}, "record": 3}', "cannot read"),
    ],
)
def test_a_config_that_cannot_be_is_refused(tmp_path: Path, about: str, message: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"dscvsr": about})
    with pytest.raises(WeightsError, match=message):
        read_network(path)


def test_a_config_may_leave_out_what_has_a_default(tmp_path: Path) -> None:
    path = tmp_path / "short.safetensors"
    about = '{"format": 1, "config": {"channels": 8}, "record": {}}'
    save_file({"a": torch.zeros(1)}, path, metadata={"dscvsr": about})
    assert read_network(path)[1] == NetworkConfig(channels=8)


def test_ranges_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    ranges = {"a": (-0.5, 1.25), "b": (0.0, 3.0)}
    save_network({"a": torch.zeros(1)}, SMALLEST, path, record={}, ranges=ranges)
    assert read_ranges(path) == ranges
    save_network({"a": torch.zeros(1)}, SMALLEST, path, record={})
    assert read_ranges(path) == {}


@pytest.mark.parametrize(
    "ranges",
    [
        {"a": (0.5, 1.0)},
        {"a": (0.0, 0.0)},
        {"a": (float("nan"), 1.0)},
        {"a": (-1.0, float("inf"))},
        {"a": (1.0,)},
        {"a": "words"},
    ],
)
def test_ranges_that_cannot_be_are_refused(tmp_path: Path, ranges: dict[str, object]) -> None:
    path = tmp_path / "net.safetensors"
    save_network({"a": torch.zeros(1)}, SMALLEST, path, record={}, ranges=ranges)  # type: ignore[arg-type]
    with pytest.raises(WeightsError, match="eight-bit"):
        read_ranges(path)
