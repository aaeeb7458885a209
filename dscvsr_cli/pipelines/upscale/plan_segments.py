"""Decide on the segments of a job whose output can be resumed."""

from typing import Final

from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.resume.phase import EarlierWork
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.fingerprint import job_fingerprint
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.video.timestamps import span_shift
from dscvsr_cli.video.write.muxer import OutputSpec

_SEGMENT_PIXELS: Final = 150_000_000
"""Output pixels of a segment made on a processor: about half a minute of work.

A segment costs a keyframe and, after a crash, half of its work on average. The speed is not
measured, for then no two runs would end their segments at the same frames.
"""

_SEGMENT_PIXELS_ON_A_GPU: Final = 2_500_000_000

_LEAST_FRAMES: Final = 48

_MOST_FRAMES: Final = 2400


def segment_settings(ready: PreparedJob) -> SegmentSettings:
    """Return what decides the segments of a job that does not write in one go."""
    job, target, watch = ready.job, ready.target, ready.watch
    if watch is None:
        raise ValueError("a pipe cannot be read again, so its output cannot be resumed")
    segment_frames = job.checkpoint_frames or default_segment_frames(
        target.size, ready.network.device.type
    )
    span = job.reading.span
    return SegmentSettings(
        target=target.destination.file,
        spec=OutputSpec(picture=target.picture, others=ready.others, span=span),
        fingerprint=job_fingerprint(
            job,
            target,
            ready.network.loaded,
            identity=watch.identity,
            device=ready.network.device,
            dtype=ready.plan.dtype,
            runtime=ready.plan.runtime,
            segment_frames=segment_frames,
        ),
        plan=ready.network.stream_plan,
        segment_frames=segment_frames,
        first_shift=span_shift(target.picture.source, span, target.picture.timing.time_base),
        earlier_work=_earlier_work(job),
        overwrite=job.overwrite,
    )


def default_segment_frames(size: Size, device_type: str) -> int:
    """Return the least number of frames of a segment.

    Args:
        size: Size of the output.
        device_type: "cpu", "cuda" or "mps".
    """
    pixels = _SEGMENT_PIXELS if device_type == "cpu" else _SEGMENT_PIXELS_ON_A_GPU
    frames = pixels // (size.height * size.width)
    return max(_LEAST_FRAMES, min(_MOST_FRAMES, frames))


def _earlier_work(job: UpscaleJob) -> EarlierWork:
    if job.restart:
        return EarlierWork.RESTART
    return EarlierWork.RESUME if job.resume else EarlierWork.REFUSE
