"""A trial before any work: one grey frame is encoded and muxed in memory."""

import io
from typing import cast

import av
import torch
from av.video.stream import VideoStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.containers import CONTAINERS
from dscvsr_cli.video.display_matrix import swaps_sides
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.video.write.encoder import FrameEncoder, open_stream_encoder
from dscvsr_cli.video.write.encoder_quality import required_hardware
from dscvsr_cli.video.write.picture_spec import PictureSpec

_FEW = 2
"""Containers that a hint names."""


def try_encoder(spec: PictureSpec) -> None:
    """Find out whether an encoder works here, and makes what the container can hold.

    Raises:
        UsageError: The hardware is missing, the size or the pixel format cannot be, an option has
            no such value, or the container cannot hold the result.
    """
    encoder, suffix = spec.options.encoder, spec.container.label
    try:
        with av.open(io.BytesIO(), "w", format=spec.container.name) as output:
            stream = cast("VideoStream", output.add_stream(encoder, rate=spec.rate))
            open_stream_encoder(stream, spec)
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
        _refuse_codec(spec)
        raise UsageError(
            f"{encoder} cannot write {spec.width}x{spec.height} {spec.pixel_format} into "
            f"{suffix} files ({describe_error(error)})",
            hint=_hint(encoder),
        ) from error
    except UsageError as error:
        if required_hardware(encoder) is None:
            raise
        raise UsageError(error.message, hint=_hint(encoder)) from error


def _refuse_codec(spec: PictureSpec) -> None:
    """Refuse an encoder whose codec the container does not hold; others pass.

    Muxers take some codecs that no list here names, so a trial comes first.

    Raises:
        UsageError: It does not, with encoders and containers that fit.
    """
    container, encoder = spec.container, spec.options.encoder
    codec = av.Codec(encoder, "w").canonical_name
    if codec in container.video or encoder == container.picture_encoder:
        return
    ways = [f"--encoder {container.picture_encoder}"]
    ways += [f"-o out{other.suffix}" for other in CONTAINERS if codec in other.video][:_FEW]
    raise UsageError(
        container.refusal(codec, encoder),
        hint=f"use {', or '.join(ways)}",
    )


def _hint(encoder: str) -> str:
    hardware = required_hardware(encoder)
    if hardware is None:
        return "write to .mkv, or choose another --encoder"
    return f"{encoder} needs {hardware}; --encoder libx264 works everywhere"
