"""FrameEncoder: frames in, packets out, by an encoder that is set up from the source's tags."""

import logging
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.containers import Container
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.colour import ColourInfo
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.pixels.formats import plain_format, required_multiple
from dscvsr_cli.video.pixels.output_colour import colour_limits, output_colour
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.encoder_options import (
    EncodeOptions,
    encoder_options,
    hardware_device,
    output_pixel_format,
)
from dscvsr_cli.video.write.gif_palette import PALETTE_FORMAT, with_palette

_log: Final = logging.getLogger(__name__)

_ASSUMED_RATE: Final = Fraction(25)
_GLOBAL_HEADER_FLAG: Final = 1 << 22
"""libav's AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets go into the file's header."""
_CONTAINER_WANTS_GLOBAL_HEADER: Final = 0x40
"""libav's AVFMT_GLOBALHEADER."""
_FRAME_DURATION_FLAG: Final = 1 << 8
"""libav's AV_CODEC_FLAG_FRAME_DURATION."""

_NARROWEST_X265: Final = 64
"""Columns of its largest block; with fewer it writes past its own memory and ends the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """The picture of an output, settled: everything an encoder must be told.

    Two encoders opened from equal specs make packets that fit together in one stream.
    """

    source: VideoInfo
    """The probed input: times, colours and tags are taken from it."""

    container: Container
    """Where the packets will go."""

    height: int
    """Rows."""

    width: int
    """Columns."""

    options: EncodeOptions
    """How to encode."""

    pixel_format: str
    """FFmpeg's name of the stored format."""

    colour: ColourInfo
    """How the stored numbers mean colours."""

    @property
    def rate(self) -> Fraction:
        """Frames per second, as far as known; only a hint for the encoder's rate control."""
        return self.source.frame_rate or _ASSUMED_RATE


def settle_picture(
    source: VideoInfo, container: Container, *, height: int, width: int, options: EncodeOptions
) -> PictureSpec:
    """Settle pixel format and colours of an output.

    Raises:
        UsageError: The encoder does not exist, or format and size do not fit.
    """
    pixel_format = output_pixel_format(source, options)
    plain = plain_format(pixel_format)
    rows, columns = required_multiple(pixel_format)
    if height % rows or width % columns:
        raise UsageError(
            f"{pixel_format} pictures need sides that are multiples of "
            f"{columns}x{rows}, got {width}x{height}",
            hint="choose an even size, or --pix-fmt yuv444p",
        )
    if options.encoder == "libx265" and width < _NARROWEST_X265:
        raise UsageError(
            f"libx265 cannot encode pictures narrower than {_NARROWEST_X265} pixels, got {width}",
            hint="choose a larger size, or --encoder libx264",
        )
    return PictureSpec(
        source=source,
        container=container,
        height=height,
        width=width,
        options=options,
        pixel_format=pixel_format,
        colour=output_colour(
            source.colour,
            pixel_format=plain,
            height=height,
            width=width,
            limits=colour_limits(
                av.Codec(options.encoder, "w").canonical_name,
                container.name,
                source_siting=source.colour.siting,
            ),
        ),
    )


def open_stream_encoder(stream: VideoStream, spec: PictureSpec) -> None:
    """Open the encoder of an output stream, which then knows everything its header needs.

    Raises:
        UsageError: The encoder refuses the settings.
    """
    stream.time_base = spec.source.time_base
    _open(stream.codec_context, spec)


def open_encoder(spec: PictureSpec) -> VideoCodecContext:
    """Open an encoder that belongs to no file, equal to the one of ``open_stream_encoder``.

    Raises:
        UsageError: The encoder refuses the settings.
    """
    encoder = spec.options.encoder
    context = cast(
        "VideoCodecContext",
        av.CodecContext.create(encoder, "w", hwaccel=hardware_device(encoder)),
    )
    context.framerate = spec.rate
    muxer = av.ContainerFormat(spec.container.name, "w")
    if muxer.flags & _CONTAINER_WANTS_GLOBAL_HEADER:
        context.flags |= _GLOBAL_HEADER_FLAG
    _open(context, spec)
    return context


def _open(context: VideoCodecContext, spec: PictureSpec) -> None:
    options = spec.options
    context.options = encoder_options(options, hdr=spec.source.hdr, pixel_format=spec.pixel_format)
    context.width, context.height = spec.width, spec.height
    context.pix_fmt = spec.pixel_format
    context.time_base = spec.source.time_base
    context.thread_count = options.threads
    context.thread_type = "AUTO"
    context.flags |= _FRAME_DURATION_FLAG
    context.colorspace = spec.colour.matrix_tag
    context.color_range = spec.colour.range_tag
    context.color_primaries = spec.colour.primaries_tag
    context.color_trc = spec.colour.transfer_tag
    if spec.source.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = spec.source.sample_aspect_ratio
    try:
        context.open()
    except (av.FFmpegError, ValueError) as error:
        raise UsageError(
            f"{options.encoder} refuses {spec.width}x{spec.height} {spec.pixel_format} "
            f"({describe_error(error)})",
            hint="check --crf, --preset, --pix-fmt and --enc-opt, or try --encoder libx264",
        ) from error
    # What the encoder does not know is handed back.
    if options.preset is not None and "preset" in context.options:
        raise UsageError(f"{options.encoder} has no presets", hint="leave the preset out")


def stored_picture(frame: Frame, pixel_format: str, colour: ColourInfo) -> av.VideoFrame:
    """Return a frame as the encoder takes it; the caller gives it a time."""
    full_colour = "rgb24" if frame.alpha is None else "bgra"
    picture = pixels_to_frame(
        frame.pixels,
        pixel_format=full_colour if pixel_format == PALETTE_FORMAT else pixel_format,
        colour=colour,
        alpha=frame.alpha,
    )
    return with_palette(picture) if pixel_format == PALETTE_FORMAT else picture


def _tag(picture: av.VideoFrame, colour: ColourInfo) -> None:
    # ProRes is tagged from its pictures and not from what its encoder was told.
    picture.colorspace, picture.color_range = colour.matrix_tag, colour.range_tag
    picture.color_primaries, picture.color_trc = colour.primaries_tag, colour.transfer_tag


class FrameEncoder:
    """Encode frames on an opened encoder, at the times of a timeline."""

    def __init__(self, context: VideoCodecContext, spec: PictureSpec, timeline: Timeline) -> None:
        self._context = context
        self._spec = spec
        self._timeline = timeline

    def encode(self, frame: Frame) -> "list[Packet[VideoStream]]":
        """Encode one frame of the promised size, its pixels on any device.

        Returns:
            The packets that came out, of this frame or earlier ones.

        Raises:
            ValueError: The frame has another size.
            av.FFmpegError: The encoder fails; callers report it with the target's name.
        """
        spec = self._spec
        if frame.pixels.shape != (3, spec.height, spec.width):
            raise ValueError(
                f"expected (3, {spec.height}, {spec.width}), got {tuple(frame.pixels.shape) = }"
            )
        picture = stored_picture(frame, spec.pixel_format, spec.colour)
        _tag(picture, spec.colour)
        picture.pts = self._timeline.place(frame.pts)
        # Both the frame and the encoder must name their unit; otherwise the encoder takes frame
        # numbers and the picture runs hundreds of times too slowly.
        picture.time_base = spec.source.time_base
        if frame.duration:
            picture.duration = frame.duration
        return cast("list[Packet[VideoStream]]", self._context.encode(picture))

    def finish(self) -> "list[Packet[VideoStream]]":
        """Return the packets the encoder still holds: as many frames as it looks ahead."""
        return cast("list[Packet[VideoStream]]", self._context.encode(None))
