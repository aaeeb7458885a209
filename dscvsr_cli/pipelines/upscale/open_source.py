"""Open the input of a job, as the job asks for it."""

from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.video.read.open_input import input_name
from dscvsr_cli.video.read.reader import VideoReader


def open_source(job: UpscaleJob, *, to_enlarge: bool = True) -> VideoReader:
    """Open and probe the input of a job; a pipe is opened here and never again.

    Args:
        job: What is asked for.
        to_enlarge: Whether its frames are to be enlarged, and may have to be steadied. Who looks
            for scenes alone reads faster.

    Raises:
        UsageError: An option that does not fit the input, or interlaced video without an option
            that says what to do with it.
        InputVideoError: The input cannot be read.
    """
    reader = VideoReader(job.source, job.reading, quantisers=to_enlarge and job.steady is not False)
    if reader.info.interlaced and not job.reading.deinterlace:
        reader.close()
        raise UsageError(
            f"{input_name(job.source)} is interlaced: each frame shows two moments, which would "
            "be enlarged as one",
            hint="add --deinterlace, or --field-order progressive where the file is wrongly marked",
        )
    return reader
