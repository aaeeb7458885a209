"""The target of a job: its name, container, encoder, pixel format and exact size."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.errors import UsageError, refusals_about
from dscvsr_cli.geometry import Size, output_size, shape_keeping_aspect
from dscvsr_cli.pipelines.upscale.job import SIZE_OPTIONS, UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import default_target
from dscvsr_cli.pipelines.upscale.side_by_side import view_size
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import (
    PIPE_FORMATS,
    container_of,
    names_picture,
    picture_container,
    pipe_container,
)
from dscvsr_cli.video.display_matrix import swaps_sides
from dscvsr_cli.video.encoder_names import encoder_called
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.formats import required_multiple
from dscvsr_cli.video.read.measured_rate import require_constant_rate
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.timestamps import OutputTiming
from dscvsr_cli.video.write.encoder_options import (
    EncodeOptions,
    output_pixel_format,
    suitable_encoder,
)
from dscvsr_cli.video.write.picture_names import (
    PictureNames,
    is_sequence_target,
    picture_names,
    single_picture,
)
from dscvsr_cli.video.write.picture_spec import PictureSpec, settle_picture
from dscvsr_cli.video.write.target_file import Destination, resolve_destination

_UNJOINABLE = frozenset({"gif", "apng", "libwebp", "libwebp_anim"})
"""Encoders whose segments cannot be joined: each one is a file with its own beginning and end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the output goes and what its frames are, decided once."""

    destination: Destination
    """The file, the pipe, or the folder of pictures."""
    size: Size
    """Size of an enlarged frame."""
    picture: PictureSpec
    """What is written: twice as wide if two frames are shown side by side."""
    names: PictureNames | None = None
    """Where pictures go; None for a video."""

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
        UsageError: An encoder, pixel format, size or suffix that cannot be, or a varying rate for a
            container that needs a constant one.
    """
    path = job.target or default_target(job)
    destination = resolve_destination(path)
    names = _names(destination, source, job.reading)
    container = _container(job, destination, names)
    options = _encode_options(job, container, source)
    pixel_format = output_pixel_format(source, options, for_players=container.for_players)
    with refusals_about(*SIZE_OPTIONS):
        size = _output_size(job, source, container, pixel_format)
    canvas = view_size(size, job.compare, source.display_matrix)
    is_turned_now = container.is_upright and swaps_sides(source.display_matrix)
    canvas = canvas.turned(by_quarter=is_turned_now)
    picture = settle_picture(
        source,
        container,
        height=canvas.height,
        width=canvas.width,
        options=replace(options, pixel_format=pixel_format),
        timing=_timing(job, source, container),
        sample_aspect_ratio=_new_aspect(job, source, size, is_turned_now=is_turned_now),
    )
    return Target(destination=destination, size=size, picture=picture, names=names)


def _names(
    destination: Destination, source: VideoInfo, reading: ReadOptions
) -> PictureNames | None:
    if is_sequence_target(destination.path, source):
        return picture_names(destination.path, source, reading)
    if names_picture(destination.path) and not destination.is_pipe:
        return single_picture(destination, source)
    return None


def writes_in_one_go(target: Target) -> bool:
    """Return whether an output cannot be joined from segments: pipes, image sequences, GIF."""
    return (
        target.container.frames_only
        or target.destination.is_pipe
        or target.options.encoder in _UNJOINABLE
    )


def _output_size(
    job: UpscaleJob, source: VideoInfo, container: Container, pixel_format: str
) -> Size:
    """Return the size of the stored frames; width and height in the job are those people see."""
    turned = source.is_turned and (container.rotation or swaps_sides(source.display_matrix))
    rows, columns = required_multiple(pixel_format)
    aspect = _widening(job, source)
    shown = output_size(
        Size(source.height, source.width).turned(by_quarter=turned),
        scale=job.scale,
        width=job.width,
        height=job.height,
        multiple=(columns, rows) if turned and container.rotation else (rows, columns),
        pixel_aspect=1 / aspect if turned else aspect,
    )
    return shown.turned(by_quarter=turned)


def _encode_options(job: UpscaleJob, container: Container, source: VideoInfo) -> EncodeOptions:
    return EncodeOptions(
        encoder=encoder_called(job.encoder or suitable_encoder(container, source)),
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


def _widening(job: UpscaleJob, source: VideoInfo) -> Fraction:
    """Return by what to widen pixels, so that a size in the job is the size people see."""
    if job.scale is not None and not job.square_pixels:
        return Fraction(1)
    return source.sample_aspect_ratio or Fraction(1)


def _new_aspect(
    job: UpscaleJob, source: VideoInfo, size: Size, *, is_turned_now: bool
) -> Fraction | None:
    """Return the sample aspect ratio of the output; None keeps that of the source.

    A size may have another shape than the video, which its pixels then make up for. If frames
    are turned by a quarter before they are stored, what was wide becomes tall.
    """
    if job.square_pixels:
        return Fraction(1)
    old = source.sample_aspect_ratio
    if job.scale is not None:
        return 1 / old if old is not None and is_turned_now else None
    new = shape_keeping_aspect(Size(source.height, source.width), size, old or Fraction(1))
    if is_turned_now:
        return 1 / new
    return None if new == (old or 1) else new


def _container(job: UpscaleJob, destination: Destination, names: PictureNames | None) -> Container:
    if names is not None:
        return picture_container(names.suffix)
    path = destination.path
    if not destination.is_pipe:
        if job.output_format is not None:
            raise UsageError(
                "--format is for pipes; the name of a file says what it is",
                hint="write -o out.mkv, or -o - --format matroska",
                unfit="format",
            )
        return container_of(path)
    if job.output_format is None and path.suffix:
        # A named pipe may say what it wants.
        return container_of(path)
    with refusals_about("format"):
        return pipe_container(job.output_format or PIPE_FORMATS[0])
