"""Choose the runtime: what executes the network on the chosen device."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Final, Literal, get_args

import torch

from dscvsr_cli.engine.device import DtypeName, choose_dtype
from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.stream_plan import MOST_PICTURES, NetworkCost
from dscvsr_cli.engine.transfer import copies_beside
from dscvsr_cli.errors import DeviceError, UsageError
from dscvsr_cli.extras import install_command
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.runtimes.compiler import missing_for_compiling
from dscvsr_cli.runtimes.openvino_devices import Processor, dtypes_of, processors_here

_log = logging.getLogger(__name__)

RuntimeName = Literal["auto", "torch", "openvino", "openvino-gpu", "openvino-npu", "compiled"]
"""How a person names a runtime."""

Runtime = Literal["torch", "openvino", "openvino-gpu", "openvino-npu", "compiled"]

_OPENVINO: Final[dict[str, Processor]] = {
    "openvino": "CPU",
    "openvino-gpu": "GPU",
    "openvino-npu": "NPU",
}
"""The runtimes that are OpenVINO's, and what each runs on; tensors stay on the CPU."""

AUTO_VARIABLE = "DSCVSR_RUNTIME"
"""Environment variable that says what "auto" means; unset or "auto" chooses by the device."""


_OPENVINO_PIXELS = 10_000_000
"""Input pixels of a job in float32 from which OpenVINO repays converting and compiling.

The start keeps one or two cores busy and the network all of them, so the more cores there are, the
later it is repaid: after about a million pixels for every core, which is this number for ten.
docs/notes/speed.md has the figures.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What executes a network, and what it computes in."""

    runtime: Runtime
    dtype: torch.dtype


def choose_execution(
    runtime: RuntimeName,
    dtype: DtypeName,
    *,
    device: torch.device,
    pixels: int | None = None,
    calibrated: Callable[[], bool],
) -> Execution:
    """Return what two names mean together for a job on ``device``.

    They mean what ``choose_runtime_dtype`` and ``choose_runtime`` say, with one exception: if
    nobody named a dtype, OpenVINO computes on processors in int8, provided that the weights are
    calibrated. No dtype is faster there, and the frames are as good (docs/notes/speed.md).

    Args:
        runtime: What a person asked for.
        dtype: The same.
        device: Where the network runs.
        pixels: Of all input frames of the job together; None if unknown, which counts as few.
        calibrated: Tells whether the weights are; asked only if it matters.

    Raises:
        UsageError: Not the name of a dtype, or a runtime that is not installed or does not run
            there.
        DeviceError: It needs an Intel GPU or NPU, and OpenVINO finds none.
    """
    found = choose_runtime_dtype(runtime, dtype, device)
    executor = choose_runtime(runtime, device=device, dtype=found, pixels=pixels)
    if dtype == "auto" and executor == "openvino" and calibrated():
        found = torch.int8
    return Execution(runtime=executor, dtype=found)


def choose_runtime_dtype(
    runtime: RuntimeName, dtype: DtypeName, device: torch.device
) -> torch.dtype:
    """Return the dtype that ``dtype`` means: "auto" suits what will compute.

    That is the device, or the Intel GPU or NPU that a runtime brings.

    Raises:
        UsageError: Not the name of a dtype.
    """
    processor = _OPENVINO.get(preferred_runtime(runtime), "CPU")
    if dtype == "auto" and processor != "CPU":
        return dtypes_of(processor)[0]
    return choose_dtype(dtype, device)


def runs_on_torch_device(runtime: Runtime) -> bool:
    """Return whether the network runs on the device that holds its tensors.

    On an Intel GPU or NPU it does not, so what torch takes says nothing of it.
    """
    return _OPENVINO.get(runtime, "CPU") == "CPU"


def choose_runtime(
    name: RuntimeName, *, device: torch.device, dtype: torch.dtype, pixels: int | None = None
) -> Runtime:
    """Return the runtime that ``name`` means for a job on ``device`` in ``dtype``.

    "auto" takes OpenVINO if it is installed, on processors, in float32, for jobs that are long
    enough, and always in int8, which torch does not compute in; everywhere else torch. A processor
    with native bfloat16 runs torch in little more than OpenVINO's time, in less memory and without
    a start.

    Args:
        name: What a person asked for.
        device: Where the network runs.
        dtype: What it computes in, from ``choose_runtime_dtype``.
        pixels: Of all input frames of the job together; None if unknown, which counts as few.

    Raises:
        UsageError: The runtime is not installed, or does not run there.
        DeviceError: It needs an Intel GPU or NPU, and OpenVINO finds none.
    """
    if dtype == torch.int8:
        name = _runtime_for_int8(name, device)
    name = preferred_runtime(name)
    if name == "compiled":
        _check_compiler(device)
        return name
    suits = device.type == "cpu" and dtype in dtypes_of(_OPENVINO.get(name, "CPU"))
    if name == "auto":
        repaid = openvino_pays(device, dtype, pixels)
        return "openvino" if repaid and is_openvino_installed() else "torch"
    if name == "torch":
        return "torch"
    if not suits:
        raise UsageError(
            f"the runtime {name} does not run on {device.type} in {_name(dtype)}",
            hint="use --device cpu with --dtype "
            f"{' or '.join(map(_name, dtypes_of(_OPENVINO[name])))}, or --runtime torch",
        )
    if not is_openvino_installed():
        raise UsageError(
            "the runtime openvino is not installed",
            hint=f"use --runtime torch, or run: {install_command('openvino')}",
        )
    _check_processor(_OPENVINO[name])
    return name


def openvino_pays(device: torch.device, dtype: torch.dtype, pixels: int | None) -> bool:
    """Return whether a job is one that "auto" gives to OpenVINO where it is installed.

    Args:
        device: Where the network runs.
        dtype: What torch would compute in.
        pixels: Of all input frames of the job together; None if unknown, which counts as few.
    """
    return device.type == "cpu" and dtype == torch.float32 and (pixels or 0) >= _OPENVINO_PIXELS


def _runtime_for_int8(name: RuntimeName, device: torch.device) -> RuntimeName:
    if name in ("torch", "compiled") or device.type != "cpu":
        raise UsageError(
            f"the runtime {name} does not compute in int8 on {device.type}",
            hint="OpenVINO does, on processors: use --device cpu --runtime openvino; or choose "
            "another --dtype",
        )
    return "openvino" if name == "auto" else name


def _check_processor(processor: Processor) -> None:
    if processor != "CPU" and processor not in processors_here():
        kind = "GPU" if processor == "GPU" else "neural processor (NPU)"
        raise DeviceError(
            f"OpenVINO finds no Intel {kind} on this machine",
            hint=f"install Intel's {processor} driver, or use --runtime openvino or torch",
        )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def runtimes_to_compare(
    name: RuntimeName, *, device: torch.device, dtype: DtypeName = "auto"
) -> tuple[Runtime, ...]:
    """Return the runtimes worth timing on ``device``: the named one, or for "auto" all there are.

    If the environment says what "auto" means, only that one; in int8 only the one that computes in
    it.
    """
    if dtype == "int8" and name == "auto":
        return ("openvino",)
    name = preferred_runtime(name)
    if name != "auto":
        return (name,)
    both = device.type == "cpu" and is_openvino_installed()
    return ("torch", "openvino") if both else ("torch",)


def preferred_runtime(name: RuntimeName) -> RuntimeName:
    """Return ``name``, or what the environment says that "auto" means: "auto" again if nothing."""
    preferred = os.environ.get(AUTO_VARIABLE)
    if name != "auto":
        return name
    return next((one for one in get_args(RuntimeName) if one == preferred), "auto")


def _check_compiler(device: torch.device) -> None:
    """Refuse to compile if nothing would come of it."""
    if device.type not in ("cpu", "cuda"):
        raise UsageError(
            f"the runtime compiled does not run on {device.type}",
            hint="use --device cuda or cpu, or --runtime torch",
        )
    missing = missing_for_compiling(device)
    # On CUDA captured graphs are left.
    if missing is not None and device.type == "cpu":
        raise UsageError(
            f"the runtime compiled needs {missing}, and there is none",
            hint="install it (CXX names another compiler), or use --runtime torch",
        )


def is_openvino_installed() -> bool:
    """Return whether OpenVINO can be imported, without importing it."""
    return find_spec("openvino") is not None


def open_runtime(
    runtime: Runtime, network: RecurrentNetwork, *, dtype: torch.dtype
) -> FrameNetwork:
    """Return ``network`` as the runtime executes it.

    Args:
        runtime: From ``choose_runtime``.
        network: In ``weights_dtype(runtime, dtype)``, on the device.
        dtype: What the network computes in.
    """
    if runtime in _OPENVINO:
        from dscvsr_cli.runtimes.openvino_network import OpenVinoNetwork  # noqa: PLC0415

        return OpenVinoNetwork(network, dtype=dtype, processor=_OPENVINO[runtime])
    # torch's stubs leave out this form of to().
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return _compile(network) if runtime == "compiled" else network


def must_convert(runtime: Runtime, network: FrameNetwork, frame: Size) -> bool:
    """Return whether a runtime converts a network before its first frame, which takes a while.

    Args:
        runtime: From ``choose_runtime``.
        network: From ``open_runtime``.
        frame: Size of what it is given, of a tile if there are tiles.
    """
    if runtime not in _OPENVINO:
        return False
    from dscvsr_cli.runtimes.openvino_network import OpenVinoNetwork  # noqa: PLC0415

    return isinstance(network, OpenVinoNetwork) and not network.is_converted(frame)


def _compile(network: RecurrentNetwork) -> FrameNetwork:
    from dscvsr_cli.runtimes.captured_network import CapturedNetwork  # noqa: PLC0415
    from dscvsr_cli.runtimes.compiled_passes import with_compiled_passes  # noqa: PLC0415
    from dscvsr_cli.runtimes.kept_filters import KeptFilters  # noqa: PLC0415
    from dscvsr_cli.runtimes.shared_twin import shared_twin  # noqa: PLC0415

    device = network.fusion.weight.device
    if device.type != "cuda":
        return with_compiled_passes(network)
    missing = missing_for_compiling(device)
    if missing is None:
        twin = with_compiled_passes(network)
    else:
        _log.warning("%s is not installed: steps are captured as graphs, but not compiled", missing)
        twin = shared_twin(network)
    twin.head = KeptFilters(network.head, network.config)
    return CapturedNetwork(twin, device=device)


def runtime_cost(cost: NetworkCost, runtime: Runtime, device: torch.device) -> NetworkCost:
    """Return what a network needs in memory as ``runtime`` executes it on ``device``.

    Args:
        cost: What it needs in torch.
        runtime: From ``choose_runtime``.
        device: Where it runs.
    """
    if copies_beside(device):
        # The pictures of the step before may still be on their way to main memory.
        cost = replace(cost, kept_pictures=MOST_PICTURES)
    if runtime in _OPENVINO:
        # It keeps the working memory of each graph; of a pass they are three, and each needs less
        # than torch does.
        return cost.with_workspaces(3)
    if runtime == "compiled" and device.type == "cuda":
        # The graphs share one working memory, which nothing else can use. Beside it every shape has
        # a state, what became of it, and two frames in float32, and enlarging has as much again.
        # One picture is the graph's output, and three are on their way to it.
        frames = 2 * 3 * 4 // cost.element_bytes
        buffers = 2 * (2 * cost.feature_channels + frames)
        return replace(
            cost,
            kept_channels=cost.workspace_channels + buffers,
            kept_pictures=cost.kept_pictures + 4,
        )
    return cost


def weights_dtype(runtime: Runtime, dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of the weights to load: OpenVINO takes float32 and converts it itself."""
    return torch.float32 if runtime in _OPENVINO else dtype
