"""Upscale one video file: decode, enlarge, encode, and hand the whole file back."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dscvsr_cli.engine.background import Drain, Prefetch
from dscvsr_cli.engine.memory import peak_memory_bytes
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import EventListener
from dscvsr_cli.errors import FrameCountError
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan, UpscaleReport
from dscvsr_cli.pipelines.upscale.output import Output, open_output
from dscvsr_cli.pipelines.upscale.prepare import NetworkLoader, PreparedJob, prepare
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.weights.load import load_network

FRAMES_AHEAD = 8
"""Decoded frames that wait for the network, and enlarged ones that wait for the encoder."""


def upscale(
    job: UpscaleJob,
    *,
    load: NetworkLoader = load_network,
    on_plan: Callable[[UpscalePlan], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
    on_event: EventListener | None = None,
) -> UpscaleReport:
    """Enlarge the video of ``job.source`` and copy everything else in it.

    The decoder, the network and the encoder work at the same time, each a few frames apart. The
    target gets its name only when every frame that was read has been written. What is finished of
    a run that ends earlier is kept beside the target, and ``job.resume`` goes on from there.

    Args:
        job: What to do.
        load: Gives the network; who has many jobs gives one that remembers it.
        on_plan: Told what will happen, before the first frame.
        on_frame: Told the number of frames done, after each.
        on_event: Told of scenes, shrunk plans and repeated windows.

    Raises:
        UsageError: Options that cannot work together, or a target that must not be written.
        VideoError: The input cannot be read, the output not written, or a frame got lost.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
        Interrupted: Ctrl-C, when something is kept to go on from.
    """
    ready = prepare(settle_preview(job), load=load)
    with ready.reader:
        output = open_output(ready)
        begun = time.monotonic()
        try:
            with output:
                already_done = output.frames_written
                if on_plan:
                    on_plan(replace(ready.plan, frames_done=already_done))
                if not output.ended:
                    _work(ready, output, on_frame, on_event)
                # Still inside the output, which would give an incomplete file its name.
                frames_in = _count_in(output, job.source)
        except KeyboardInterrupt as interruption:
            if not output.frames_kept:
                raise
            raise Interrupted(output.frames_kept) from interruption
    seconds = time.monotonic() - begun
    return UpscaleReport(
        target=ready.plan.target,
        frames_in=frames_in,
        frames_out=output.frames_written,
        size=ready.plan.size,
        seconds=seconds,
        frames_per_second=(output.frames_written - already_done) / max(seconds, 1e-9),
        peak_memory_bytes=peak_memory_bytes(ready.device),
        damaged_frames=output.damaged_frames,
        moved_timestamps=output.moved_timestamps,
        plan=replace(ready.plan, frames_done=already_done),
    )


def _work(
    ready: PreparedJob,
    output: Output,
    on_frame: Callable[[int], None] | None,
    on_event: EventListener | None,
) -> None:
    """Make every frame that the output does not have yet, and note what the reader counted."""

    def encode(item: Frame | StreamState) -> None:
        if isinstance(item, Frame):
            output.write(item)
        else:
            output.mark(item)

    already_done = output.frames_written
    with (
        Prefetch(ready.reader, depth=FRAMES_AHEAD) as frames,
        Drain(encode, depth=FRAMES_AHEAD) as encoder,
    ):
        enlarged = ready.enlarge(
            frames,
            plan=output.plan,
            resume=output.state,
            on_boundary=encoder.put,
            on_event=on_event,
        )
        for done, frame in enumerate(enlarged, start=already_done + 1):
            encoder.put(frame)
            if on_frame:
                on_frame(done)
    output.damaged_frames = ready.reader.damaged_frames
    output.frames_read = ready.reader.frames_read


def _count_in(output: Output, source: Path) -> int:
    """Return how many frames the reader counted, in this run or in the one that reached the end.

    Raises:
        FrameCountError: The output has more or fewer frames.
    """
    if output.frames_read is None or output.frames_read != output.frames_written:
        raise FrameCountError(
            f"{output.frames_read} frames were read from {source}, but "
            f"{output.frames_written} written",
            hint="nothing was kept; please report this with the file",
        )
    return output.frames_read
