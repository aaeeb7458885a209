"""NetworkPlan: what computes the frames of a job, and how many at once fit into memory."""

from dataclasses import dataclass, replace
from typing import Final, Protocol

import torch

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.memory import memory_budget_bytes
from dscvsr_cli.engine.scene_budget import SceneBudget, budget_scenes, memory_of_scenes
from dscvsr_cli.engine.self_ensemble import ensemble_of
from dscvsr_cli.engine.steady import Steadying, least_step_if
from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, plan_stream
from dscvsr_cli.errors import DeviceError, refusals_about
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.runtimes.choose import (
    Runtime,
    choose_execution,
    must_convert,
    open_runtime,
    runtime_cost,
    weights_dtype,
)
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.lossy import varies_between_frames
from dscvsr_cli.video.read.expected_frames import expected_frames
from dscvsr_cli.weights.load import LoadedNetwork

FIRST_WINDOW = 8
"""Frames of the first window on processors. With the 8 that warm it up, it takes two sevenths of
the time of a usual one."""


class NetworkLoader(Protocol):
    """The part of ``load_network`` that is used here."""

    def __call__(
        self, spec: str | None = None, *, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> LoadedNetwork:
        """Return a network in evaluation mode on ``device``, with its weights in ``dtype``."""
        ...


_MOST_SCENES: Final = 1000
"""Scenes at once beyond which nobody has the processors; each number is tried for its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """The network of a job, on its device, with its windows, tiles and scenes."""

    device: torch.device
    dtype: torch.dtype
    """What it computes in."""
    runtime: Runtime
    """What executes it."""
    loaded: LoadedNetwork
    executed: FrameNetwork
    """``loaded.network`` as the runtime executes it."""
    converted_first: bool
    """Whether the runtime converts it before the first frame, which takes a while."""
    stream_plan: StreamPlan
    steadying: Steadying | None
    """How its pictures are averaged along the motion, if they are."""
    scenes: SceneBudget
    memory_bytes: int
    """What the network, and frames that wait, may take at most, as estimated."""
    clip_memory_bytes: int
    """The same for as many frames as the input says it has, which may be wrong."""

    def clip_plan(self, frames: int | None) -> StreamPlan:
        """Return what of the plan's windows so many frames fill; None fills them."""
        return _filled(self.stream_plan, frames)


def plan_network(
    job: UpscaleJob, source: VideoInfo, size: Size, load: NetworkLoader
) -> NetworkPlan:
    """Choose device, dtype and runtime, load the network, and plan with the memory there is.

    Args:
        job: What is asked for.
        source: The probed input.
        size: Size of an enlarged frame.
        load: Loads the network.

    Raises:
        UsageError: Options that cannot work together.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
    """
    small = Size(source.height, source.width)
    with refusals_about("device"):
        device = choose_device(job.device)
    frames = expected_frames(source, job.reading.span)
    pixels = None if frames is None else frames * small.height * small.width
    with refusals_about("runtime", "dtype"):
        execution = choose_execution(
            job.runtime,
            job.dtype,
            device=device,
            pixels=pixels,
            calibrated=lambda: bool(load(job.weights, device=device).network.ranges),
        )
    runtime, dtype = execution.runtime, execution.dtype
    held = weights_dtype(runtime, dtype)
    with refusals_about("weights"):
        loaded = load(job.weights, device=device, dtype=held)
    single = runtime_cost(network_cost(loaded.config, held), runtime, device)
    cost = single.with_copies(job.ensemble)
    steadied = varies_between_frames(source.codec) if job.steady is None else job.steady
    if steadied:
        cost = cost.with_steadying()
    budget_bytes = memory_budget_bytes(device, memory_bytes=job.memory_bytes)
    stream_plan = _plan_in_memory(job, source, size, cost, device=device, budget_bytes=budget_bytes)
    wanted = min(job.scenes_at_once, _MOST_SCENES)
    scenes = budget_scenes(stream_plan, small, size, cost, budget_bytes=budget_bytes, wanted=wanted)
    opened = open_runtime(runtime, loaded.network, dtype=dtype)
    return NetworkPlan(
        device=device,
        dtype=dtype,
        runtime=runtime,
        loaded=loaded,
        executed=ensemble_of(opened, job.ensemble),
        converted_first=must_convert(runtime, opened, stream_plan.largest_tile(small)),
        stream_plan=stream_plan,
        steadying=Steadying(loaded.network.motion, least_step_if(asked=job.steady))
        if steadied
        else None,
        scenes=scenes,
        memory_bytes=memory_of_scenes(scenes, stream_plan, small, size, cost),
        clip_memory_bytes=memory_of_scenes(
            scenes if frames is None else _within(scenes, frames),
            _filled(stream_plan, frames),
            small,
            size,
            cost,
        ),
    )


def _filled(plan: StreamPlan, frames: int | None) -> StreamPlan:
    """Return a plan with windows of no more than so many frames."""
    if frames is None or frames >= plan.window + plan.look_ahead:
        return plan
    window = max(1, min(plan.window, frames))
    return replace(
        plan, window=window, look_ahead=max(0, frames - window), step=min(plan.step, window)
    )


def _within(scenes: SceneBudget, frames: int) -> SceneBudget:
    """Return a budget for no more scenes, and no more of each, than there are frames."""
    most = max(1, frames)
    return SceneBudget(at_once=min(scenes.at_once, most), ahead=min(scenes.ahead, most))


def _plan_in_memory(
    job: UpscaleJob,
    source: VideoInfo,
    size: Size,
    cost: NetworkCost,
    *,
    device: torch.device,
    budget_bytes: int,
) -> StreamPlan:
    """Plan windows and tiles.

    Raises:
        DeviceError: There is too little memory, with what helps on this device.
    """
    try:
        plan = plan_stream(Size(source.height, source.width), size, cost, budget_bytes=budget_bytes)
    except DeviceError as error:
        ways = ["choose a smaller factor"]
        if job.memory_bytes is not None:
            ways.append("allow more with --memory")
        else:
            ways.append("close other programs")
        if device.type != "cpu":
            ways.append("use --device cpu")
        raise error.with_hint(", or ".join(ways)) from error
    return _with_first_window(plan, device, expected_frames(source, job.reading.span))


def _with_first_window(plan: StreamPlan, device: torch.device, frames: int | None) -> StreamPlan:
    """Let the first frames come soon on a processor, where a whole window takes minutes.

    One more window reads ``look_ahead`` frames twice; a video of one window is left as it is.
    """
    is_short = frames is not None and frames <= plan.window + plan.look_ahead
    if device.type != "cpu" or is_short or plan.window <= FIRST_WINDOW:
        return plan
    return replace(plan, first_window=FIRST_WINDOW)
