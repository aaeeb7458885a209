"""Write and read weights: safetensors that hold the config to rebuild their network."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network_config import NetworkConfig

_METADATA_KEY = "dscvsr"
_FORMAT = 1
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
) -> None:
    """Write a network's tensors with its config to ``path``, whole or not at all.

    Tensors keep their types. The same state, config and record give the same bytes.

    Args:
        state: ``network.state_dict()``, on any device.
        config: What rebuilds the network.
        path: The file to write; an older one of that name is replaced at the end.
        record: How the weights were trained, in words.

    Raises:
        WeightsError: The file cannot be written.
    """
    tensors = {
        name: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in state.items()
    }
    # One key, because safetensors writes several in an order that changes from run to run.
    about = {"format": _FORMAT, "config": json.loads(config.to_json()), "record": dict(record)}
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
    if path.exists() and not (path.is_file() or path.is_dir()):
        # A pipe, for example, would never give anything.
        raise WeightsError(f"{path} is not a plain file", hint=_HINT_OTHER_FILE)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            config, record = _read_metadata(path, metadata)
            dtypes = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            _check_dtypes(path, dtypes)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
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
    return state, config, record


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
