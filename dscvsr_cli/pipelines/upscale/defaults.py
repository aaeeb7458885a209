"""Defaults: what a person has set for all jobs yields if one job cannot take it.

One rule holds for all options. If a job is refused because its input or output cannot take an
option (``UsageError.unfit``), and the option is one of ``UpscaleJob.defaults``, the job goes on
without it and its plan says so. What is said for this job alone stays refused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob

T = TypeVar("T")

OPTIONS: Final[Mapping[str, str]] = {
    "encoder": "encoder",
    "crf": "crf",
    "encoder-preset": "encoder_preset",
    "enc-opt": "encoder_options",
    "lossless": "lossless",
    "pix-fmt": "pixel_format",
    "format": "output_format",
    "fps": "reading.rate",
    "start-number": "reading.start_number",
    "audio-encoder": "streams.audio_encoder",
    "audio-bitrate": "streams.audio_bitrate",
}
"""Fields of a job for the options that an input or an output may not take."""

_GO_ALONG: Final[Mapping[str, tuple[str, ...]]] = {
    "encoder": ("crf", "encoder-preset", "enc-opt"),
    "audio-encoder": ("audio-bitrate",),
}
"""Options that mean nothing without another one."""


def without_unfit_defaults(
    job: UpscaleJob, step: Callable[[UpscaleJob], T]
) -> tuple[UpscaleJob, T, tuple[str, ...]]:
    """Take a step with a job, without those of its defaults that the step refuses.

    Returns:
        The job as the step took it, what the step returned, and what was left aside and why.

    Raises:
        UsageError: The step refuses something that is no default.
    """
    left_aside: list[str] = []
    while True:
        try:
            return job, step(job), tuple(left_aside)
        except UsageError as refusal:
            if refusal.unfit not in job.defaults:
                raise
            going = [refusal.unfit, *_GO_ALONG.get(refusal.unfit, ())]
            going = [option for option in going if option in job.defaults]
            job = without_options(job, going)
            left_aside.append(f"{_named(going)} left aside: {refusal.message}")


def without_left_aside(asked: UpscaleJob, settled: UpscaleJob) -> UpscaleJob:
    """Return a job as it was asked for, but without the defaults that its settled form has not."""
    return without_options(asked, asked.defaults - settled.defaults)


def _named(options: list[str]) -> str:
    if len(options) == 1:
        return f"your default {options[0]} is"
    return f"your defaults {', '.join(options[:-1])} and {options[-1]} are"


def without_options(job: UpscaleJob, options: Iterable[str]) -> UpscaleJob:
    """Return a job in which options have the values that they have if nobody gives them.

    Args:
        job: What is asked for.
        options: Keys of ``OPTIONS``.
    """
    blank = UpscaleJob(source=job.source)
    changes: dict[str, dict[str, Any]] = {"": {}, "reading": {}, "streams": {}}
    for option in options:
        owner, _, name = OPTIONS[option].rpartition(".")
        changes[owner][name] = getattr(getattr(blank, owner) if owner else blank, name)
    return replace(
        job,
        reading=replace(job.reading, **changes["reading"]),
        streams=replace(job.streams, **changes["streams"]),
        defaults=job.defaults.difference(options),
        **changes[""],
    )
