"""EncodeOptions: how frames are encoded, by which encoder, and in which pixel format."""

import difflib
from dataclasses import dataclass
from typing import Final

import av
from av.codec.hwaccel import HWAccel

from dscvsr_cli.errors import UsageError, refusals_about
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.encoder_names import BARE_FRAMES, shown_encoder
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.pixels.formats import (
    choose_pixel_format,
    holds_alpha,
    parse_plain,
    plain_format,
)
from dscvsr_cli.video.write.y4m import Y4M_FORMATS

_COMMON_ENCODERS: Final = "libx264, libx265, libsvtav1, libvpx-vp9, prores_ks, ffv1"

_DEEPER_ENCODERS: Final = {"libx264": ("libx265",), "libvpx-vp9": ("libsvtav1", "libaom-av1")}
"""What stands in for an encoder whose frames have too few bits, in the same containers."""


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
    """Further options by the encoder's own names, which say nothing that is said above."""

    threads: int = 0
    """Encoder threads; 0 leaves it to the encoder."""

    def __post_init__(self) -> None:
        """Refuse values that no encoder takes."""
        if self.lossless and self.crf is not None:
            raise UsageError(
                "--lossless and --crf contradict each other", hint="leave one of them out"
            ).about("lossless", "crf")
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
        ).about("encoder") from error
    if codec.type != "video":
        raise UsageError(
            f"{encoder} encodes {codec.type}, not video", hint=f"try one of {_COMMON_ENCODERS}"
        ).about("encoder")
    if encoder.endswith("_vaapi"):
        # They name only frames on the graphics card; these are uploaded to it.
        return ["nv12", "p010le"]
    if encoder == BARE_FRAMES:
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
    """Return the encoder for a container if the person names none.

    It is the container's usual one, unless that lacks alpha or bits that the source has, and
    another keeps them.
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
    with refusals_about("pix-fmt"):
        plain_format(wanted)
    if offered and wanted not in offered:
        raise UsageError(
            f"{shown_encoder(options.encoder)} cannot store {wanted}",
            hint=f"it takes {', '.join(offered)}",
            unfit="pix-fmt",
        )
    return wanted


def _is_plain_420(name: str) -> bool:
    plain = parse_plain(name)
    return (
        plain is not None and plain.family == "yuv" and plain.row_shift == plain.column_shift == 1
    )


def hardware_device(encoder: str) -> HWAccel | None:
    """Return the device whose memory an encoder reads frames from, None for the usual ones."""
    return HWAccel("vaapi") if encoder.endswith("_vaapi") else None
