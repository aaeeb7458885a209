"""Dry run: what a job would do, need and lose, without doing it."""

from dataclasses import dataclass

from dscvsr_cli.pipelines.upscale.disk_space import DiskNeed
from dscvsr_cli.pipelines.upscale.estimate import with_time
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.job_output import open_output
from dscvsr_cli.pipelines.upscale.known_speed import known_seconds_per_frame
from dscvsr_cli.pipelines.upscale.measure_speed import measure_seconds_per_frame
from dscvsr_cli.pipelines.upscale.network_plan import NetworkLoader
from dscvsr_cli.pipelines.upscale.prepare import prepare
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.runtimes.choose import runs_on_torch_device
from dscvsr_cli.typed_values import takes_typed
from dscvsr_cli.video.passthrough.left_out import describe_stream
from dscvsr_cli.video.read.expected_frames import expected_frames
from dscvsr_cli.video.write.target_file import unrecorded
from dscvsr_cli.weights.load import load_network


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunReport:
    """What a job would do and need."""

    plan: UpscalePlan
    frames: int | None
    """Approximate number of frames; None if the input does not say."""
    copied: tuple[str, ...]
    """Streams that would be copied."""
    converted: tuple[str, ...]
    """Streams that would be transcoded."""
    lost: tuple[str, ...]
    """What the output cannot hold."""
    memory_bytes: int
    """Estimated peak memory of the network, and of frames that wait for it."""
    disk: DiskNeed | None
    seconds_per_frame: float | None
    """Time of one frame; None if it can be neither known nor measured, as of a pipe, which is
    read only once, or on an Intel GPU."""
    measured: bool
    """Whether it was measured now, on parts of a few frames; else earlier jobs took that long."""
    seconds: float | None
    """Time for all frames; None if their number is unknown."""


@takes_typed
def dry_run(job: UpscaleJob, *, load: NetworkLoader = load_network) -> DryRunReport:
    """Prepare a job, measure parts of a few frames unless the speed is known, and write nothing.

    Args:
        job: What would be done.
        load: Loads the network; pass a caching loader for many jobs.

    Raises:
        DscvsrError: Whatever would keep the job from starting.
        TypeError: Something that is no job.
    """
    ready = prepare(settle_preview(job), load=load)
    source = ready.plan.source
    with ready.reader:
        open_output(ready, unrecorded).check()
        known = known_seconds_per_frame(ready)
        measured = (
            known is None and source.kind != "pipe" and runs_on_torch_device(ready.plan.runtime)
        )
        each = measure_seconds_per_frame(ready) if measured else known
    frames = expected_frames(source, ready.job.reading.span)
    return DryRunReport(
        plan=ready.plan if each is None else with_time(ready, ready.plan, each),
        frames=frames,
        copied=tuple(map(describe_stream, ready.others.copied)),
        converted=tuple(map(str, ready.others.converted)),
        lost=tuple(map(str, ready.others.left_out)),
        memory_bytes=ready.network.clip_memory_bytes,
        disk=ready.disk,
        seconds_per_frame=each,
        measured=measured,
        seconds=None if frames is None or each is None else frames * each,
    )
