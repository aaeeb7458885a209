"""Everything an upscaling job decides and checks before the first frame is decoded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch

from dscvsr_cli.engine.device import choose_device, choose_dtype
from dscvsr_cli.engine.memory import memory_budget_bytes
from dscvsr_cli.engine.plan import StreamPlan, plan_stream
from dscvsr_cli.engine.stream import EventListener, upscale_stream
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import MAX_TRAINED_SCALE, Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.job import UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.measure import network_cost
from dscvsr_cli.pipelines.target import Target, choose_target
from dscvsr_cli.video.formats import plain_format
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough import plan_passthrough
from dscvsr_cli.video.probe import probe
from dscvsr_cli.video.publish import check_target
from dscvsr_cli.video.writer import VideoWriter
from dscvsr_cli.weights.load import LoadedNetwork, load_network

SCALE_TOLERANCE = 0.05
"""A factor may pass the trained ones by so much through rounding without a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedJob:
    """A job whose every choice is made, ready to run."""

    job: UpscaleJob
    plan: UpscalePlan
    target: Target
    loaded: LoadedNetwork
    stream_plan: StreamPlan
    device: torch.device

    def open_writer(self) -> VideoWriter:
        """Return the writer of the target, still to be entered."""
        return VideoWriter(
            self.target.path,
            source=self.plan.source,
            height=self.target.size.height,
            width=self.target.size.width,
            options=self.target.options,
            overwrite=self.job.overwrite,
        )

    def enlarge(self, frames: Iterable[Frame], on_event: EventListener | None) -> Iterator[Frame]:
        """Send frames through the network: as many out as in, in order, with their times."""

        def float32_network() -> RecurrentNetwork:
            return load_network(self.job.weights, device=self.device).network

        return upscale_stream(
            frames,
            self.loaded.network,
            size=self.target.size,
            plan=self.stream_plan,
            device=self.device,
            float32_network=None if self.plan.dtype == "float32" else float32_network,
            on_event=on_event,
        )


def prepare(job: UpscaleJob) -> PreparedJob:
    """Settle every choice that ``job`` leaves open, and refuse what cannot work.

    Raises:
        UsageError: Options that cannot work together, or a target that must not be written.
        VideoError: The input cannot be read.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
    """
    source = probe(job.source)
    target = choose_target(job, source)
    check_target(target.path, source=job.source, overwrite=job.overwrite)
    device = choose_device(job.device)
    dtype = choose_dtype(job.dtype, device)
    loaded = load_network(job.weights, device=device, dtype=dtype)
    # torch's stubs leave out this form of to().
    loaded.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    stream_plan = plan_stream(
        Size(source.height, source.width),
        target.size,
        network_cost(loaded.config, dtype),
        budget_bytes=memory_budget_bytes(device, memory_bytes=job.memory_bytes),
    )
    plan = UpscalePlan(
        source=source,
        target=target.path,
        size=target.size,
        encoder=target.options.encoder,
        pixel_format=target.pixel_format,
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        weights=loaded.name,
        window=stream_plan.window,
        look_ahead=stream_plan.look_ahead,
        tile=stream_plan.tile,
        warnings=tuple(_warnings(source, target)),
    )
    return PreparedJob(
        job=job, plan=plan, target=target, loaded=loaded, stream_plan=stream_plan, device=device
    )


def _warnings(source: VideoInfo, target: Target) -> Iterator[str]:
    for lost in plan_passthrough(source, target.container).left_out:
        hint = f" ({lost.hint})" if lost.hint else ""
        yield f"{lost.stream.kind} stream {lost.stream.index} will be lost: {lost.reason}{hint}"
    if source.interlaced:
        yield "the video is interlaced, and its two fields will be enlarged as one picture"
    if plain_format(source.pixel_format).alpha:
        yield "transparency will be lost"
    factor = max(target.size.height / source.height, target.size.width / source.width)
    if factor > MAX_TRAINED_SCALE + SCALE_TOLERANCE:
        yield f"x{factor:.3g} is beyond the training of the network (up to x{MAX_TRAINED_SCALE:g})"
