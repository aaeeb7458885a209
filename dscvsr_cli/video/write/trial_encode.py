"""A trial before any work: one grey frame is encoded and muxed in memory."""

import io
from contextlib import suppress
from dataclasses import replace
from typing import cast

import av
import torch
from av.container import OutputContainer
from av.video.stream import VideoStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.display_matrix import swaps_sides
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.encoder import FrameEncoder, open_encoder, open_stream_encoder
from dscvsr_cli.video.write.encoder_fit import codec_of, is_listed, refused_codec
from dscvsr_cli.video.write.encoder_quality import required_hardware
from dscvsr_cli.video.write.picture_spec import PictureSpec


def try_encoder(spec: PictureSpec) -> None:
    """Find out whether an encoder works here, and makes what the container can hold.

    Raises:
        UsageError: The hardware is missing, the size or the pixel format cannot be, an option has
            no such value, or the container cannot hold the result.
    """
    encoder, suffix = spec.options.encoder, spec.container.label
    written = io.BytesIO()
    try:
        with av.open(written, "w", format=spec.container.name) as output:
            stream = add_picture_stream(output, spec)
            output.start_encoding()
            timeline = Timeline(name=spec.source.path)
            picture_encoder = FrameEncoder(stream.codec_context, spec, timeline)
            size = Size(spec.height, spec.width).turned(by_quarter=swaps_sides(spec.turn))
            grey = torch.full((3, size.height, size.width), 0.5)
            for packet in (
                *picture_encoder.encode(Frame(pixels=grey, pts=0)),
                *picture_encoder.finish(),
            ):
                # libx265 takes decoding times from memory it never filled when a clip is shorter
                # than its reordering delay. A single frame is never reordered.
                packet.dts = packet.pts
                packet.stream = stream
                output.mux(packet)
    except (av.FFmpegError, ValueError) as error:
        if not is_listed(spec.container, encoder):
            raise refused_codec(spec.container, encoder) from error
        raise UsageError(
            f"{encoder} cannot write {spec.width}x{spec.height} {spec.pixel_format} into "
            f"{suffix} files ({describe_error(error)})",
            hint=_hint(encoder, spec.container),
        ) from error
    except UsageError as error:
        if required_hardware(encoder) is not None:
            raise error.with_hint(_hint(encoder, spec.container)) from error
        raise _refused_option(spec) or error from error
    # Some muxers take every codec, and write what nothing can read.
    if not is_listed(spec.container, encoder) and _codec_read(written) != codec_of(encoder):
        raise refused_codec(spec.container, encoder)


def _refused_option(spec: PictureSpec) -> UsageError | None:
    """Return the refusal of the option without which the encoder opens, if there is one."""
    options = spec.options
    extra = " ".join(f"{name}={value}" for name, value in options.extra)
    for option, value, without in (
        ("encoder-preset", options.preset, replace(options, preset=None)),
        ("enc-opt", extra, replace(options, extra=())),
    ):
        if value:
            with suppress(UsageError):
                open_encoder(replace(spec, options=without))
                return UsageError(
                    f"{options.encoder} does not take --{option} {value}",
                    hint=f"leave it out; ffmpeg -h encoder={options.encoder} lists what it takes",
                    unfit=option,
                )
    return None


def add_picture_stream(output: OutputContainer, spec: PictureSpec) -> VideoStream:
    """Add the stream of the frames to an output, its encoder opened.

    Raises:
        UsageError: The encoder refuses the settings.
        ValueError: The container does not take the encoder.
    """
    stream = cast("VideoStream", output.add_stream(spec.options.encoder, rate=spec.rate))
    open_stream_encoder(stream, spec)
    return stream


def _codec_read(written: io.BytesIO) -> str:
    """Return the codec of the video in what was muxed, as whoever reads it finds it."""
    written.seek(0)
    try:
        with av.open(written) as container:
            return codec_name(container.streams.video[0])
    except (av.FFmpegError, ValueError, IndexError):
        return ""


def _hint(encoder: str, container: Container) -> str:
    hardware = required_hardware(encoder)
    if hardware is not None:
        return f"{encoder} needs {hardware}; --encoder libx264 works everywhere"
    return f"choose another --encoder{' or write to .mkv' * (container.suffix != '.mkv')}"
