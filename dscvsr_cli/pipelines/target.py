"""Where an upscaled video goes: its name, container, encoder, pixel format and exact size."""

from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.pipelines.job import UpscaleJob
from dscvsr_cli.video.containers import container_of, default_encoder
from dscvsr_cli.video.encoders import EncodeOptions, output_pixel_format
from dscvsr_cli.video.formats import required_multiple
from dscvsr_cli.video.info import VideoInfo

FALLBACK_SUFFIX = ".mkv"
"""Of the output where the input's own container is none that is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target that fits the source and itself."""

    path: Path
    container: str
    """FFmpeg's name of the muxer."""
    size: Size
    pixel_format: str
    options: EncodeOptions


def choose_target(job: UpscaleJob, source: VideoInfo) -> Target:
    """Settle what ``job`` leaves open.

    Raises:
        UsageError: An encoder, pixel format, size or suffix that cannot be.
    """
    path = job.target or default_target(job)
    container = container_of(path)
    options = EncodeOptions(
        encoder=job.encoder or default_encoder(path),
        crf=job.crf,
        preset=job.preset,
        pixel_format=job.pixel_format,
    )
    pixel_format = output_pixel_format(source, options)
    size = output_size(
        Size(source.height, source.width),
        scale=job.scale,
        width=job.width,
        height=job.height,
        multiple=required_multiple(pixel_format),
    )
    return Target(
        path=path,
        container=container.name,
        size=size,
        pixel_format=pixel_format,
        options=options,
    )


def default_target(job: UpscaleJob) -> Path:
    """Return the name beside the source: ``clip_x2.7.mp4``, ``clip_1920x1080.mp4``."""
    if job.scale is not None:
        mark = f"x{job.scale:g}"
    elif job.width and job.height:
        mark = f"{job.width}x{job.height}"
    else:
        mark = f"{job.width}w" if job.width else f"{job.height}p"
    path = job.source.with_name(f"{job.source.stem}_{mark}{job.source.suffix}")
    try:
        container_of(path)
    except UsageError:
        return path.with_suffix(FALLBACK_SUFFIX)
    return path
