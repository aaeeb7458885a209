"""A preview: a job cut down to a few seconds, under a name that says so."""

import math
from dataclasses import replace
from fractions import Fraction

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.shown_frame import span_with_a_frame
from dscvsr_cli.video.span import TimeSpan


def settle_preview(job: UpscaleJob) -> UpscaleJob:
    """Return the job with a span instead of a preview length.

    The preview begins where the person says, or else in the middle of the job's span, where titles
    and black frames are rare. If the length is unknown, as that of a pipe always is, it takes the
    first seconds. It never goes beyond the end of the span. One in which no frame begins shows the
    frame that lasts through it. A job that wants no preview is returned as it is.

    Raises:
        InputVideoError: The input cannot be read.
    """
    seconds, span = job.preview_seconds, job.reading.span
    if seconds is None:
        return job
    # A pipe is read only once, and so cannot be probed before.
    info = None if source_kind(job.source) == "pipe" else probe(job.source, job.reading)
    is_given = job.preview_from_start or span.start > 0
    start = span.start if is_given else _middle(info, span, seconds)
    end = start + seconds if span.end is None else min(start + seconds, span.end)
    cut = TimeSpan(start, end)
    return replace(
        job,
        target=job.target or default_target(job),
        reading=replace(job.reading, span=cut if info is None else span_with_a_frame(info, cut)),
        preview_seconds=None,
    )


def _middle(info: VideoInfo | None, span: TimeSpan, seconds: Fraction) -> Fraction:
    """Return the start of a preview of ``seconds`` that shows the middle of a span."""
    if info is None or info.duration_seconds is None:
        return Fraction(0)
    first = float(info.begins_seconds)
    end = first + info.duration_seconds
    last = end if span.end is None else min(end, float(span.end))
    if last <= first:
        # The reader says that no frame begins before the end.
        return Fraction(0)
    # To the millisecond, which is how the name of a time is written.
    middle = Fraction(round((first + last - float(seconds)) / 2 * 1000), 1000)
    return max(Fraction(math.ceil(info.begins_seconds * 1000), 1000), middle)
