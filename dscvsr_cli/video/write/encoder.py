"""FrameEncoder: frames in, packets out, by an encoder that is set up from a ``PictureSpec``."""

import logging
from collections.abc import Sequence
from typing import Any, Final, cast

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.pixels.colour import ColourInfo
from dscvsr_cli.video.pixels.convert import pixels_to_frame
from dscvsr_cli.video.read.side_data import CAPTIONS_EXTRA, captions_say_something
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.captions import CAPTION_CODECS, with_captions
from dscvsr_cli.video.write.encoder_options import hardware_device
from dscvsr_cli.video.write.encoder_words import encoder_options
from dscvsr_cli.video.write.gif_palette import PALETTE_FORMAT, with_palette
from dscvsr_cli.video.write.kept_scheduling import kept_scheduling
from dscvsr_cli.video.write.picture_spec import PictureSpec

_log: Final = logging.getLogger(__name__)

_GLOBAL_HEADER_FLAG: Final = 1 << 22
"""libav's AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets go into the file's header."""
_CONTAINER_WANTS_GLOBAL_HEADER: Final = 0x40
"""libav's AVFMT_GLOBALHEADER."""
_FRAME_DURATION_FLAG: Final = 1 << 8
"""libav's AV_CODEC_FLAG_FRAME_DURATION."""


def open_stream_encoder(stream: VideoStream, spec: PictureSpec) -> None:
    """Open the encoder of an output stream, which then knows everything its header needs.

    Raises:
        UsageError: The encoder refuses the settings.
    """
    stream.time_base = spec.timing.time_base
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
    context.options = encoder_options(
        options,
        hdr=spec.source.hdr,
        pixel_format=spec.pixel_format,
        stereo=spec.source.stereo,
        steady=spec.source.has_steady_rate,
        size=Size(spec.height, spec.width),
    )
    context.width, context.height = spec.width, spec.height
    context.pix_fmt = spec.pixel_format
    context.time_base = spec.timing.time_base
    context.thread_count = options.threads
    context.thread_type = "AUTO"
    context.flags |= _FRAME_DURATION_FLAG
    context.colorspace = spec.colour.matrix_tag
    context.color_range = spec.colour.range_tag
    context.color_primaries = spec.colour.primaries_tag
    context.color_trc = spec.colour.transfer_tag
    if spec.sample_aspect_ratio is not None:
        context.sample_aspect_ratio = spec.sample_aspect_ratio
    try:
        with kept_scheduling():
            context.open()
    except (av.FFmpegError, ValueError) as error:
        raise UsageError(
            f"{options.encoder} refuses {spec.width}x{spec.height} {spec.pixel_format} "
            f"({describe_error(error)})",
            hint="check --crf, --encoder-preset, --pix-fmt and --enc-opt, or try --encoder libx264",
        ) from error


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
    # ProRes takes its tags from the frames, not from the encoder's settings.
    picture.colorspace, picture.color_range = colour.matrix_tag, colour.range_tag
    picture.color_primaries, picture.color_trc = colour.primaries_tag, colour.transfer_tag


class FrameEncoder:
    """Encode frames on an opened encoder, at the times of a timeline."""

    def __init__(self, context: VideoCodecContext, spec: PictureSpec, timeline: Timeline) -> None:
        self._context = context
        self._spec = spec
        self._timeline = timeline
        self._codec = context.codec.canonical_name
        self._captions: dict[int, bytes] = {}
        # Those that were seen before work began were named then.
        self._warned_of_captions = CAPTIONS_EXTRA in spec.source.picture_extras

    def encode(self, frame: Frame) -> "list[Packet[VideoStream]]":
        """Encode one frame, which has the promised size once it is turned; on any device.

        Returns:
            The packets that came out, of this frame or earlier ones.

        Raises:
            ValueError: The frame has another size.
            av.FFmpegError: The encoder fails; callers report it with the target's name.
        """
        spec = self._spec
        frame = spec.as_stored(frame)
        if frame.pixels.shape != (3, spec.height, spec.width):
            raise ValueError(
                f"expected (3, {spec.height}, {spec.width}), got {tuple(frame.pixels.shape) = }"
            )
        picture = stored_picture(frame, spec.pixel_format, spec.colour)
        _tag(picture, spec.colour)
        picture.pts = self._timeline.place(spec.timing.ticks(frame.pts))
        # Both the frame and the encoder must name their unit; otherwise the encoder takes frame
        # numbers and the video runs hundreds of times too slowly.
        picture.time_base = spec.timing.time_base
        if duration := spec.timing.ticks(frame.duration):
            picture.duration = duration
        if frame.captions:
            self._take_captions(frame.captions, picture.pts)
        return self._captioned(self._context.encode(picture))

    def finish(self) -> "list[Packet[VideoStream]]":
        """Return the packets that the encoder still holds because it looks ahead."""
        return self._captioned(self._context.encode(None))

    def _take_captions(self, captions: bytes, pts: int) -> None:
        if self._codec in CAPTION_CODECS:
            self._captions[pts] = captions
        elif not self._warned_of_captions and captions_say_something(captions):
            self._warned_of_captions = True
            _log.warning("a later frame has %s, which will be lost", CAPTIONS_EXTRA)

    def _captioned(self, packets: "Sequence[Packet[Any]]") -> "list[Packet[VideoStream]]":
        done = []
        for packet in packets:
            captions = self._captions.pop(packet.pts, b"") if packet.pts is not None else b""
            if captions:
                twin: Packet[Any] = Packet(with_captions(bytes(packet), captions, self._codec))
                twin.pts, twin.dts, twin.duration = packet.pts, packet.dts, packet.duration
                twin.time_base, twin.is_keyframe = packet.time_base, packet.is_keyframe
                done.append(twin)
            else:
                done.append(packet)
        return cast("list[Packet[VideoStream]]", done)
