"""Everything an upscaling job decides and checks before the first frame is decoded."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.engine.frame_network import FrameNetwork
from dscvsr_cli.engine.memory import memory_budget_bytes
from dscvsr_cli.engine.scene_budget import SceneBudget, budget_scenes, memory_of_scenes
from dscvsr_cli.engine.scenes import mark_scene_starts
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import (
    BoundaryListener,
    EventListener,
    ProgressListener,
    SceneMarker,
    upscale_stream,
)
from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, plan_stream
from dscvsr_cli.errors import DeviceError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import MAX_TRAINED_SCALE, Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.pipelines.resume.input_watch import InputWatch
from dscvsr_cli.pipelines.upscale.check_place import check_place
from dscvsr_cli.pipelines.upscale.disk_space import (
    DiskNeed,
    check_disk,
    disk_warning,
    expected_disk,
    expected_frames,
)
from dscvsr_cli.pipelines.upscale.input import enlarge_alpha, open_source, source_warnings
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.other_streams import plan_others
from dscvsr_cli.pipelines.upscale.side_by_side import compared
from dscvsr_cli.pipelines.upscale.target import Target, choose_target
from dscvsr_cli.runtimes.choose import (
    Runtime,
    choose_runtime,
    choose_runtime_dtype,
    open_runtime,
    runtime_cost,
    weights_dtype,
)
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import PassthroughPlan, refuse_losses
from dscvsr_cli.video.passthrough.trial_copy import try_copying
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.trial_encode import try_encoder
from dscvsr_cli.weights.load import LoadedNetwork, load_network

SCALE_TOLERANCE = 0.05
"""How far rounding may push a factor beyond the trained ones before a warning."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedJob:
    """A job with every choice made, ready to run."""

    job: UpscaleJob
    reader: VideoReader
    """The source, probed; a pipe is already open."""
    watch: InputWatch | None
    """What the source was when it was probed; None for a pipe, which nobody can replace."""
    plan: UpscalePlan
    target: Target
    loaded: LoadedNetwork
    network: FrameNetwork
    """``loaded.network`` as the runtime executes it."""
    others: PassthroughPlan
    disk: DiskNeed | None
    stream_plan: StreamPlan
    scenes: SceneBudget
    device: torch.device
    memory_bytes: int
    """What the network, and frames that wait, may take at most, as estimated."""

    def enlarge(
        self,
        frames: Iterable[Frame],
        *,
        plan: StreamPlan | None = None,
        resume: StreamState | None = None,
        finished: Sequence[range] = (),
        mark_scenes: SceneMarker = mark_scene_starts,
        on_boundary: BoundaryListener | None = None,
        on_event: EventListener | None = None,
        on_progress: ProgressListener | None = None,
    ) -> Generator[Frame, None, None]:
        """Send frames through the network: one out for each one in, in order, with their times.

        Frames that ``resume`` or ``finished`` say are done already are not returned again. Close
        what is returned where not every frame is taken: threads may be at work.
        """

        def float32_network() -> RecurrentNetwork:
            return load_network(self.job.weights, device=self.device).network

        def run(frames: Iterable[Frame]) -> Iterator[Frame]:
            return upscale_stream(
                frames,
                self.network,
                size=self.target.size,
                plan=plan or self.stream_plan,
                device=self.device,
                float32_network=None if self.plan.dtype == "float32" else float32_network,
                on_event=on_event,
                resume=resume,
                finished=finished,
                mark_scenes=mark_scenes,
                on_boundary=on_boundary,
                on_progress=on_progress,
                at_once=self.scenes.at_once,
                ahead=self.scenes.ahead,
            )

        def enlarged(frames: Iterable[Frame]) -> Generator[Frame, None, None]:
            return enlarge_alpha(run(frames), self.target.size)

        if self.job.compare is None:
            return enlarged(frames)
        return compared(
            frames,
            enlarged,
            size=self.target.size,
            view=self.job.compare,
            skipped=(range(resume.made if resume else 0), *finished),
        )


def prepare(job: UpscaleJob, *, load: NetworkLoader = load_network) -> PreparedJob:
    """Decide everything that ``job`` leaves open, and refuse what cannot work.

    Args:
        job: What to do.
        load: Loads the network; pass a caching loader for many jobs.

    Raises:
        UsageError: Options that cannot work together, or a target that must not be written.
        VideoError: The input cannot be read.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
    """
    reader = open_source(job)
    try:
        return _prepare(job, reader, load)
    except BaseException:
        reader.close()
        raise


def _prepare(job: UpscaleJob, reader: VideoReader, load: NetworkLoader) -> PreparedJob:
    source = reader.info
    watch = (
        None
        if source.kind == "pipe"
        else InputWatch(job.source, start_number=job.reading.start_number)
    )
    target = choose_target(job, source)
    check_place(job, target)
    if not target.container.frames_only:
        # First: where the container cannot hold the frames, other streams do not matter.
        try_encoder(target.picture)
    others = plan_others(job, source, target)
    refuse_losses(others, target.path.name, job.streams)
    if not target.container.frames_only:
        others = try_copying(source, others, target.container)
    need = expected_disk(job, source, target)
    check_disk(need)
    device = choose_device(job.device)
    dtype = choose_runtime_dtype(job.runtime, job.dtype, device)
    frames = expected_frames(source, job.reading.span)
    runtime = choose_runtime(
        job.runtime,
        device=device,
        dtype=dtype,
        pixels=None if frames is None else frames * source.height * source.width,
    )
    held = weights_dtype(runtime, dtype)
    loaded = load(job.weights, device=device, dtype=held)
    cost = runtime_cost(network_cost(loaded.config, held), runtime, device)
    budget_bytes = memory_budget_bytes(device, memory_bytes=job.memory_bytes)
    stream_plan = _plan_in_memory(
        job, source, target, cost, device=device, budget_bytes=budget_bytes
    )
    scenes = budget_scenes(
        stream_plan,
        Size(source.height, source.width),
        target.size,
        cost,
        budget_bytes=budget_bytes,
        wanted=job.scenes_at_once,
    )
    warnings = (
        *source_warnings(job, target.picture),
        *_warnings(source, target, others),
        *filter(None, [disk_warning(need)]),
    )
    return PreparedJob(
        job=job,
        reader=reader,
        watch=watch,
        plan=_describe_plan(
            target,
            loaded,
            device,
            stream_plan,
            dtype=dtype,
            runtime=runtime,
            scenes_at_once=scenes.at_once,
            frames=frames,
            warnings=warnings,
        ),
        target=target,
        loaded=loaded,
        network=open_runtime(runtime, loaded.network, dtype=dtype),
        others=others,
        disk=need,
        stream_plan=stream_plan,
        scenes=scenes,
        device=device,
        memory_bytes=memory_of_scenes(
            scenes, stream_plan, Size(source.height, source.width), target.size, cost
        ),
    )


def _plan_in_memory(
    job: UpscaleJob,
    source: VideoInfo,
    target: Target,
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
        plan = plan_stream(
            Size(source.height, source.width), target.size, cost, budget_bytes=budget_bytes
        )
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


def _describe_plan(
    target: Target,
    loaded: LoadedNetwork,
    device: torch.device,
    plan: StreamPlan,
    *,
    dtype: torch.dtype,
    runtime: Runtime,
    scenes_at_once: int,
    frames: int | None,
    warnings: tuple[str, ...],
) -> UpscalePlan:
    return UpscalePlan(
        source=target.picture.source,
        target=target.path,
        size=target.canvas,
        encoder=target.options.encoder,
        pixel_format=target.pixel_format,
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        runtime=runtime,
        weights=loaded.name,
        window=plan.window,
        look_ahead=plan.look_ahead,
        tile=plan.tile,
        scenes_at_once=scenes_at_once,
        is_turned=target.picture.is_turned,
        frames=frames,
        warnings=warnings,
    )


def _warnings(source: VideoInfo, target: Target, others: PassthroughPlan) -> Iterator[str]:
    yield from map(str, (*others.left_out, *others.converted))
    factor = max(target.size.height / source.height, target.size.width / source.width)
    if factor > MAX_TRAINED_SCALE + SCALE_TOLERANCE:
        yield f"x{factor:.3g} is beyond the training of the network (up to x{MAX_TRAINED_SCALE:g})"
