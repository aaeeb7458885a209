"""Public BasicVSR checkpoints -> our residual network, ready to become an arbitrary-scale teacher.

BasicVSR (Chan et al., CVPR 2021; weights under Apache-2.0) has the skeleton this program builds on:
flow, two recurrent passes and their fusion carry over, with features amplified to our usual size.
Its x4 upsampler does not; the converted network gets a fresh Meta-Upscale head, which must be
trained before it can teach pictures. Motion and features can teach at once.
"""

import pickle
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig

_NESTINGS: Final = ("params_ema", "params", "state_dict")
"""Names under which training programs store the weights beside other things."""

FEATURE_GAIN: Final = 12.0
"""What the converted network's features are multiplied by. BasicVSR's have a deviation of
about 0.08; a student learns features of about 1, the size it starts with, much sooner."""

_HEAD_HIDDEN: Final = 64
"""Hidden units of the Meta-Upscale head, which starts from random weights."""

_HINT: Final = "give BasicVSR_*.pth as BasicSR or MMagic publish it"


def read_pickled_weights(path: Path) -> dict[str, Tensor]:
    """Read a ``.pth`` of tensors; nothing in it is ever executed.

    Raises:
        WeightsError: The file is missing, damaged, or holds anything but tensors.
    """
    try:
        with warnings.catch_warnings():
            # torch talks at length about files of its early releases, which many of these are.
            warnings.simplefilter("ignore")
            values: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"no such weights file: {path}", hint=_HINT) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        # torch's further lines advise to unpickle the file all the same.
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"cannot read {path}: {reason}", hint=_HINT) from error
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds more than tensors and is not loaded, because it could run programs",
            hint="ask its author for safetensors",
        ) from error
    for nesting in _NESTINGS:
        if isinstance(values, dict) and isinstance(values.get(nesting), dict):
            values = values[nesting]
    if not isinstance(values, dict) or not all(isinstance(v, Tensor) for v in values.values()):
        raise WeightsError(f"{path} is not a table of tensors", hint=_HINT)
    return {str(name).removeprefix("generator."): tensor for name, tensor in values.items()}


def convert_basicvsr(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], NetworkConfig]:
    """Return BasicVSR's weights in our names, with the config of the network they fit.

    Args:
        weights: As BasicSR or MMagic name them.

    Raises:
        WeightsError: They are not BasicVSR's.
    """
    found = _amplify(dict(_renamed(weights)))
    trunk = [name for name in found if name.startswith("forward_pass.extraction.blocks.")]
    try:
        channels = found["fusion.weight"].shape[0]
        levels = 1 + max(int(name.split(".")[2]) for name in found if name.startswith("motion."))
        config = NetworkConfig(
            block="residual",
            channels=channels,
            blocks=1 + max(int(name.split(".")[3]) for name in trunk),
            filling_blocks=0,
            motion_levels=levels,
            head_hidden=_HEAD_HIDDEN,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = RecurrentNetwork(config)
        fresh = {k for k in network.state_dict() if k.startswith(("head.", "refinement."))}
        state = network.state_dict() | found
        network.load_state_dict(state)
        if missing := set(network.state_dict()) - fresh - set(found):
            raise WeightsError(f"BasicVSR's {min(missing)} is missing", hint=_HINT)
    except (KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"these are not weights of BasicVSR ({error})", hint=_HINT) from error
    return state, config


def _renamed(weights: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in weights.items():
        parts = name.split(".")
        kind = parts[-1]
        if parts[0] == "spynet" and parts[1] == "basic_module":
            # MMagic wraps every convolution, so that its number is half as large.
            number = 2 * int(parts[4]) if parts[-2] == "conv" else int(parts[4])
            yield f"motion.levels.{parts[2]}.{number}.{kind}", tensor
        elif parts[0].endswith(("ward_trunk", "ward_resblocks")):
            side = f"{parts[0].split('_')[0]}_pass.extraction"
            if parts[2] == "0":
                yield f"{side}.shallow.{kind}", _state_first(tensor)
            else:
                half = {"conv1": "first", "conv2": "second"}[parts[4]]
                yield f"{side}.blocks.{parts[3]}.{half}.{kind}", tensor
        elif parts[0] == "fusion":
            yield name, tensor


def _state_first(tensor: Tensor) -> Tensor:
    """Our first convolution sees the state before the frame, BasicVSR's the frame first."""
    return torch.cat((tensor[:, 3:], tensor[:, :3]), dim=1) if tensor.ndim == 4 else tensor


def _amplify(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights that make ``FEATURE_GAIN`` times the features, and the same of them.

    ReLUs let any positive factor through, so it only has to enter where a pass sees the frame, with
    every bias, and to leave where the passes are fused.
    """
    amplified = dict(found)
    for name, tensor in found.items():
        if "_pass." in name and name.endswith(".bias"):
            amplified[name] = tensor * FEATURE_GAIN
        elif name.endswith("extraction.shallow.weight"):
            state, frame = torch.split(tensor, [tensor.shape[1] - 3, 3], dim=1)
            amplified[name] = torch.cat((state, frame * FEATURE_GAIN), dim=1)
        elif name == "fusion.weight":
            amplified[name] = tensor / FEATURE_GAIN
    return amplified
