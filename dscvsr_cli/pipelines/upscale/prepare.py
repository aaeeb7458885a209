"""Everything an upscaling job decides and checks before the first frame is decoded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dscvsr_cli.geometry import MAX_TRAINED_SCALE
from dscvsr_cli.pipelines.resume.input_watch import InputWatch
from dscvsr_cli.pipelines.upscale.being_written import is_being_written
from dscvsr_cli.pipelines.upscale.defaults import without_left_aside, without_unfit_defaults
from dscvsr_cli.pipelines.upscale.disk_space import (
    DiskNeed,
    check_disk,
    disk_warning,
    expected_disk,
)
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.network_plan import NetworkLoader, NetworkPlan, plan_network
from dscvsr_cli.pipelines.upscale.open_source import open_source
from dscvsr_cli.pipelines.upscale.other_streams import plan_others
from dscvsr_cli.pipelines.upscale.output_place import check_place
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.pipelines.upscale.source_warnings import source_warnings
from dscvsr_cli.pipelines.upscale.target import Target, choose_target
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.lossy import loses_nothing
from dscvsr_cli.video.passthrough.left_out import describe_stream
from dscvsr_cli.video.passthrough.passthrough_plan import PassthroughPlan, refuse_losses
from dscvsr_cli.video.passthrough.trial_audio import try_audio_encoders
from dscvsr_cli.video.passthrough.trial_copy import try_copying
from dscvsr_cli.video.read.expected_frames import expected_frames
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.picture_writer import StillEncoder
from dscvsr_cli.video.write.trial_encode import add_picture_stream, try_encoder
from dscvsr_cli.weights.load import load_network

SCALE_TOLERANCE = 0.05
"""How far rounding may push a factor beyond the trained ones before a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedJob:
    """A job with every choice made, ready to run."""

    job: UpscaleJob
    reader: VideoReader
    """The source, probed; a pipe is already open."""
    watch: InputWatch | None
    """What the source was when it was probed; None for a pipe, which nobody can replace."""
    plan: UpscalePlan
    target: Target
    network: NetworkPlan
    """What computes the frames, and how many at once."""
    others: PassthroughPlan
    disk: DiskNeed | None


def prepare(job: UpscaleJob, *, load: NetworkLoader = load_network) -> PreparedJob:
    """Decide everything that ``job`` leaves open, and refuse what cannot work.

    Args:
        job: What to do.
        load: Loads the network; pass a caching loader for many jobs.

    Raises:
        UsageError: Options that cannot work together, or a target that must not be written.
        VideoError: The input cannot be read.
        WeightsError: The weights are missing or damaged.
        DeviceError: The device is missing, or has too little memory.
    """
    job, reader, left_aside = without_unfit_defaults(job, open_source)
    try:
        return _prepare(job, reader, load, left_aside)
    except BaseException:
        reader.close()
        raise


def _prepare(
    job: UpscaleJob, reader: VideoReader, load: NetworkLoader, left_aside: tuple[str, ...]
) -> PreparedJob:
    """Decide where everything goes, then what computes the frames, and how many at once."""
    source = reader.info
    job, (target, others), also_left_aside = without_unfit_defaults(
        job, lambda job: _settle_output(job, source)
    )
    watch = (
        None
        if source.kind == "pipe"
        else InputWatch(job.source, start_number=job.reading.start_number)
    )
    need = expected_disk(job, source, target)
    check_disk(need)
    network = plan_network(job, source, target.size, load)
    warnings = (
        *_growing(source),
        *source_warnings(job, target.picture),
        *_warnings(source, target, others),
        *filter(None, [disk_warning(need)]),
    )
    return PreparedJob(
        job=job,
        reader=reader,
        watch=watch,
        plan=_plan_of(
            job, target, network, left_aside=(*left_aside, *also_left_aside), warnings=warnings
        ),
        target=target,
        network=network,
        others=others,
        disk=need,
    )


def without_unfit(job: UpscaleJob) -> UpscaleJob:
    """Return a job without those of its defaults that its input or output cannot take.

    Raises:
        UsageError: Options that cannot work together.
        VideoError: The input cannot be read.
    """
    # What is there under the output's name is not in the way of a question.
    settled = replace(settle_preview(job), overwrite=True)
    settled, reader, _ = without_unfit_defaults(settled, open_source)
    with reader:
        settled, _, _ = without_unfit_defaults(
            settled, lambda tried: _settle_output(tried, reader.info)
        )
    return without_left_aside(job, settled)


def _settle_output(job: UpscaleJob, source: VideoInfo) -> tuple[Target, PassthroughPlan]:
    """Return where the output goes and what of the input is in it."""
    target = choose_target(job, source)
    check_place(job, target)
    return target, _settle_streams(job, source, target)


def _settle_streams(job: UpscaleJob, source: VideoInfo, target: Target) -> PassthroughPlan:
    """Return what becomes of the other streams, once encoder and muxer have been tried."""
    # First: where the container cannot hold the frames, other streams do not matter.
    if target.container.is_pictures:
        StillEncoder(target.picture)
    elif not target.container.frames_only:
        try_encoder(target.picture)
    others = plan_others(job, source, target)
    refuse_losses(others, target.path.name, job.streams)
    if target.container.frames_only:
        return others
    return try_copying(
        source,
        try_audio_encoders(source, others),
        target.container,
        add_picture=lambda output: add_picture_stream(output, target.picture),
    )


def _plan_of(
    job: UpscaleJob,
    target: Target,
    network: NetworkPlan,
    *,
    left_aside: tuple[str, ...],
    warnings: tuple[str, ...],
) -> UpscalePlan:
    """Return what will happen, in one record without the objects that do it."""
    plan, source, span = network.stream_plan, target.picture.source, job.reading.span
    return UpscalePlan(
        source=source,
        target=target.path,
        size=target.canvas,
        encoder=target.options.encoder,
        pixel_format=target.pixel_format,
        device=str(network.device),
        dtype=str(network.dtype).removeprefix("torch."),
        runtime=network.runtime,
        converted_first=network.converted_first,
        weights=network.loaded.name,
        window=plan.window,
        look_ahead=plan.look_ahead,
        tile=plan.tile,
        ensemble=job.ensemble,
        steadied=network.steadying is not None,
        span=span,
        scenes_at_once=network.scenes.at_once,
        is_turned=target.picture.is_turned,
        frames=expected_frames(source, span),
        weights_if_uncompressed=_weights_if_uncompressed(job, source, network),
        left_aside=left_aside,
        warnings=warnings,
    )


def _weights_if_uncompressed(
    job: UpscaleJob, source: VideoInfo, network: NetworkPlan
) -> str | None:
    """Return weights to name where nobody chose, and a video may be as it was filmed or drawn."""
    entry = network.loaded.entry
    nobody_chose = job.weights is None and network.steadying is None
    is_video = source.frame_count != 1 and loses_nothing(source.codec)
    return entry.uncompressed if entry and nobody_chose and is_video else None


def _growing(source: VideoInfo) -> Iterator[str]:
    if source.kind == "file" and is_being_written(source.path):
        yield (
            f"{source.path} is open for writing in another program: if it changes before the end, "
            "this work is lost"
        )


def _warnings(source: VideoInfo, target: Target, others: PassthroughPlan) -> Iterator[str]:
    for stream in others.copied:
        if stream.is_moving_picture:
            yield (
                f"{describe_stream(stream)} is copied as it is, not enlarged (--video-stream "
                f"{stream.index} enlarges it instead, --no-other-videos leaves it out)"
            )
        if stream.begins_seconds is not None:
            yield (
                f"{describe_stream(stream)} is never there while the video is: it begins at "
                f"{stream.begins_seconds - float(source.start_seconds):.3f} s, as another program "
                "of a recording does (take one out first: ffmpeg -i IN -map 0:p:NUMBER -c copy OUT)"
            )
    yield from map(str, (*others.left_out, *others.converted))
    factor = max(target.size.height / source.height, target.size.width / source.width)
    if factor > MAX_TRAINED_SCALE + SCALE_TOLERANCE:
        yield f"x{factor:.3g} is beyond what the network was trained for (x{MAX_TRAINED_SCALE:g})"
