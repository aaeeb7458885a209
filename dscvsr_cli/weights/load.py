"""Load weights into a network that is ready to run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor, nn

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.typed_values import takes_typed
from dscvsr_cli.weights.catalog import Catalog, WeightsEntry, device_kind
from dscvsr_cli.weights.locate import locate_weights
from dscvsr_cli.weights.network_file import read_network, read_ranges

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNetwork:
    """A network in evaluation mode, and where it came from."""

    network: RecurrentNetwork
    """On the wanted device and in the wanted type, without gradients."""

    name: str
    """The catalog name, the Hub address, or the file's name without its ending."""

    config: NetworkConfig
    """What the network was built from."""

    record: Mapping[str, str]
    """How the weights were trained, according to the file."""

    path: Path
    """The file that was read."""

    entry: WeightsEntry | None = None
    """Its entry in the catalog; None for other files."""


@takes_typed
def load_network(
    spec: str | PathLike[str] | None = None,
    *,
    device: torch.device | str,
    dtype: torch.dtype = torch.float32,
    catalog: Catalog | None = None,
    show_progress: bool = False,
    cache_dir: Path | None = None,
) -> LoadedNetwork:
    """Return a network in evaluation mode on ``device``, with its weights in ``dtype``.

    Args:
        spec: A catalog name, the path of a file, or ``OWNER/REPO/FILE[@REVISION]`` on the Hub;
            None means the catalog's default for such a device.
        device: Where to run the network: a device, or "auto", "cpu", "cuda:0".
        dtype: Floating point type of its parameters.
        catalog: Another catalog than this installation's.
        show_progress: Show a bar while something is fetched.
        cache_dir: Another cache folder than huggingface_hub's usual one.

    Raises:
        WeightsError: Nothing of that name, nothing fetched, or a file that is damaged or fits no
            network of ours.
        UsageError: Not the name of a device.
        DeviceError: This machine has no such device.
        TypeError: An argument of another type.
    """
    device = choose_device(device) if isinstance(device, str) else device
    located = locate_weights(
        None if spec is None else os.fspath(spec),
        kind=device_kind(device.type),
        catalog=catalog,
        show_progress=show_progress,
        cache_dir=cache_dir,
    )
    state, config, record = read_network(located.path)
    network = build_network(state, config, located.path)
    network.ranges = read_ranges(located.path)
    network.eval().requires_grad_(requires_grad=False).to(device=device, dtype=dtype)
    return LoadedNetwork(
        network=network,
        name=located.name,
        config=config,
        record=record,
        path=located.path,
        entry=located.entry,
    )


def build_network(
    state: Mapping[str, Tensor], config: NetworkConfig, path: Path
) -> RecurrentNetwork:
    """Return the network of a weights file on the CPU, which takes no more memory than the file.

    Args:
        state: The file's tensors.
        config: The file's config; it is compared with the tensors before anything is built from it.
        path: The file, for messages.

    Raises:
        WeightsError: Config and tensors do not fit each other.
    """
    if least_tensors(config) > len(state):
        raise WeightsError(
            f"{path} does not fit the network its own config describes: it has {len(state)} "
            f"tensors, and the network at least {least_tensors(config)}",
            hint="the file is damaged or comes from another version of dscvsr; give another one",
        )
    with torch.device("meta"):
        # Names and shapes without memory.
        outline = RecurrentNetwork(config)
    check_fit(outline, state, path)
    network = RecurrentNetwork(config)
    network.load_state_dict(state, strict=True)
    return network


def least_tensors(config: NetworkConfig) -> int:
    """Return a number of tensors that the network of a config cannot have fewer than."""
    layers = 1 if config.block == "residual" else config.layers
    return (
        2 * config.blocks * layers
        + config.filling_blocks
        + config.motion_levels * (len(config.motion_channels) + 1)
    )


def check_fit(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Check that tensors have exactly the names and shapes that a network needs.

    Raises:
        WeightsError: Some are missing, too many, of another shape, or not numbers.
    """
    expected = network.state_dict()
    missing = sorted(expected.keys() - state.keys())
    surplus = sorted(state.keys() - expected.keys())
    reshaped = [
        f"{name} is {tuple(state[name].shape)} instead of {tuple(expected[name].shape)}"
        for name in sorted(expected.keys() & state.keys())
        if state[name].shape != expected[name].shape
    ]
    broken = [
        name
        for name in sorted(expected.keys() & state.keys())
        if not bool(torch.isfinite(state[name]).all())
    ]
    complaints = [
        f"{text} {_few(names)}"
        for text, names in (
            ("it lacks", missing),
            ("it has besides", surplus),
            ("in it", reshaped),
            ("not finite:", broken),
        )
        if names
    ]
    if complaints:
        raise WeightsError(
            f"{path} does not fit the network its own config describes: {'; '.join(complaints)}",
            hint="the file is damaged or comes from another version of dscvsr; give another one",
        )


def _few(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
