"""What decides the pictures of a job, in words: jobs that agree in it make the same pictures."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import torch

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.pipelines.resume.manifest import identify_input
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import Target
from dscvsr_cli.weights.load import LoadedNetwork
from dscvsr_cli.weights.verify import file_sha256

_RESOLVED = frozenset({"scale", "width", "height", "weights", "device", "dtype", "encoder"})
"""Fields of a job that are compared by what came of them."""

_IRRELEVANT = frozenset(
    {"source", "target", "memory_bytes", "overwrite", "resume", "restart"} | {"checkpoint_frames"}
)
"""Fields of a job that no picture depends on: the sizes of the pieces are kept beside them."""


def describe_beginning(
    job: UpscaleJob,
    target: Target,
    loaded: LoadedNetwork,
    *,
    device: torch.device,
    segment_frames: int,
) -> dict[str, str]:
    """Return everything that decides the pictures of a job, name by name.

    Every field of the job counts unless it is known not to, so that a new one is not forgotten.

    Raises:
        InputVideoError: The input cannot be read.
    """
    try:
        beginning = identify_input(job.source, start_number=job.reading.start_number)
    except OSError as error:
        raise InputVideoError(f"{job.source} cannot be read: {error.strerror or error}") from error
    beginning |= {
        "the output's size": str(target.size),
        "the pixel format": target.pixel_format,
        "the encoder": target.options.encoder,
        "the container": target.container.name,
        "the weights": file_sha256(loaded.path),
        "the device": device.type,
        "the number format": str(next(loaded.network.parameters()).dtype).removeprefix("torch."),
        "--checkpoint": str(segment_frames),
    }
    for field in fields(job):
        if field.name not in _RESOLVED | _IRRELEVANT:
            beginning |= dict(_flatten(field.name, getattr(job, field.name)))
    return beginning


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _flatten(f"{name}.{field.name}", getattr(value, field.name))
    else:
        yield name, str(value)
