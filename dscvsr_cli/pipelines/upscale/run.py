"""Upscale one video: decode, enlarge and encode its frames, and copy everything else."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from dscvsr_cli.engine.background import Drain, Prefetch
from dscvsr_cli.engine.memory import peak_memory_bytes
from dscvsr_cli.engine.scene_tasks import KnownScenes
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import EventListener, StreamProgress
from dscvsr_cli.errors import FrameCountError
from dscvsr_cli.frames import Frame
from dscvsr_cli.pipelines.upscale.defaults import without_left_aside
from dscvsr_cli.pipelines.upscale.estimate import with_estimate
from dscvsr_cli.pipelines.upscale.finished import TakenName, recording
from dscvsr_cli.pipelines.upscale.job import (
    Interrupted,
    UpscaleJob,
    UpscalePlan,
    UpscaleReport,
    rate_of,
)
from dscvsr_cli.pipelines.upscale.job_group import JobGroup
from dscvsr_cli.pipelines.upscale.job_output import (
    Output,
    known_scene_starts,
    open_output,
)
from dscvsr_cli.pipelines.upscale.known_speed import remember_speed
from dscvsr_cli.pipelines.upscale.make_frames import FRAMES_AHEAD, enlarge
from dscvsr_cli.pipelines.upscale.network_plan import NetworkLoader
from dscvsr_cli.pipelines.upscale.output_place import folder_for
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob, prepare
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.pipelines.upscale.progress import JobProgress, JobProgressListener, WorkMeter
from dscvsr_cli.typed_values import takes_typed
from dscvsr_cli.video.read.open_input import input_name
from dscvsr_cli.video.write.target_file import Naming, unrecorded
from dscvsr_cli.weights.load import load_network


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobListeners:
    """What to call while a job runs: the arguments of ``upscale`` that have these names."""

    on_plan: Callable[[UpscalePlan], None] = _ignore
    on_frame: Callable[[int], None] = _ignore
    on_progress: JobProgressListener = _ignore
    on_event: EventListener = _ignore


@takes_typed
def upscale(
    job: UpscaleJob,
    *,
    load: NetworkLoader = load_network,
    on_plan: Callable[[UpscalePlan], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
    on_progress: JobProgressListener | None = None,
    on_event: EventListener | None = None,
) -> UpscaleReport:
    """Enlarge the video ``job.source`` and copy everything else in it.

    Decoder, network and encoder run at the same time, each a few frames ahead of the next. The
    target gets its name only when every frame that was read has been written. If a run ends early,
    what is finished stays beside the target, and ``job.resume`` continues from there.

    Args:
        job: What to do.
        load: Loads the network; pass a caching loader for many jobs.
        on_plan: Called with what will happen, before the first frame.
        on_frame: Called with the number of frames done, after each frame.
        on_progress: Called after every step of the network, many times for each frame.
        on_event: Called at scene starts, when memory runs out and when numbers overflow.

    Raises:
        UsageError: Options that cannot work together, or a target that must not be written.
        VideoError: The input cannot be read, the output not written, or a frame got lost.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
        Interrupted: Ctrl-C, when finished frames are kept, or the whole output.
        TypeError: Something that is no job, or no function where one belongs.
    """
    listeners = JobListeners(
        on_plan=on_plan or _ignore,
        on_frame=on_frame or _ignore,
        on_progress=on_progress or _ignore,
        on_event=on_event or _ignore,
    )
    return upscale_in_group(job, JobGroup(), listeners, load=load)


def upscale_in_group(
    job: UpscaleJob,
    group: JobGroup,
    listeners: JobListeners,
    *,
    asked: UpscaleJob | None = None,
    load: NetworkLoader = load_network,
) -> UpscaleReport:
    """Do what ``upscale`` does, as one of a group of jobs that run at the same time.

    Args:
        job: What to do.
        group: The memory that the jobs share, and the signal that ends them all.
        listeners: What to call meanwhile.
        asked: The job as the person asked for it, if something that it left open was settled since.
        load: Loads the network.

    Raises:
        DscvsrError: As ``upscale`` does.
        KeyboardInterrupt: Ctrl-C, or another job has ended them all.
    """
    ready = prepare(settle_preview(job), load=load)
    name = TakenName(ready.target.destination.file, _naming(ready, asked or job))
    try:
        return _upscale_prepared(ready, name.naming, group, listeners)
    except KeyboardInterrupt as interruption:
        if not name.is_taken:
            raise
        raise Interrupted(0, finished=ready.target.destination.path) from interruption


def _upscale_prepared(
    ready: PreparedJob, naming: Naming, group: JobGroup, listeners: JobListeners
) -> UpscaleReport:
    """Make the frames of a job and finish its output."""
    with ready.reader, folder_for(ready.job):
        output = open_output(ready, naming)
        started = time.monotonic()
        try:
            with output:
                plan = ready.plan.continued(output.frames_kept, ended=output.ended)
                plan = with_estimate(ready, plan)
                listeners.on_plan(plan)
                if not output.ended:
                    _make_missing_frames(ready, output, plan, group, listeners)
                # Still inside the output, which would give an incomplete file its name.
                check_count(output, ready.job.source)
                if ready.watch is not None:
                    ready.watch.check()
        except KeyboardInterrupt as interruption:
            if not output.frames_kept:
                raise
            raise Interrupted(output.frames_kept) from interruption
    return report_of(
        plan,
        output,
        seconds=time.monotonic() - started,
        peak_memory_bytes=peak_memory_bytes(ready.network.device),
    )


def _naming(ready: PreparedJob, asked: UpscaleJob) -> Naming:
    """Return what the output takes its name in: files are recorded, pipes are not."""
    destination = ready.target.destination
    if destination.is_pipe or ready.watch is None:
        return unrecorded
    made = without_left_aside(asked, ready.job)
    return recording(made, destination.file, ready.job.reading)


def _make_missing_frames(
    ready: PreparedJob,
    output: Output,
    plan: UpscalePlan,
    group: JobGroup,
    listeners: JobListeners,
) -> None:
    """Make the frames that the output does not have yet, as soon as there is memory for it."""
    with group.room(ready.network.memory_bytes):
        meter = WorkMeter(plan.frames, already=plan.frames_done)
        _enlarge_and_encode(ready, output, meter, _interruptible(listeners, group))
    remember_speed(ready, meter)


def _interruptible(listeners: JobListeners, group: JobGroup) -> JobListeners:
    """Return listeners that also end this job at its next step once all jobs are to end."""

    def report(progress: JobProgress) -> None:
        group.raise_if_stopped()
        listeners.on_progress(progress)

    return replace(listeners, on_progress=report)


def _enlarge_and_encode(
    ready: PreparedJob, output: Output, meter: WorkMeter, listeners: JobListeners
) -> None:
    """Pass frames from the reader through the network to the output, and count them."""
    # Frames that an earlier run, or a cluster, has made ahead of the others.
    finished = output.finished

    def encode(item: Frame | StreamState) -> None:
        if isinstance(item, Frame):
            output.write(item)
        else:
            output.mark(item)

    def done_after(made: int) -> int:
        """Count frames that are finished ahead of the stream as well."""
        return made + sum(len(span) for span in finished if span.start >= made)

    def follow(step: StreamProgress) -> None:
        listeners.on_progress(meter.step(replace(step, made=done_after(step.made))))

    numbers = (
        number
        for number in count(output.frames_written)
        if not any(number in span for span in finished)
    )
    with (
        Prefetch(ready.reader, depth=FRAMES_AHEAD, interrupt=ready.reader.interrupt) as frames,
        Drain(encode, depth=FRAMES_AHEAD) as encoder,
        closing(
            enlarge(
                ready,
                frames,
                plan=output.plan,
                resume=output.state,
                finished=finished,
                mark_scenes=KnownScenes(starts=known_scene_starts(output), complete=False),
                on_boundary=encoder.put,
                on_event=listeners.on_event,
                on_progress=follow,
            )
        ) as enlarged,
    ):
        for number, frame in zip(numbers, enlarged, strict=False):
            encoder.put(frame)
            done = done_after(number + 1)
            progress = meter.frame(done)
            listeners.on_frame(done)
            listeners.on_progress(progress)
    output.damaged_frames = ready.reader.damaged_frames
    output.frames_read = ready.reader.frames_read


def check_count(output: Output, source: Path) -> None:
    """Compare the frames written with what the reader counted, in this run or an earlier one.

    Raises:
        FrameCountError: The output has more or fewer frames.
    """
    if output.frames_read != output.frames_written:
        raise FrameCountError(
            f"{output.frames_read} frames were read from {input_name(source)}, but "
            f"{output.frames_written} written",
            hint="nothing was kept; please report this with the file",
        )


def report_of(
    plan: UpscalePlan, output: Output, *, seconds: float, peak_memory_bytes: int
) -> UpscaleReport:
    """Return what has happened to a job whose output is finished.

    Args:
        plan: What was to happen.
        output: What was written.
        seconds: Time from the first frame on.
        peak_memory_bytes: Peak memory of the device, or of the process.
    """
    return UpscaleReport(
        target=plan.target,
        frames_in=output.frames_read or 0,
        frames_out=output.frames_written,
        size=plan.size,
        seconds=seconds,
        frames_per_second=rate_of(output.frames_written - plan.frames_done, seconds),
        peak_memory_bytes=peak_memory_bytes,
        damaged_frames=output.damaged_frames,
        moved_timestamps=output.moved_timestamps,
        plan=plan,
        lost_packets=output.lost_packets,
    )
