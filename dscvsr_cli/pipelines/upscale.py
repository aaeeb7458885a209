"""Upscale one video file: decode, enlarge, encode, and hand the whole file back."""

import time
from collections.abc import Callable

from dscvsr_cli.engine.overlap import Drain, Prefetch
from dscvsr_cli.engine.stream import EventListener
from dscvsr_cli.errors import FrameCountError
from dscvsr_cli.pipelines.job import UpscaleJob, UpscalePlan, UpscaleReport
from dscvsr_cli.pipelines.measure import peak_memory_bytes
from dscvsr_cli.pipelines.prepare import prepare
from dscvsr_cli.video.reader import VideoReader

FRAMES_AHEAD = 8
"""Decoded frames that wait for the network, and enlarged ones that wait for the encoder."""


def upscale(
    job: UpscaleJob,
    *,
    on_plan: Callable[[UpscalePlan], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
    on_event: EventListener | None = None,
) -> UpscaleReport:
    """Enlarge the video of ``job.source`` and copy everything else in it.

    The decoder, the network and the encoder work at the same time, each a few frames apart. The
    target gets its name only when every frame that was read has been written.

    Args:
        job: What to do.
        on_plan: Told what will happen, before the first frame.
        on_frame: Told the number of frames done, after each.
        on_event: Told of scenes, shrunk plans and repeated windows.

    Raises:
        UsageError: Options that cannot work together, or a target that must not be written.
        VideoError: The input cannot be read, the output not written, or a frame got lost.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
    """
    ready = prepare(job)
    if on_plan:
        on_plan(ready.plan)
    begun = time.monotonic()
    with VideoReader(job.source) as reader, ready.open_writer() as writer:
        with (
            Prefetch(reader, depth=FRAMES_AHEAD) as frames,
            Drain(writer.write, depth=FRAMES_AHEAD) as encoder,
        ):
            for done, frame in enumerate(ready.enlarge(frames, on_event), start=1):
                encoder.put(frame)
                if on_frame:
                    on_frame(done)
        # Still inside the writer, which would give an incomplete file its name.
        if reader.frames_read != writer.frames_written:
            raise FrameCountError(
                f"{reader.frames_read} frames were read from {job.source}, but "
                f"{writer.frames_written} written",
                hint="nothing was kept; please report this with the file",
            )
    seconds = time.monotonic() - begun
    return UpscaleReport(
        target=ready.plan.target,
        frames_in=reader.frames_read,
        frames_out=writer.frames_written,
        size=ready.plan.size,
        seconds=seconds,
        frames_per_second=writer.frames_written / max(seconds, 1e-9),
        peak_memory_bytes=peak_memory_bytes(ready.device),
        damaged_frames=reader.damaged_frames,
        moved_timestamps=writer.moved_timestamps,
        plan=ready.plan,
    )
