"""A preview: a job cut down to a few seconds, under a name that says so."""

from dataclasses import replace
from fractions import Fraction

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.span import TimeSpan


def settle_preview(job: UpscaleJob) -> UpscaleJob:
    """Return the job with a span instead of a preview length.

    The preview begins where the person says, or else in the middle of the job's span, where titles
    and black frames are rare; it takes the first seconds where the length is unknown, as that of a
    pipe always is. It never goes beyond the end of the span. A job that wants no preview is
    returned as it is.

    Raises:
        InputVideoError: The input cannot be read.
    """
    seconds, span = job.preview_seconds, job.reading.span
    if seconds is None:
        return job
    is_given = job.preview_from_start or span.start > 0
    start = span.start if is_given else _middle(job, seconds)
    end = start + seconds if span.end is None else min(start + seconds, span.end)
    return replace(
        job,
        target=job.target or default_target(job),
        reading=replace(job.reading, span=TimeSpan(start, end)),
        preview_seconds=None,
    )


def _middle(job: UpscaleJob, seconds: Fraction) -> Fraction:
    """Return where a preview of so many seconds begins that shows the middle of the job's span."""
    # A pipe is read only once, and so cannot be probed before.
    is_pipe = source_kind(job.source) == "pipe"
    length = None if is_pipe else probe(job.source, job.reading).duration_seconds
    if length is None:
        return Fraction(0)
    end = job.reading.span.end
    last = length if end is None else min(length, float(end))
    # To the millisecond, which is how the name of a time is written.
    return max(Fraction(0), Fraction(round((last - float(seconds)) / 2 * 1000), 1000))
