"""The target of a job: its name, container, encoder, pixel format and exact size."""

import contextlib
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.side_by_side import view_size
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import (
    PICTURE_ENCODERS,
    PIPE_FORMATS,
    container_of,
    picture_container,
    pipe_container,
)
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.formats import required_multiple
from dscvsr_cli.video.read.measured_rate import require_constant_rate
from dscvsr_cli.video.read.open_input import source_kind
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import (
    EncodeOptions,
    output_pixel_format,
    suitable_encoder,
)
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from dscvsr_cli.video.write.sequence_writer import PictureNames, is_sequence_target, picture_names
from dscvsr_cli.video.write.target_file import Destination, resolve_destination

FALLBACK_SUFFIX = ".mkv"
"""Suffix of the output where the input's own container cannot be written."""

_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the output goes and what its frames are, decided once."""

    destination: Destination
    """The file, the pipe, or the folder of pictures."""
    size: Size
    """Size of an enlarged frame."""
    picture: PictureSpec
    """What is written: twice as wide where two frames are shown side by side."""
    names: PictureNames | None = None
    """Where single pictures go; None for one file."""

    @property
    def path(self) -> Path:
        """The name as the person gave it."""
        return self.destination.path

    @property
    def container(self) -> Container:
        """What kind of file it is."""
        return self.picture.container

    @property
    def canvas(self) -> Size:
        """Size of the frames that are written."""
        return Size(self.picture.height, self.picture.width)

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of the stored pixel format."""
        return self.picture.pixel_format

    @property
    def options(self) -> EncodeOptions:
        """How the frames are encoded."""
        return self.picture.options


def choose_target(job: UpscaleJob, source: VideoInfo) -> Target:
    """Decide what ``job`` leaves open.

    Raises:
        UsageError: An encoder, pixel format, size or suffix that cannot be, or a rate that varies
            where the container needs a constant one.
    """
    path = job.target or default_target(job)
    destination = resolve_destination(path)
    names = picture_names(path, source) if is_sequence_target(path, source) else None
    container = _container(job, destination, names)
    options = _encode_options(job, container, source)
    pixel_format = output_pixel_format(source, options, for_players=container.for_players)
    size = _output_size(job, source, container, pixel_format)
    canvas = view_size(size, job.compare)
    picture = settle_picture(
        source,
        container,
        height=canvas.height,
        width=canvas.width,
        options=replace(options, pixel_format=pixel_format),
        timing=_timing(job, source, container),
        square_pixels=job.square_pixels,
    )
    return Target(destination=destination, size=size, picture=picture, names=names)


def _output_size(
    job: UpscaleJob, source: VideoInfo, container: Container, pixel_format: str
) -> Size:
    """Return the size of the stored frames; width and height in the job are those people see."""
    turned = source.is_turned and container.rotation
    rows, columns = required_multiple(pixel_format)
    aspect = pixel_aspect(source, square_pixels=job.square_pixels)
    shown = output_size(
        Size(source.height, source.width).turned(by_quarter=turned),
        scale=job.scale,
        width=job.width,
        height=job.height,
        multiple=(columns, rows) if turned else (rows, columns),
        pixel_aspect=1 / aspect if turned else aspect,
    )
    return shown.turned(by_quarter=turned)


def _encode_options(job: UpscaleJob, container: Container, source: VideoInfo) -> EncodeOptions:
    return EncodeOptions(
        encoder=job.encoder or suitable_encoder(container, source),
        crf=job.crf,
        preset=job.encoder_preset,
        pixel_format=job.pixel_format,
        lossless=job.lossless,
        extra=job.encoder_options,
    )


def _timing(job: UpscaleJob, source: VideoInfo, container: Container) -> OutputTiming:
    if container.constant_rate:
        # A part that is cut out begins at zero, whenever the file does.
        from_zero = container.audio_is_gapless and job.reading.span.start == 0
        rate = require_constant_rate(source, container.suffix, from_zero=from_zero)
        return OutputTiming.constant(source, rate)
    if container.clock is not None:
        return OutputTiming.rounded(source, container.clock)
    return OutputTiming.like(source)


def pixel_aspect(source: VideoInfo, *, square_pixels: bool) -> Fraction:
    """Return the factor by which to widen pixels; 1 leaves them as they are."""
    return (source.sample_aspect_ratio or Fraction(1)) if square_pixels else Fraction(1)


def _container(job: UpscaleJob, destination: Destination, names: PictureNames | None) -> Container:
    if names is not None:
        return picture_container(names.suffix)
    path = destination.path
    if not destination.is_pipe:
        if job.output_format is not None:
            raise UsageError(
                "--format is for pipes; the name of a file says what it is",
                hint="write -o out.mkv, or -o - --format matroska",
            )
        return container_of(path)
    if job.output_format is None and path.suffix:
        # A named pipe may say what it wants.
        return container_of(path)
    return pipe_container(job.output_format or PIPE_FORMATS[0])


def default_target(job: UpscaleJob) -> Path:
    """Return the name beside the source: ``clip_x2.7.mp4``, ``clip_1920x1080_preview.mp4``.

    An image sequence gets a folder, with the same names in it, unless the job names a container.

    Raises:
        UsageError: A pipe has no name to derive one from.
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
        return _default_sequence(job.source, mark, job.container)
    if kind == "pipe":
        raise UsageError(
            "a pipe has no name to derive an output's from", hint="say where to write with -o"
        )
    named = job.source.with_name(f"{job.source.stem}_{mark}{job.source.suffix}")
    return writable_name(named, job.container)


def writable_name(path: Path, container: str | None = None) -> Path:
    """Return a name with the suffix of a container, or its own where that can be written.

    Args:
        path: A name with or without a suffix.
        container: The suffix to take, without its dot.
    """
    suffix = FALLBACK_SUFFIX if container is None else f".{container}"
    if container is None:
        with contextlib.suppress(UsageError):
            container_of(path)
            return path
    # "clip_x1.5" has no suffix, although a dot is in it.
    known = _SUFFIX.fullmatch(path.suffix)
    return path.with_suffix(suffix) if known else path.with_name(f"{path.name}{suffix}")


def _default_sequence(source: Path, mark: str, container: str | None) -> Path:
    if container is not None:
        folder = (source if source.is_dir() else source.parent).resolve()
        return folder.with_name(f"{folder.name}_{mark}.{container}")
    if source.is_dir():
        folder = source.resolve()
        return folder.with_name(f"{folder.name}_{mark}")
    folder = source.parent.resolve()
    name = source.name if source.suffix.lower() in PICTURE_ENCODERS else f"{source.stem}.png"
    return folder.with_name(f"{folder.name}_{mark}") / name
