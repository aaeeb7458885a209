"""A network as a method of the benchmark: run just as `upscale` runs it on a video."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.cost import multiply_adds_per_pixel
from dscvsr_cli.benchmarking.methods import Method, MethodInfo, Upscaler
from dscvsr_cli.engine.device import DtypeName
from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.memory import memory_budget_bytes, peak_memory_bytes
from dscvsr_cli.engine.self_ensemble import ensemble_of
from dscvsr_cli.engine.steady import Steadying
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, plan_stream
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.runtimes.choose import (
    RuntimeName,
    choose_execution,
    open_runtime,
    runtime_cost,
    weights_dtype,
)
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.load import load_network


def network_method(
    spec: str | None,
    *,
    device: torch.device,
    dtype_name: DtypeName = "auto",
    runtime_name: RuntimeName = "torch",
    ensemble: int = 1,
    steady: bool = False,
    least_step: float = 0.0,
    memory_bytes: int | None = None,
    show_progress: bool = False,
) -> Method:
    """Load weights as a method, with the choices that `upscale` would make.

    Args:
        spec: A catalog name, a file, or a file on the Hub; None means the default.
        device: Where it runs.
        dtype_name: The network's dtype; "auto" suits the device.
        runtime_name: What executes the network.
        ensemble: Mirrored copies whose results are averaged; the method is then called ``name+N``,
            as others add a plus.
        steady: Whether frames are averaged along the motion.
        least_step: Quantiser step that every frame is then taken to have at least.
        memory_bytes: Memory that a plan may use; None measures what is free.
        show_progress: Show a bar while something is fetched.

    Raises:
        UsageError: Not the name of a dtype, or a runtime that does not run there.
        WeightsError: The weights are missing or damaged.
    """
    execution = choose_execution(
        runtime_name,
        dtype_name,
        device=device,
        calibrated=lambda: bool(load_network(spec, device=device).network.ranges),
    )
    runtime, dtype = execution.runtime, execution.dtype
    held = weights_dtype(runtime, dtype)
    loaded = load_network(spec, device=device, dtype=held, show_progress=show_progress)
    cost = runtime_cost(network_cost(loaded.config, held), runtime, device).with_copies(ensemble)
    return Method(
        info=MethodInfo(
            name=loaded.name if ensemble == 1 else f"{loaded.name}+{ensemble}",
            parameters=sum(weight.numel() for weight in loaded.network.parameters()),
            device=str(device),
            dtype=str(dtype).removeprefix("torch."),
            runtime=runtime,
            sha256=file_sha256(loaded.path),
        ),
        upscale=network_upscaler(
            ensemble_of(open_runtime(runtime, loaded.network, dtype=dtype), ensemble),
            device=device,
            cost=cost.with_steadying() if steady else cost,
            steadying=Steadying(loaded.network.motion, least_step) if steady else None,
            memory_bytes=memory_bytes,
            float32_network=None
            if dtype == torch.float32
            else lambda: ensemble_of(load_network(spec, device=device).network, ensemble),
        ),
        multiply_adds=lambda scale: ensemble * multiply_adds_per_pixel(loaded.config, scale),
        peak_memory=lambda: peak_memory_bytes(device),
        reset_memory=lambda: _reset_peak_memory(device),
    )


def _reset_peak_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def network_upscaler(
    network: FrameNetwork,
    *,
    device: torch.device,
    cost: NetworkCost | None = None,
    plan: StreamPlan | None = None,
    memory_bytes: int | None = None,
    float32_network: Callable[[], FrameNetwork] | None = None,
    steadying: Steadying | None = None,
) -> Upscaler:
    """Return an upscaler that sends frames through the engine, scene detection included.

    Args:
        network: In evaluation mode on ``device``.
        device: Where the network's weights are.
        cost: What the network needs; the sizes of the pieces follow from it and the free memory.
        plan: Sizes of the pieces, if ``cost`` is not given.
        memory_bytes: Memory that a plan may use; None measures what is free.
        float32_network: Builds the network in float32, if its dtype is another.
        steadying: How frames are averaged along the motion; None averages none.
    """

    def upscale(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        lows = iter(frames)
        first = next(lows, None)
        if first is None:
            return
        chosen = plan or StreamPlan()
        if cost is not None:
            budget = memory_budget_bytes(device, memory_bytes=memory_bytes)
            source = Size(*first.pixels.shape[-2:])
            chosen = plan_stream(source, size, cost, budget_bytes=budget)
        for frame in upscale_stream(
            chain([first], lows),
            network,
            size=size,
            plan=chosen,
            device=device,
            float32_network=float32_network,
            steadying=steadying,
        ):
            yield frame.pixels

    return upscale
