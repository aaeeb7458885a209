"""State files: the network's state after a segment, from which another run can continue."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from dscvsr_cli.durable import write_durably
from dscvsr_cli.engine.hold import Shown
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DamagedWorkError

_KEY = "dscvsr-state"


def save_state(state: StreamState, path: Path) -> None:
    """Write a state durably.

    Raises:
        OSError: It cannot be written.
    """
    tensors = {
        name: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in (
            ("features", state.features),
            ("frame", state.frame),
            ("shown.frame", state.shown.frame),
            ("shown.picture", state.shown.picture),
        )
    }
    about = {
        "made": state.made,
        "position": state.position,
        "pictures": state.pictures,
        "is_float32": state.is_float32,
        "plan": asdict(state.plan),
        "quantiser_step": state.shown.quantiser_step,
    }
    write_durably(path, save(tensors, metadata={_KEY: json.dumps(about)}))


def load_state(path: Path) -> StreamState:
    """Read a state, its tensors on the CPU.

    Raises:
        DamagedWorkError: It is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            about = json.loads((file.metadata() or {})[_KEY])
            return StreamState(
                made=about["made"],
                position=about["position"],
                pictures=about["pictures"],
                features=file.get_tensor("features"),
                frame=file.get_tensor("frame"),
                shown=Shown(
                    frame=file.get_tensor("shown.frame"),
                    picture=file.get_tensor("shown.picture"),
                    quantiser_step=about.get("quantiser_step"),
                ),
                is_float32=about["is_float32"],
                plan=StreamPlan(**about["plan"]),
            )
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        raise DamagedWorkError(f"{path} is missing or damaged") from error
