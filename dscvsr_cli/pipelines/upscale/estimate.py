"""Estimate: how long a job will take, and whether other weights are worth a thought."""

from dataclasses import replace

from dscvsr_cli.pipelines.upscale.job import OtherWeights, UpscalePlan
from dscvsr_cli.pipelines.upscale.known_speed import known_seconds_per_frame
from dscvsr_cli.pipelines.upscale.measure_speed import INT8_SHARE, guess_seconds_per_frame
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.runtimes.choose import is_openvino_installed, openvino_pays, preferred_runtime
from dscvsr_cli.weights.catalog import load_catalog

_LONG_WORK = 50_000_000
"""Input pixels of a job on a processor that is worth a few seconds of measuring first."""

_LONG_SECONDS = 180.0
"""A shorter job is not worth a word about faster weights."""

_SHORT_SECONDS = 60.0
"""A job that better weights finish in this time is worth a word about them."""


def with_estimate(ready: PreparedJob, plan: UpscalePlan) -> UpscalePlan:
    """Return the plan of a job with the time it will take, and what would be faster or better.

    The time is that of earlier jobs here. A long job on a processor that knows none is measured on
    noise, for a few seconds.

    Args:
        ready: The job; its reader is left alone.
        plan: Its plan, with what an earlier run made.
    """
    if plan.frames is None or plan.all_made:
        return plan
    frames = max(0, plan.frames - plan.frames_done)
    each = known_seconds_per_frame(ready)
    pixels = plan.source.height * plan.source.width
    if each is None and ready.network.device.type == "cpu" and frames * pixels >= _LONG_WORK:
        each = guess_seconds_per_frame(ready)
    return plan if each is None else with_time(ready, plan, each)


def with_time(ready: PreparedJob, plan: UpscalePlan, each: float) -> UpscalePlan:
    """Return a plan with the time its frames will take, and what would be faster or better.

    Args:
        ready: The job.
        plan: Its plan; without a number of frames it is returned as it is.
        each: Seconds per frame.
    """
    if plan.frames is None:
        return plan
    frames = max(0, plan.frames - plan.frames_done)
    other = None if plan.frames_done else _other_weights(ready, each, frames)
    return replace(
        plan,
        seconds=frames * each,
        other_weights=other,
        seconds_with_openvino=_seconds_with_openvino(ready, plan.frames, frames * each),
    )


def _seconds_with_openvino(ready: PreparedJob, frames: int, takes: float) -> float | None:
    """Return what a long job would take in int8, if only OpenVINO is missing for that."""
    network, job = ready.network, ready.job
    nobody_chose = preferred_runtime(job.runtime) == "auto" and job.dtype == "auto"
    pixels = frames * ready.plan.source.height * ready.plan.source.width
    missing = openvino_pays(network.device, network.dtype, pixels) and not is_openvino_installed()
    worth_it = takes >= _LONG_SECONDS and bool(network.loaded.network.ranges)
    return takes * INT8_SHARE if nobody_chose and missing and worth_it else None


def _other_weights(ready: PreparedJob, each: float, frames: int) -> OtherWeights | None:
    """Return weights that are far faster where the job is long, or better where they are quick.

    Args:
        ready: The job.
        each: Seconds per frame with its own weights.
        frames: Frames to make.
    """
    entry = ready.network.loaded.entry
    if entry is None:
        return None

    # What jobs with the other weights took earlier says less: the machine was busy or idle then.
    takes = frames * each
    faster = entry.faster
    if faster is not None and takes >= _LONG_SECONDS:
        return OtherWeights(name=faster.name, seconds=takes * faster.time, is_better=False)
    for better in load_catalog().entries:
        if better.faster is not None and better.faster.name == entry.name:
            longer = takes / better.faster.time
            if longer <= _SHORT_SECONDS:
                return OtherWeights(name=better.name, seconds=longer, is_better=True)
    return None
