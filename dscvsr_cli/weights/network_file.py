"""Write and read weights: safetensors that hold the config to rebuild their network."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.models.rounding import Ranges

_METADATA_KEY = "dscvsr"
_FORMAT = 1
_LARGEST = 1e9
"""Above it no range is one that features have."""

_DTYPES = frozenset({"F16", "BF16", "F32", "F64"})
"""What safetensors calls the dtypes that weights may have."""
_HINT_OTHER_FILE = (
    "give a file that dscvsr trained or published; checkpoints of other programs, and pickled "
    ".pt or .pth files, are never loaded"
)


def save_network(
    state: Mapping[str, Tensor],
    config: NetworkConfig,
    path: Path,
    *,
    record: Mapping[str, str],
    ranges: Ranges | None = None,
) -> None:
    """Write a network's tensors with its config to ``path``, whole or not at all.

    Tensors keep their types. The same state, config and record give the same bytes.

    Args:
        state: ``network.state_dict()``, on any device.
        config: What rebuilds the network.
        path: The file to write; an older one of that name is replaced at the end.
        record: How the weights were trained, in words.
        ranges: Of the network's features, for eight-bit arithmetic, if it was calibrated.

    Raises:
        WeightsError: The file cannot be written.
    """
    tensors = {
        name: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in state.items()
    }
    # One key, because safetensors writes several in an order that changes from run to run.
    about = {"format": _FORMAT, "config": json.loads(config.to_json()), "record": dict(record)}
    if ranges:
        about["ranges"] = dict(ranges)
    data = save(tensors, metadata={_METADATA_KEY: json.dumps(about, sort_keys=True)})
    try:
        write_durably(path, data)
    except OSError as error:
        raise WeightsError(
            f"cannot write {path}: {error.strerror or error}",
            hint="check the folder's permissions and the free space",
        ) from error


def read_network(path: Path) -> tuple[dict[str, Tensor], NetworkConfig, dict[str, str]]:
    """Read a file of ``save_network`` -> its tensors on the CPU, its config and its record.

    Nothing is ever unpickled.

    Raises:
        WeightsError: The file is missing, is not safetensors, or holds no config of ours.
    """
    with _opened(path) as file:
        config, record = _read_metadata(path, file.metadata() or {})
        dtypes = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        _check_dtypes(path, dtypes)
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return state, config, record


def read_ranges(path: Path) -> Ranges:
    """Read the ranges of a network's features from its file; empty if it was never calibrated.

    Raises:
        WeightsError: As ``read_network``, or ranges that cannot be.
    """
    with _opened(path) as file:
        metadata = file.metadata() or {}
    try:
        about = json.loads(metadata.get(_METADATA_KEY, "{}"))
        ranges = {
            str(name): (float(low), float(high))
            for name, (low, high) in about.get("ranges", {}).items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _bad_ranges(path) from error
    if not all(low <= 0.0 <= high and 0.0 < high - low < _LARGEST for low, high in ranges.values()):
        raise _bad_ranges(path)
    return ranges


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a safetensors file, whose own types say nothing.

    Raises:
        WeightsError: It is missing, is not safetensors, or cannot be read.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        # A pipe, for example, would never give anything.
        raise WeightsError(f"{path} is not a plain file", hint=_HINT_OTHER_FILE)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            yield file
    except FileNotFoundError as error:
        raise WeightsError(
            f"no such weights file: {path}", hint="dscvsr weights list shows what there is"
        ) from error
    except SafetensorError as error:
        raise WeightsError(
            f"{path} is damaged or not a safetensors file ({error})", hint=_HINT_OTHER_FILE
        ) from error
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error}", hint=_HINT_OTHER_FILE) from error


def _bad_ranges(path: Path) -> WeightsError:
    return WeightsError(
        f"{path} holds ranges for eight-bit arithmetic that cannot be",
        hint="calibrate it again: dscvsr weights calibrate",
    )


def _check_dtypes(path: Path, dtypes: Collection[str]) -> None:
    odd = sorted(set(dtypes) - _DTYPES)
    if odd:
        raise WeightsError(
            f"{path} holds tensors of {', '.join(odd)}, which no network here computes with",
            hint=f"the weights must be one of {', '.join(sorted(_DTYPES))}",
        )


def _read_metadata(path: Path, metadata: Mapping[str, str]) -> tuple[NetworkConfig, dict[str, str]]:
    if _METADATA_KEY not in metadata:
        raise WeightsError(f"{path} holds no dscvsr network config", hint=_HINT_OTHER_FILE)
    try:
        about = json.loads(metadata[_METADATA_KEY])
        if about["format"] != _FORMAT:
            raise WeightsError(
                f"{path} has format {about['format']}, and this dscvsr reads format {_FORMAT}",
                hint="update dscvsr",
            )
        config = NetworkConfig.from_values(about["config"])
        record = {str(key): str(value) for key, value in about["record"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WeightsError(
            f"{path} holds a network config that this dscvsr cannot read ({error})",
            hint="update dscvsr, or give another file",
        ) from error
    return config, record
