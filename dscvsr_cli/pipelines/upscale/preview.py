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

    The preview begins where the job's span begins, or else in the middle of the video, where
    titles and black frames are rare; it takes the first seconds where the length is unknown, as
    that of a pipe always is. A job that wants no preview is returned as it is.

    Raises:
        InputVideoError: The input cannot be read.
    """
    seconds = job.preview_seconds
    if seconds is None:
        return job
    start = job.reading.span.start
    # A pipe is read only once, and so cannot be probed before.
    if start == 0 and source_kind(job.source) != "pipe":
        length = probe(job.source, job.reading).duration_seconds
        if length is not None:
            # To the millisecond, which is how the name of a time is written.
            start = max(Fraction(0), Fraction(round((length - float(seconds)) / 2 * 1000), 1000))
    return replace(
        job,
        target=job.target or default_target(job),
        reading=replace(job.reading, span=TimeSpan(start, start + seconds)),
        preview_seconds=None,
    )
