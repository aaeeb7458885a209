"""Devices: what a network can run on here, and how fast it is there."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

import torch

from dscvsr_cli.engine.device import choose_dtype
from dscvsr_cli.engine.memory import free_memory_bytes
from dscvsr_cli.engine.stream import one_scene, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.frames import numbered
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.pipelines.machine import machine
from dscvsr_cli.runtimes.choose import (
    Runtime,
    RuntimeName,
    choose_runtime,
    choose_runtime_dtype,
    open_runtime,
    weights_dtype,
)
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.load import load_network
from dscvsr_cli.weights.locate import locate_weights

REFERENCE = Size(180, 320)
"""The input that speeds are given for; the output is twice as large."""

RUNTIMES: Final[tuple[Runtime, ...]] = get_args(Runtime)

_SCALE = 2.0
_MEASURED = Size(90, 160)
"""What is really run, a quarter of the reference: a slow processor needs seconds, too."""

_FRAMES = 4
_SECONDS = 1.0
"""Time after which a measurement is good enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReport:
    """One device."""

    device: str
    """What ``--device`` takes."""
    name: str
    """What the device is."""
    free_memory_bytes: int
    dtype: str
    """What ``--dtype auto`` means there."""
    runtimes: tuple[str, ...]
    """What can execute a network there, the one that ``--runtime auto`` takes first."""
    weights: str | None
    """What was measured; None if nothing was."""
    frames_per_second: float | None
    """Frames of ``REFERENCE`` to twice its size, in memory; None if nothing was measured."""
    problem: str
    """Why it could not be measured, or an empty string."""


def present_devices() -> Iterator[torch.device]:
    """Yield the devices of this machine, the one that "auto" takes first."""
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        yield torch.device("cuda", index)
    if torch.backends.mps.is_available():
        yield torch.device("mps")
    if torch.xpu.is_available():
        yield torch.device("xpu")
    yield torch.device("cpu")


def describe_devices(weights: str | None = None, *, measure: bool = True) -> Iterator[DeviceReport]:
    """Yield every device of this machine, measured one after another.

    Args:
        weights: What to measure with, as for ``--weights``.
        measure: Whether to run the network.

    Raises:
        WeightsError: The weights are missing or damaged.
    """
    for device in present_devices():
        dtype = choose_dtype("auto", device)
        usual = choose_runtime("auto", device=device, dtype=dtype)
        others: list[RuntimeName] = [name for name in RUNTIMES if name != usual]
        name, rate, problem = None, None, ""
        if measure:
            name = locate_weights(weights, kind=device_kind(device.type)).name
            try:
                rate = _measure(weights, device, dtype, usual)
            except (DscvsrError, RuntimeError) as error:
                problem = str(error).partition("\n")[0]
        yield DeviceReport(
            device=str(device),
            name=machine(device),
            free_memory_bytes=free_memory_bytes(device),
            dtype=str(dtype).removeprefix("torch."),
            runtimes=(usual, *(name for name in others if _runs(name, device))),
            weights=name,
            frames_per_second=rate,
            problem=problem,
        )


def _runs(name: RuntimeName, device: torch.device) -> bool:
    dtype = choose_runtime_dtype(name, "auto", device)
    try:
        choose_runtime(name, device=device, dtype=dtype)
    except DscvsrError:
        return False
    return True


def _measure(
    weights: str | None, device: torch.device, dtype: torch.dtype, runtime: Runtime
) -> float:
    """Return frames of the reference per second, on noise that stays in memory."""
    held = load_network(weights, device=device, dtype=weights_dtype(runtime, dtype)).network
    network = open_runtime(runtime, held, dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    # Every frame differs: equal ones would go through the network once.
    clip = torch.rand((_FRAMES, 3, _MEASURED.height, _MEASURED.width), generator=generator)
    frames = list(numbered(clip))
    plan = StreamPlan(window=_FRAMES, look_ahead=0)
    size = output_size(_MEASURED, scale=_SCALE)

    def run() -> None:
        for _ in upscale_stream(
            frames, network, size=size, plan=plan, device=device, mark_scenes=one_scene
        ):
            pass

    run()
    started, made = time.monotonic(), 0
    while made == 0 or time.monotonic() - started < _SECONDS:
        run()
        made += _FRAMES
    share = _MEASURED.height * _MEASURED.width / (REFERENCE.height * REFERENCE.width)
    return made / (time.monotonic() - started) * share
