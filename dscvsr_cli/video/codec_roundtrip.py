"""What codecs do to frames: encoded and decoded again in memory, one for one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal

import av
import torch.nn.functional as F
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from torch import Tensor

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.pixels.colour import ColourInfo, resolve_colour
from dscvsr_cli.video.pixels.convert import frame_to_pixels, pixels_to_frame
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.read.quantiser import ask_for_quantisers, with_steps

CodecName = Literal["h264", "vp9", "mpeg4", "mpeg2video"]

PIXEL_FORMAT: Final = "yuv420p"

_SAME_LOSS_CRF: Final = 18
"""H.264's rate factor that is about as lossy as a quantiser of 2 in the MPEG codecs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoder:
    """How one codec is encoded, about as lossy as H.264 at a constant rate factor."""

    name: str
    options: Callable[[int], dict[str, str]]
    """Options of the encoder for H.264's rate factor."""


def _fixed_quantiser(crf: int) -> dict[str, str]:
    # A quantiser doubles with every six steps of a rate factor.
    quantiser = str(min(31, max(1, round(2 * 2 ** ((crf - _SAME_LOSS_CRF) / 6)))))
    return {"qmin": quantiser, "qmax": quantiser}


_ENCODERS: Final[Mapping[CodecName, _Encoder]] = MappingProxyType(
    {
        # Macroblock trees give other frames from run to run in some builds, even with one thread.
        "h264": _Encoder(
            name="libx264",
            options=lambda crf: {
                "crf": str(crf),
                "preset": "medium",
                "x264-params": "mbtree=0",
            },
        ),
        "vp9": _Encoder(
            name="libvpx-vp9",
            options=lambda crf: {
                "crf": str(round(crf * 63 / 51)),
                "b": "0",
                "deadline": "realtime",
                "cpu-used": "8",
                "lag-in-frames": "0",
            },
        ),
        "mpeg4": _Encoder(name="mpeg4", options=_fixed_quantiser),
        "mpeg2video": _Encoder(name="mpeg2video", options=_fixed_quantiser),
    }
)


def compress(frames: Iterable[Tensor], *, crf: int, codec: CodecName = "h264") -> Iterator[Frame]:
    """Send frames through a codec (4:2:0, 8 bits) at a constant quality.

    ``(3, H, W)`` RGB in [0, 1] each, all of one size -> the same number and size, in order,
    float32 in [0, 1], with how coarsely each was rounded. Odd sides are padded by repeating the
    edge and cropped afterwards. One thread encodes, so the same frames always give the same result.

    Args:
        frames: What to compress.
        crf: The constant rate factor of libx264 at preset "medium"; the other codecs are set to
            lose about as much.
        codec: Which codec.

    Raises:
        OutputVideoError: This build of FFmpeg has no such encoder, or it refuses the frames.
    """
    try:
        yield from _round_trip(iter(frames), crf, codec)
    except (av.FFmpegError, ValueError) as error:
        raise OutputVideoError(
            f"the frames could not be compressed with {codec}: {describe_error(error)}",
            hint=f"this needs a build of PyAV with {_ENCODERS[codec].name}, and a CRF of 0 to 51",
        ) from error


def _round_trip(frames: Iterator[Tensor], crf: int, codec: CodecName) -> Iterator[Frame]:
    first = next(frames, None)
    if first is None:
        return
    height, width = first.shape[-2:]
    colour = resolve_colour(pixel_format=plain_format(PIXEL_FORMAT), height=height, width=width)
    encoder = _open_encoder(height + height % 2, width + width % 2, crf, codec)
    decoder = av.CodecContext.create(codec, "r")
    if not isinstance(decoder, VideoCodecContext):
        raise TypeError(f"the decoder of {codec} decodes no frames")
    ask_for_quantisers(decoder)
    packets = _encode(encoder, first, frames, colour)
    decoded = (frame for packet in packets for frame in decoder.decode(packet))
    for place, (frame, step) in enumerate(with_steps(decoded, codec)):
        pixels = frame_to_pixels(frame, colour)[:, :height, :width].clamp(0, 1)
        yield Frame(pixels=pixels, pts=place, quantiser_step=step)


def _encode(
    encoder: VideoCodecContext, first: Tensor, others: Iterator[Tensor], colour: ColourInfo
) -> "Iterator[Packet[VideoStream] | None]":
    """Yield the packets of all frames, and None at the end to drain the decoder."""
    picture: Tensor | None = first
    index = 0
    while picture is not None:
        height, width = picture.shape[-2:]
        padded = F.pad(picture[None], (0, width % 2, 0, height % 2), mode="replicate")[0]
        frame = pixels_to_frame(padded, pixel_format=PIXEL_FORMAT, colour=colour)
        frame.pts = index
        yield from encoder.encode(frame)
        picture, index = next(others, None), index + 1
    yield from encoder.encode(None)
    yield None


def _open_encoder(height: int, width: int, crf: int, codec: CodecName) -> VideoCodecContext:
    settings = _ENCODERS[codec]
    encoder = av.CodecContext.create(settings.name, "w")
    if not isinstance(encoder, VideoCodecContext):
        raise TypeError(f"{settings.name} encodes no frames")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, PIXEL_FORMAT
    encoder.time_base = Fraction(1, 25)
    encoder.framerate = Fraction(25)
    encoder.thread_count = 1
    encoder.options = settings.options(crf)
    return encoder
