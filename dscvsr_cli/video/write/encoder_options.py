"""EncodeOptions: how frames are encoded, and what each encoder calls it."""

import difflib
import math
from dataclasses import dataclass
from typing import Final

import av
from av.codec.context import OptionFlags
from av.codec.hwaccel import HWAccel

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.info import HdrMetadata, VideoInfo
from dscvsr_cli.video.pixels.formats import (
    choose_pixel_format,
    holds_alpha,
    parse_plain,
    plain_format,
)
from dscvsr_cli.video.write.encoder_quality import lossless_options, quality_options
from dscvsr_cli.video.write.private_parameters import private_parameters, safety_parameters
from dscvsr_cli.video.write.y4m import Y4M_FORMATS

_COMMON_ENCODERS: Final = "libx264, libx265, libsvtav1, libvpx-vp9, prores_ks, ffv1"

_DEEPER_ENCODERS: Final = {"libx264": ("libx265",), "libvpx-vp9": ("libsvtav1", "libaom-av1")}
"""What stands in for an encoder whose frames have too few bits, in the same containers."""

_PRESET_OPTION: Final = {
    "libvpx": "cpu-used",
    "libvpx-vp9": "cpu-used",
    "libaom-av1": "cpu-used",
    "librav1e": "speed",
    "h264_amf": "quality",
    "hevc_amf": "quality",
    "av1_amf": "quality",
}
"""What encoders call their trade of speed against size, where it is not "preset"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How to encode the frames."""

    encoder: str = "libx264"
    """FFmpeg's name of the encoder."""

    crf: float | None = None
    """Constant quality on the encoder's own scale, lower is better; None takes our default."""

    preset: str | None = None
    """The encoder's trade of speed against size ("slow", "6"); None takes the encoder's default."""

    pixel_format: str | None = None
    """FFmpeg's name of the stored format; None keeps the source's depth and chroma if possible."""

    lossless: bool = False
    """Whether the stored frames must come back exactly."""

    extra: tuple[tuple[str, str], ...] = ()
    """Further options by the encoder's own names; they win over everything above."""

    threads: int = 0
    """Encoder threads; 0 leaves it to the encoder."""

    def __post_init__(self) -> None:
        """Refuse values that no encoder takes."""
        if self.lossless and self.crf is not None:
            raise UsageError(
                "--lossless and --crf contradict each other", hint="leave one of them out"
            )
        if self.crf is not None and not (math.isfinite(self.crf) and 0 <= self.crf <= 63):
            raise UsageError(
                f"the quality must be a number from 0 to 63, got {self.crf:g}",
                hint="16 to 20 is hard to tell from the original, 23 is fine for the web",
            )
        if self.threads < 0:
            raise ValueError(f"threads must not be negative, got {self.threads}")


def offered_formats(encoder: str) -> list[str]:
    """Return the names of the pixel formats that a video encoder takes, its favourite first.

    Raises:
        UsageError: There is no such encoder in this build, or it encodes something else.
    """
    try:
        codec = av.Codec(encoder, "w")
    except ValueError as error:
        # H.264 and H.265 are called x264 and x265 in names of encoders.
        alike = encoder.replace("h26", "x26")
        close = difflib.get_close_matches(alike, _COMMON_ENCODERS.split(", "), n=1)
        suggestion = f"did you mean {close[0]}? or " if close else ""
        raise UsageError(
            f"there is no encoder called {encoder!r} here",
            hint=f"{suggestion}try one of {_COMMON_ENCODERS}",
        ) from error
    if codec.type != "video":
        raise UsageError(
            f"{encoder} encodes {codec.type}, not video", hint=f"try one of {_COMMON_ENCODERS}"
        )
    if encoder.endswith("_vaapi"):
        # They name only frames on the graphics card; these are uploaded to it.
        return ["nv12", "p010le"]
    if encoder == "wrapped_avframe":
        # Frames as they are, which y4m files hold.
        return list(Y4M_FORMATS)
    if encoder == "libwebp":
        # Its YUV is 8 bits of 4:2:0; only from RGB does it lose nothing.
        return ["bgra"]
    if encoder == "gif":
        # Every frame gets a palette of its own, which its other formats do not have.
        return ["pal8"]
    # Formats that live on a graphics card have no components we could fill.
    names = [format_.name for format_ in codec.video_formats or [] if format_.components]
    return [name for name in names if _is_taken(encoder, name)]


def _is_taken(encoder: str, pixel_format: str) -> bool:
    """Return whether an encoder takes a format that it names."""
    if encoder == "libx265":
        # In most builds it refuses alpha as soon as it gets a frame.
        return not plain_format(pixel_format).alpha
    if encoder == "libvpx-vp9":
        # Alpha is a second stream of 4:2:0; it opens with no other format that has some.
        return pixel_format == "yuva420p" or not plain_format(pixel_format).alpha
    return True


def suitable_encoder(container: Container, source: VideoInfo) -> str:
    """Return the encoder for a container where the person names none.

    It is the container's usual one, unless that lacks alpha or bits where the source has
    them, and another keeps them.
    """
    stand_ins = _DEEPER_ENCODERS.get(container.picture_encoder, ())
    if source.has_alpha:
        stand_ins += container.clear_encoders
    choices = [container.picture_encoder]
    choices += [name for name in stand_ins if name in av.codecs_available]

    def missing(name: str) -> tuple[int, int, int]:
        chosen = choose_pixel_format(
            source.pixel_format, offered_formats(name), alpha=source.has_alpha
        )
        stored, wanted = plain_format(chosen), source.plain
        coarser = stored.row_shift > wanted.row_shift or stored.column_shift > wanted.column_shift
        opaque = source.has_alpha and not holds_alpha(chosen)
        return int(opaque), int(coarser), max(0, source.bit_depth - stored.bits)

    return min(choices, key=missing)


def output_pixel_format(
    source: VideoInfo, options: EncodeOptions, *, for_players: bool = False
) -> str:
    """Return the format an output is stored in: the wanted one, or the one that keeps most.

    Args:
        source: What is enlarged.
        options: How it is encoded.
        for_players: Whether RGB is stored as 4:2:0, which every player shows; video that is YUV
            already keeps its chroma resolution.

    Raises:
        UsageError: The encoder does not exist, or does not take the wanted format.
    """
    offered = offered_formats(options.encoder)
    wanted = options.pixel_format
    if wanted is None:
        if for_players and source.plain.family == "rgb" and not options.lossless:
            common = [name for name in offered if _is_plain_420(name)]
            offered = offered if source.has_alpha else common or offered
        return choose_pixel_format(source.pixel_format, offered, alpha=source.has_alpha)
    plain_format(wanted)
    if offered and wanted not in offered:
        raise UsageError(
            f"{options.encoder} cannot store {wanted}", hint=f"it takes {', '.join(offered)}"
        )
    return wanted


def _is_plain_420(name: str) -> bool:
    plain = parse_plain(name)
    return (
        plain is not None and plain.family == "yuv" and plain.row_shift == plain.column_shift == 1
    )


def encoder_options(
    options: EncodeOptions,
    *,
    hdr: HdrMetadata | None,
    pixel_format: str = "yuv420p",
    stereo: str | None = None,
    steady: bool = False,
    size: Size | None = None,
) -> dict[str, str]:
    """Return the encoder's own option names and values.

    Args:
        options: How to encode.
        hdr: Static HDR metadata to write.
        pixel_format: What is stored.
        stereo: How two views share a frame, as ``VideoInfo.stereo`` says.
        steady: Whether all frames last equally long.
        size: Size of the frames; None where they are large.

    Raises:
        UsageError: A quality or losslessness that the encoder does not have, or an option it does
            not know.
    """
    encoder = options.encoder
    check_extra_options(options)
    if options.lossless:
        result = lossless_options(encoder)
    else:
        result = quality_options(encoder, options.crf)
    result |= _usual_options(encoder, pixel_format)
    if options.preset is not None:
        result[_PRESET_OPTION.get(encoder, "preset")] = options.preset
    ours = private_parameters(encoder, hdr, stereo, steady=steady)
    # A later word wins: what a person says over ours, and what keeps the process alive over all.
    for name, value in (*ours, *options.extra, *safety_parameters(encoder, size)):
        joined = name.endswith("-params") and name in result
        result[name] = f"{result[name]}:{value}" if joined else value
    return result


def _usual_options(encoder: str, pixel_format: str) -> dict[str, str]:
    """Return the options of an archive copy that are not the encoder's own defaults."""
    if encoder.startswith("libvpx"):
        # Its own default, 1, takes several times as long as the network.
        usual = {"cpu-used": "2"} | ({"row-mt": "1"} if encoder == "libvpx-vp9" else {})
        # VP8's encoder has alpha only without frames that are never shown.
        has_alpha = encoder == "libvpx" and pixel_format.startswith("yuva")
        return usual | ({"auto-alt-ref": "0"} if has_alpha else {})
    if encoder == "libaom-av1":
        return {"cpu-used": "4", "row-mt": "1"}
    if encoder == "prores_ks":
        full_colour = "444" in pixel_format
        alpha = {"alpha_bits": "16"} if pixel_format.startswith("yuva") else {}
        # The highest profile of each kind: 422 HQ and 4444.
        return {"profile": "4444" if full_colour else "hq", "vendor": "apl0"} | alpha
    if encoder == "dnxhd":
        deep = plain_format(pixel_format).bits > 8
        full_colour = "444" in pixel_format or pixel_format.startswith("gbr")
        return {"profile": "dnxhr_444" if full_colour else "dnxhr_hqx" if deep else "dnxhr_hq"}
    if encoder == "libwebp":
        return {"lossless": "1"}
    # Version 3 stores a checksum with every slice, and several threads can encode it.
    return {"level": "3", "slicecrc": "1"} if encoder == "ffv1" else {}


def check_extra_options(options: EncodeOptions) -> None:
    """Refuse an option that the encoder does not know.

    Raises:
        UsageError: It does not know one, or there is no such encoder.
    """
    offered_formats(options.encoder)
    if not options.extra:
        return
    supported = av.CodecContext.create(options.encoder, "w").supported_options
    known = {
        option.name
        for option in (*supported.generic, *supported.private)
        if option.flags & OptionFlags.ENCODING_PARAM and option.flags & OptionFlags.VIDEO_PARAM
    }
    for name, _ in options.extra:
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=3)
            suggestion = f"did you mean {' or '.join(close)}? " if close else ""
            raise UsageError(
                f"{options.encoder} has no option called {name!r}",
                hint=f"{suggestion}ffmpeg -h encoder={options.encoder} lists them",
            )


def hardware_device(encoder: str) -> HWAccel | None:
    """Return the device whose memory an encoder reads frames from, None for the usual ones."""
    return HWAccel("vaapi") if encoder.endswith("_vaapi") else None
