"""Dry run: what a job would do, need and lose, without doing it."""

import time
from dataclasses import dataclass
from itertools import islice

from dscvsr_cli.engine.stream_plan import peak_bytes
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.pipelines.upscale.disk_space import DiskNeed, expected_frames
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.prepare import NetworkLoader, PreparedJob, prepare
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.video.passthrough.left_out import describe_stream
from dscvsr_cli.weights.load import load_network

_PROBED_FRAMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunReport:
    """What a job would do and need."""

    plan: UpscalePlan
    frames: int | None
    """Approximate number of frames; None where the input does not say."""
    copied: tuple[str, ...]
    """Streams that would be copied."""
    converted: tuple[str, ...]
    """Streams that would be transcoded."""
    lost: tuple[str, ...]
    """What the output cannot hold."""
    memory_bytes: int
    """Estimated peak memory of the network."""
    disk: DiskNeed | None
    seconds_per_frame: float | None
    """Decoding and network, measured on a few frames; None for a pipe, which is read only once."""
    seconds: float | None
    """Time for all frames; None where their number is unknown."""


def dry_run(job: UpscaleJob, *, load: NetworkLoader = load_network) -> DryRunReport:
    """Prepare a job, run it on a few frames, and write nothing.

    Args:
        job: What would be done.
        load: Loads the network; pass a caching loader for many jobs.

    Raises:
        DscvsrError: Whatever would keep the job from starting.
    """
    ready = prepare(settle_preview(job), load=load)
    source = ready.plan.source
    with ready.reader:
        each = None if source.kind == "pipe" else _seconds_per_frame(ready)
    frames = expected_frames(source, ready.job.reading.span)
    dtype = next(ready.loaded.network.parameters()).dtype
    return DryRunReport(
        plan=ready.plan,
        frames=frames,
        copied=tuple(map(describe_stream, ready.others.copied)),
        converted=tuple(map(str, ready.others.converted)),
        lost=tuple(map(str, ready.others.left_out)),
        memory_bytes=peak_bytes(
            ready.stream_plan,
            Size(source.height, source.width),
            ready.target.size,
            network_cost(ready.loaded.config, dtype),
        ),
        disk=ready.disk,
        seconds_per_frame=each,
        seconds=None if frames is None or each is None else frames * each,
    )


def _seconds_per_frame(ready: PreparedJob) -> float:
    begun = time.monotonic()
    count = sum(1 for _ in ready.enlarge(islice(ready.reader, _PROBED_FRAMES)))
    return (time.monotonic() - begun) / max(count, 1)
