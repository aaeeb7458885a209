"""How to ask each encoder for a quality: one table for crf, cq, global_quality, qp and q:v."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.encoder_names import shown_encoder

_QUANTISER_UNIT: Final = 118
"""libav's FF_QP2LAMBDA."""

_GREATEST_SCALE: Final = 255
"""No encoder's scale is longer; an option that takes larger numbers is checked by the encoder."""

Scale = Literal["plain", "whole", "scaled percent", "percent", "tenth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySetting:
    """The constant quality setting of one encoder."""

    options: tuple[str, ...]
    """Options that all get the value."""

    default: float
    """A value fit for an archive copy: no visible loss."""

    most: float = 63
    """The worst quality of its scale, which begins at 0, unless FFmpeg knows it."""

    also: tuple[tuple[str, str], ...] = ()
    """Further options without which the value has no effect."""

    scale: Scale = "plain"
    """How the value is written: as it is; as a whole number from 1 on; as a percentage, better the
    higher it is, times 118 where libav wants that ("scaled"); or from 0 to 10."""

    def values(self, quality: float | None) -> dict[str, str]:
        """Return options and values for a quality where lower is better; None is the default."""
        written = _SCALES[self.scale](self.default if quality is None else quality)
        return dict(self.also) | dict.fromkeys(self.options, written)


def _percent(value: float) -> int:
    # 18, which a person would give to x264, comes out as 64 of 100: about as good there.
    return max(1, round(100 - 2 * value))


_SCALES: Final[dict[Scale, Callable[[float], str]]] = {
    "plain": lambda value: f"{value:g}",
    "whole": lambda value: str(max(1, round(value))),
    "percent": lambda value: str(_percent(value)),
    "scaled percent": lambda value: str(_percent(value) * _QUANTISER_UNIT),
    "tenth": lambda value: str(round(max(0.0, 10 - value / 6) * _QUANTISER_UNIT)),
}

_NO_BITRATE: Final = (("b", "0"),)
"""For encoders that aim at a bit rate unless it is set to 0."""

_QSCALE: Final = (("flags", "+qscale"),)

_FIXED_QUANTISER: Final = QualitySetting(
    options=("qmin", "qmax"), default=2, most=31, also=_QSCALE, scale="whole"
)
"""For encoders that are steered by a fixed quantiser from 1 on. They read it from frames, where
PyAV cannot write it, and keep it between these two."""

_BY_NAME: Final[dict[str, QualitySetting]] = {
    "libx264": QualitySetting(options=("crf",), default=16, most=51),
    "libx264rgb": QualitySetting(options=("crf",), default=16, most=51),
    "libx265": QualitySetting(options=("crf",), default=18, most=51),
    "libsvtav1": QualitySetting(options=("crf",), default=20),
    "libaom-av1": QualitySetting(options=("crf",), default=18, also=_NO_BITRATE),
    "librav1e": QualitySetting(options=("qp",), default=60),
    "libvvenc": QualitySetting(options=("qp",), default=20),
    "libvpx-vp9": QualitySetting(options=("crf",), default=18, also=_NO_BITRATE),
    "libvpx": QualitySetting(options=("crf",), default=8, also=_NO_BITRATE),
    "libtheora": QualitySetting(
        options=("global_quality",), default=6, also=_QSCALE, scale="tenth"
    ),
    "mpeg4": _FIXED_QUANTISER,
    "libxvid": _FIXED_QUANTISER,
    "mpeg2video": _FIXED_QUANTISER,
    "mpeg1video": _FIXED_QUANTISER,
    "mjpeg": _FIXED_QUANTISER,
    "av1_nvenc": QualitySetting(options=("cq",), default=24, also=_NO_BITRATE),
    "h264_nvenc": QualitySetting(options=("cq",), default=18, most=51, also=_NO_BITRATE),
    "hevc_nvenc": QualitySetting(options=("cq",), default=20, most=51, also=_NO_BITRATE),
}

_BY_HARDWARE: Final[dict[str, QualitySetting]] = {
    "qsv": QualitySetting(options=("global_quality",), default=18),
    "vaapi": QualitySetting(options=("global_quality",), default=18, also=(("rc_mode", "CQP"),)),
    "vulkan": QualitySetting(options=("qp",), default=18, also=(("rc_mode", "cqp"),)),
    "amf": QualitySetting(options=("qp_i", "qp_p"), default=18, also=(("rc", "cqp"),)),
    "videotoolbox": QualitySetting(
        options=("global_quality",), default=18, also=_QSCALE, scale="scaled percent"
    ),
    "mf": QualitySetting(
        options=("quality",),
        default=18,
        also=(("rate_control", "quality"),),
        scale="percent",
    ),
}
"""Encoders that run on a graphics card or in the system, by the last part of their names."""

_LOSSLESS: Final[dict[str, dict[str, str]]] = {
    "libx264": {"qp": "0"},
    "libx264rgb": {"qp": "0"},
    "libx265": {"x265-params": "lossless=1"},
    "libvpx-vp9": {"lossless": "1"},
    "libsvtav1": {"svtav1-params": "lossless=1"},
    "libaom-av1": {"aom-params": "lossless=1"},
    "libwebp": {"lossless": "1"},
    "h264_nvenc": {"tune": "lossless"},
    "hevc_nvenc": {"tune": "lossless"},
}

_HARDWARE_NAMES: Final = {
    "nvenc": "an NVIDIA graphics card with its driver",
    "qsv": "an Intel graphics card with oneVPL",
    "vaapi": "a graphics card with a VA-API driver",
    "amf": "an AMD graphics card with its driver",
    "vulkan": "a graphics card whose Vulkan driver encodes video",
    "videotoolbox": "macOS",
    "mf": "Windows",
    "v4l2m2m": "a chip that encodes video for Linux",
}


def quality_setting(encoder: str) -> QualitySetting | None:
    """Return the constant quality setting of an encoder, or None if it has none."""
    if encoder.startswith("prores"):
        return None
    return _BY_NAME.get(encoder) or _BY_HARDWARE.get(encoder.rpartition("_")[2])


def quality_options(encoder: str, quality: float | None) -> dict[str, str]:
    """Return the options that ask an encoder for constant quality, lower being better.

    Raises:
        UsageError: A quality for an encoder that has no such thing, or beyond its scale.
    """
    known = quality_setting(encoder)
    if known is not None:
        if quality is not None:
            _check_quality(encoder, known, quality)
        return known.values(quality)
    if quality is not None:
        raise UsageError(
            f"{shown_encoder(encoder)} has no constant quality setting",
            hint="leave out --crf",
            unfit="crf",
        )
    return {}


def _check_quality(encoder: str, setting: QualitySetting, quality: float) -> None:
    most = _worst_quality(encoder, setting)
    # NaN is within no range.
    if 0 <= quality <= most:
        return
    refusal = UsageError(
        f"the quality of {encoder} goes from 0 (best) to {most:g}, got {quality:g}",
        hint=f"leave --crf out for {setting.default:g}, which is close to the original",
        unfit="crf",
    )
    if not 0 <= quality < math.inf:
        # Another encoder would not take it either.
        refusal.unfit = None
    raise refusal


def _worst_quality(encoder: str, setting: QualitySetting) -> float:
    """Return the end of an encoder's scale as FFmpeg gives it; some of its options have none."""
    if setting.scale != "plain" or encoder not in av.codecs_available:
        return setting.most
    supported = av.CodecContext.create(encoder, "w").supported_options
    ends = [
        option.max
        for option in (*supported.generic, *supported.private)
        if option.name in setting.options and option.max <= _GREATEST_SCALE
    ]
    return min(ends, default=setting.most)


def lossless_options(encoder: str) -> dict[str, str]:
    """Return the options that make an encoder lose nothing; none if it never does.

    Raises:
        UsageError: It always loses something.
    """
    if encoder in _LOSSLESS:
        return dict(_LOSSLESS[encoder])
    codec = av.Codec(encoder, "w")
    # GIF loses nothing of a palette, and nearly all of the colours that do not fit into one.
    if codec.lossless and not codec.lossy and encoder != "gif":
        return {}
    raise UsageError(
        f"{encoder} cannot encode without loss",
        hint="--lossless works with --encoder ffv1, libx264, libx265 or libvpx-vp9",
        unfit="lossless",
    )


def required_hardware(encoder: str) -> str | None:
    """Say what an encoder needs beside the processor, in words; None if nothing."""
    return _HARDWARE_NAMES.get(encoder.rpartition("_")[2]) if "_" in encoder else None
