"""EncodeOptions: how the picture is encoded, and what each encoder calls it."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.formats import choose_pixel_format, plain_format
from dscvsr_cli.video.info import HdrMetadata, VideoInfo

_COMMON_ENCODERS: Final = "libx264, libx265, libsvtav1, libvpx-vp9, ffv1"

_QUALITY: Final[dict[str, tuple[str, float]]] = {
    "libx264": ("crf", 16),
    "libx264rgb": ("crf", 16),
    "libx265": ("crf", 18),
    "libsvtav1": ("crf", 20),
    "libaom-av1": ("crf", 18),
    "libvpx-vp9": ("crf", 18),
    "libvpx": ("crf", 8),
    "h264_nvenc": ("cq", 18),
    "hevc_nvenc": ("cq", 20),
    "av1_nvenc": ("cq", 24),
}
"""Option for constant quality, and a value fit for an archive copy: no loss the eye can find."""

_QUANTISER: Final = ("mpeg4", "mpeg2video", "mpeg1video", "mjpeg")
"""Encoders steered by a fixed quantiser; 2 is their best."""

_QUANTISER_UNIT: Final = 118
"""libav's FF_QP2LAMBDA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How to encode the picture."""

    encoder: str = "libx264"
    """FFmpeg's name of the encoder."""

    crf: float | None = None
    """Constant quality on the encoder's own scale, lower is better; None takes our default."""

    preset: str | None = None
    """The encoder's trade of speed against size ("slow", "6"); None takes the encoder's default."""

    pixel_format: str | None = None
    """FFmpeg's name of the stored format; None keeps the source's depth and chroma if possible."""

    threads: int = 0
    """Encoder threads; 0 leaves it to the encoder."""

    def __post_init__(self) -> None:
        """Refuse values that no encoder takes."""
        if self.crf is not None and not (math.isfinite(self.crf) and 0 <= self.crf <= 63):
            raise UsageError(
                f"the quality must be a number from 0 to 63, got {self.crf:g}",
                hint="16 to 20 is hard to tell from the original, 23 is fine for the web",
            )
        if self.threads < 0:
            raise UsageError(f"threads must not be negative, got {self.threads}")


def offered_formats(encoder: str) -> list[str]:
    """Return the names of the pixel formats that a video encoder takes, its favourite first.

    Raises:
        UsageError: There is no such encoder in this build, or it encodes something else.
    """
    try:
        codec = av.Codec(encoder, "w")
    except ValueError as error:
        raise UsageError(
            f"there is no encoder called {encoder!r} here", hint=f"try one of {_COMMON_ENCODERS}"
        ) from error
    if codec.type != "video":
        raise UsageError(
            f"{encoder} encodes {codec.type}, not video", hint=f"try one of {_COMMON_ENCODERS}"
        )
    # Formats that live on a graphics card have no components we could fill.
    return [format_.name for format_ in codec.video_formats or [] if format_.components]


def output_pixel_format(source: VideoInfo, options: EncodeOptions) -> str:
    """Return the format an output is stored in: the wanted one, or the one that keeps most.

    Raises:
        UsageError: The encoder does not exist, or does not take the wanted format.
    """
    offered = offered_formats(options.encoder)
    wanted = options.pixel_format
    if wanted is None:
        return choose_pixel_format(source.pixel_format, offered)
    plain_format(wanted)
    if offered and wanted not in offered:
        raise UsageError(
            f"{options.encoder} cannot store {wanted}", hint=f"it takes {', '.join(offered)}"
        )
    return wanted


def encoder_options(options: EncodeOptions, *, hdr: HdrMetadata | None) -> dict[str, str]:
    """Return the encoder's own option names and values.

    Raises:
        UsageError: ``crf`` for an encoder that has no such thing.
    """
    encoder = options.encoder
    result: dict[str, str] = {}
    if encoder in _QUALITY:
        name, default = _QUALITY[encoder]
        result[name] = f"{default if options.crf is None else options.crf:g}"
        if name == "cq" or encoder.startswith("libvpx"):
            # These aim at a bit rate unless it is set to nothing.
            result["b"] = "0"
    elif encoder in _QUANTISER:
        quantiser = 2.0 if options.crf is None else options.crf
        result |= {"flags": "+qscale", "global_quality": str(round(quantiser * _QUANTISER_UNIT))}
    elif options.crf is not None:
        raise UsageError(
            f"{encoder} has no constant quality setting", hint="leave the quality option out"
        )
    if encoder == "libvpx-vp9":
        result["row-mt"] = "1"
    if encoder.startswith("libvpx"):
        # Its own default, 1, takes several times as long as the network.
        result["cpu-used"] = "2"
    if options.preset is not None:
        result["cpu-used" if encoder.startswith("libvpx") else "preset"] = options.preset
    return result | _private_parameters(encoder, hdr)


def _private_parameters(encoder: str, hdr: HdrMetadata | None) -> dict[str, str]:
    parameters = _hdr_parameters(encoder, hdr) if hdr is not None else []
    if encoder == "libx265":
        # libx265 writes to the terminal by itself, past every log level of FFmpeg.
        return {"x265-params": ":".join(["log-level=error", *parameters])}
    names = {"libsvtav1": "svtav1-params", "libx264": "x264-params"}
    return {names[encoder]: ":".join(parameters)} if parameters and encoder in names else {}


def _hdr_parameters(encoder: str, hdr: HdrMetadata) -> list[str]:
    """Return mastering display and light levels the way the encoder's own library spells them."""
    light = ",".join(str(level) for level in hdr.content_light or ())
    display = ""
    if hdr.primaries and hdr.luminance is not None:
        red, green, blue, white = hdr.primaries
        # AV1 takes chromaticities as they are; the x26x family counts in steps of 0.00002 and
        # luminance in steps of 0.0001 cd/m2.
        is_av1 = encoder == "libsvtav1"
        step, luminance_step = (1, 1) if is_av1 else (50000, 10000)
        pairs = {"G": green, "B": blue, "R": red, "WP": white}
        least, greatest = (value * luminance_step for value in hdr.luminance)
        pairs["L"] = (greatest, least)
        display = "".join(
            f"{name}({_number(x * (1 if name == 'L' else step), is_av1)},"
            f"{_number(y * (1 if name == 'L' else step), is_av1)})"
            for name, (x, y) in pairs.items()
        )
    names = {
        "libx264": ("mastering-display", "cll"),
        "libx265": ("master-display", "max-cll"),
        "libsvtav1": ("mastering-display", "content-light"),
    }
    if encoder not in names:
        return []
    values = zip(names[encoder], (display, light), strict=True)
    return [f"{name}={value}" for name, value in values if value]


def _number(value: Fraction, decimal: bool) -> str:  # noqa: FBT001
    return f"{float(value):.5f}" if decimal else str(round(value))
