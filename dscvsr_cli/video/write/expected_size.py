"""ExpectedSize: roughly how many bytes the frames of an output take.

The figures are means of what ``benchmarks/studies/encoded_sizes.py`` measures: of seven clips, five
of 320 to 480 pixels across and two of Vid4, twelve frames each, enlarged twice by the network, with
8 bits per sample; those of prores, prores_aw, dnxhd and utvideo are of seven other such clips,
where mjpeg took 0.94 bits and prores_ks 3.75. An encoder that could not be tried has that of one
like it.
"""

import math
from dataclasses import dataclass
from typing import Final

from av.video.format import VideoFormat

from dscvsr_cli.geometry import Size
from dscvsr_cli.video.encoder_names import BARE_FRAMES
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.encoder_quality import quality_setting

_BITS_PER_PIXEL: Final = {
    "prores_ks": 3.6,
    "prores": 2.2,
    "prores_aw": 2.2,
    "dnxhd": 3.5,
    "mjpeg": 1.1,
    "libx264": 0.32,
    "libx264rgb": 0.86,
    "libx265": 0.25,
    "libsvtav1": 0.23,
    "libaom-av1": 0.23,
    "libvpx-vp9": 0.38,
    "mpeg4": 0.56,
    "mpeg2video": 0.66,
    "mpeg1video": 0.64,
}
"""Of what is lost, at the default quality; clips took from a sixth to three times as much."""
_USUAL_BITS: Final = 0.32

_SHARE_OF_RAW: Final = {
    "rawvideo": 1.0,
    BARE_FRAMES: 1.0,
    "bmp": 1.0,
    "tiff": 0.9,
    "gif": 0.46,
    "qtrle": 0.54,
    "huffyuv": 0.4,
    "utvideo": 0.33,
    "png": 0.3,
    "ffv1": 0.2,
    "libwebp": 0.15,
}
"""Share of the bits of the pixel format that encoders take which store every frame exactly: from
0.03 to 0.37 for ffv1, and to 0.54 for png, clip by clip."""

_LOSSLESS_SHARE: Final = {
    "libvpx-vp9": 0.22,
    "libx264": 0.2,
    "libx265": 0.21,
    "libsvtav1": 0.2,
    "libx264rgb": 0.26,
}
"""The same for encoders that can do so, if they are asked to."""
_USUAL_LOSSLESS_SHARE: Final = 0.22

_USUAL_QUALITY: Final = 18
_QUALITY_OF_HALF: Final = 6
"""Steps of constant quality that halve a file."""
_POWER_OF_QUANTISER: Final = 0.7
"""By which power of a fixed quantiser files shrink: with each doubling they took 0.48 to 0.69."""

_LEAST_SHARE: Final = 1 / 8
"""Share of the estimate that a file takes at least; no measured clip took less than a seventh."""
_LEAST_SHARE_IF_EXACT: Final = 1 / 64
"""The same if every frame is stored exactly: drawings and screens then take next to nothing."""
_LEAST_SHARE_IF_RAW: Final = 0.9
"""The same if nothing is packed: only the number of frames may be a little off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSize:
    """An estimate, and how far off it may be."""

    size_bytes: int
    """What the frames take."""

    least_share: float
    """Share of it that they take at least, whatever they show."""


def expected_size(frames: int, size: Size, options: EncodeOptions) -> ExpectedSize:
    """Estimate what encoded frames take.

    Args:
        frames: How many there are.
        size: Size of each.
        options: How they are encoded; 4:2:0 with 8 bits if they name no pixel format.
    """
    share = _share_of_raw(options)
    least_share = _LEAST_SHARE
    if share is not None:
        bits = share * _raw_bits(options.pixel_format or "yuv420p", packed=share < 1)
        least_share = _LEAST_SHARE_IF_RAW if share == 1 else _LEAST_SHARE_IF_EXACT
    else:
        bits = _BITS_PER_PIXEL.get(options.encoder, _USUAL_BITS)
        bits *= _share_of_default(options)
    size_bytes = math.ceil(frames * size.height * size.width * bits / 8)
    return ExpectedSize(size_bytes=size_bytes, least_share=least_share)


def _share_of_default(options: EncodeOptions) -> float:
    """Return what a file takes at the wanted quality, as a share of what our default takes."""
    setting = quality_setting(options.encoder)
    if options.crf is None or setting is None:
        return 1.0
    if setting.scale == "whole":
        return math.pow(setting.default / max(1.0, options.crf), _POWER_OF_QUANTISER)
    return math.pow(2, (_USUAL_QUALITY - options.crf) / _QUALITY_OF_HALF)


def _share_of_raw(options: EncodeOptions) -> float | None:
    """Return the share of an encoder that stores every frame exactly; None if it does not."""
    if options.encoder in _SHARE_OF_RAW:
        return _SHARE_OF_RAW[options.encoder]
    if options.lossless:
        return _LOSSLESS_SHARE.get(options.encoder, _USUAL_LOSSLESS_SHARE)
    return None


def _raw_bits(pixel_format: str, *, packed: bool) -> int:
    """Return the bits of a pixel: those that mean something, or with the padding of each word."""
    stored = VideoFormat(pixel_format)
    return stored.bits_per_pixel if packed else stored.padded_bits_per_pixel
