"""Fingerprint: what decides the frames of a job, in words; equal ones make equal frames."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import torch

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import Target
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.load import LoadedNetwork

_RESOLVED = frozenset(
    {"scale", "width", "height", "weights", "device", "dtype", "runtime"} | {"encoder"}
)
"""Fields of a job that are compared by the values they were resolved to."""

NOT_IN_FRAMES = frozenset(
    {"source", "target", "container", "makes_folder", "memory_bytes", "overwrite"}
    | {"scenes_at_once"}
    | {"resume", "restart", "checkpoint_frames", "defaults"}
)
"""Fields of a job that no frame depends on; the manifest stores window and tile sizes itself."""


def job_fingerprint(
    job: UpscaleJob,
    target: Target,
    loaded: LoadedNetwork,
    *,
    identity: Mapping[str, str],
    device: torch.device,
    dtype: str,
    runtime: str,
    segment_frames: int,
) -> dict[str, str]:
    """Return everything that decides the frames of a job, as a value in words for each name.

    Every field of the job counts unless it is listed as irrelevant, so a new one is not forgotten.

    Args:
        job: What is asked for.
        target: Where it goes, and what its frames are.
        loaded: The network.
        identity: What shows that the input is the same, from ``identify_input``.
        device: Where the network runs.
        dtype: What it computes in.
        runtime: What executes it.
        segment_frames: Least number of frames of a segment.
    """
    fingerprint = {
        **identity,
        "the output's size": str(target.size),
        "the pixel format": target.pixel_format,
        "the encoder": target.options.encoder,
        "the container": target.container.name,
        "the weights": file_sha256(loaded.path),
        "the device": device.type,
        "the dtype": dtype,
        "the runtime": runtime,
        "--checkpoint": str(segment_frames),
    }
    return fingerprint | describe_job(job, leave_out=_RESOLVED)


def describe_job(job: UpscaleJob, *, leave_out: frozenset[str]) -> dict[str, str]:
    """Return the fields of a job that frames depend on, as a value in words for each name.

    Args:
        job: What is asked for.
        leave_out: Fields that do not count either, besides those of ``NOT_IN_FRAMES``.
    """
    described: dict[str, str] = {}
    for field in fields(job):
        if field.name not in leave_out | NOT_IN_FRAMES:
            described |= dict(_flatten(field.name, getattr(job, field.name)))
    return described


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the leaves of a value and of the dataclasses in it, as names and words."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _flatten(f"{name}.{field.name}", getattr(value, field.name))
    else:
        yield name, str(value)
