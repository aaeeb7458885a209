"""Where an upscaled video goes: its name, container, encoder, pixel format and exact size."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.pipelines.upscale.input import pixel_aspect
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.side_by_side import view_size
from dscvsr_cli.video.constant_rate import on_coarse_clock, on_steady_clock
from dscvsr_cli.video.containers import (
    PICTURE_ENCODERS,
    Container,
    container_named,
    container_of,
    picture_container,
)
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.formats import required_multiple
from dscvsr_cli.video.read.measured_rate import require_steady
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.write.encoder import PictureSpec, settle_picture
from dscvsr_cli.video.write.encoder_options import (
    EncodeOptions,
    output_pixel_format,
    suitable_encoder,
)
from dscvsr_cli.video.write.sequence_writer import PictureNames, is_sequence_target, picture_names
from dscvsr_cli.video.write.target_file import PIPE_FORMATS, is_pipe_target

FALLBACK_SUFFIX = ".mkv"
"""Of the output where the input's own container is none that is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target that fits the source and itself."""

    path: Path
    container: str
    """FFmpeg's name of the muxer; "image2" for single pictures."""
    size: Size
    """Of an enlarged picture."""
    canvas: Size
    """Of the pictures that are written: twice as wide where two are shown side by side."""
    pixel_format: str
    options: EncodeOptions
    names: PictureNames | None = None
    """Where single pictures go; None for one file."""
    rate: Fraction | None = None
    """Ticks per second of a container with a clock of its own, once per picture where the rate must
    be constant; None keeps the source's."""

    def on_clock(self, source: VideoInfo) -> VideoInfo:
        """Return a source whose times are counted as the container counts them."""
        if self.rate is None:
            return source
        own = self.names is None and container_named(self.container).clock is not None
        return on_coarse_clock(source, self.rate) if own else on_steady_clock(source, self.rate)

    @property
    def holds_picture_alone(self) -> bool:
        """Say whether sound and the rest have no place by the nature of the output."""
        return self.names is not None or self.container == "yuv4mpegpipe"


def choose_target(job: UpscaleJob, source: VideoInfo) -> Target:
    """Settle what ``job`` leaves open.

    Raises:
        UsageError: An encoder, pixel format, size or suffix that cannot be, or a rate that varies
            where the container knows none such.
    """
    path = job.target or default_target(job)
    names = picture_names(path, source) if is_sequence_target(path, source) else None
    container = _container(job, path, names)
    options = EncodeOptions(
        encoder=job.encoder or suitable_encoder(container, source),
        crf=job.crf,
        preset=job.preset,
        pixel_format=job.pixel_format,
        lossless=job.lossless,
        extra=job.encoder_options,
    )
    pixel_format = output_pixel_format(source, options)
    size = output_size(
        Size(source.height, source.width),
        scale=job.scale,
        width=job.width,
        height=job.height,
        multiple=required_multiple(pixel_format),
        pixel_aspect=pixel_aspect(source, square_pixels=job.square_pixels),
    )
    return Target(
        path=path,
        container=container.name,
        size=size,
        canvas=view_size(size, job.compare),
        pixel_format=pixel_format,
        options=options,
        names=names,
        rate=require_steady(source, container.suffix, from_zero=container.audio_is_gapless)
        if container.constant_rate
        else container.clock,
    )


def target_picture(source: VideoInfo, target: Target) -> PictureSpec:
    """Return the picture of a target that is one file, as its encoder must be told of it.

    Args:
        source: The input as the writer should see it.
        target: Where it goes.

    Raises:
        UsageError: Format and size do not fit.
    """
    return settle_picture(
        target.on_clock(source),
        container_named(target.container),
        height=target.canvas.height,
        width=target.canvas.width,
        options=target.options,
    )


def _container(job: UpscaleJob, path: Path, names: PictureNames | None) -> Container:
    if names is not None:
        return picture_container(names.suffix)
    if not is_pipe_target(path):
        if job.output_format is not None:
            raise UsageError(
                "--format is for pipes; the name of a file says what it is",
                hint="write -o out.mkv, or -o - --format matroska",
            )
        return container_of(path)
    if job.output_format is None and path.suffix:
        # A named pipe may say what it wants.
        return container_of(path)
    wanted = job.output_format or PIPE_FORMATS[0]
    if wanted not in PIPE_FORMATS:
        raise UsageError(
            f"{wanted} cannot be written to a pipe", hint=f"one of {', '.join(PIPE_FORMATS)} can"
        )
    return container_named(wanted)


def default_target(job: UpscaleJob) -> Path:
    """Return the name beside the source: ``clip_x2.7.mp4``, ``clip_1920x1080_preview.mp4``.

    Of an image sequence it is that of a folder, with the same names in it.

    Raises:
        UsageError: What comes from a pipe has no name.
    """
    if job.scale is not None:
        mark = f"x{job.scale:g}"
    elif job.width and job.height:
        mark = f"{job.width}x{job.height}"
    else:
        mark = f"{job.width}w" if job.width else f"{job.height}p"
    if job.compare is not None:
        mark += f"_{job.compare}"
    if job.preview_seconds is not None:
        mark += "_preview"
    kind = source_kind(job.source)
    if kind == "sequence":
        return _default_sequence(job.source, mark)
    if kind == "pipe":
        raise UsageError("what comes from a pipe has no name", hint="say where to write with -o")
    return writable_name(job.source.with_name(f"{job.source.stem}_{mark}{job.source.suffix}"))


def writable_name(path: Path) -> Path:
    """Return a name itself, or the same in a container that is written where its own is not."""
    try:
        container_of(path)
    except UsageError:
        return path.with_suffix(FALLBACK_SUFFIX)
    return path


def _default_sequence(source: Path, mark: str) -> Path:
    if source.is_dir():
        folder = source.resolve()
        return folder.with_name(f"{folder.name}_{mark}")
    folder = source.parent.resolve()
    name = source.name if source.suffix.lower() in PICTURE_ENCODERS else f"{source.stem}.png"
    return folder.with_name(f"{folder.name}_{mark}") / name
