"""What an output cannot say of its pictures: the shape of pixels, and what colours are meant."""

from fractions import Fraction

import av

from dscvsr_cli.video.containers import container_named
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import LeftOut
from dscvsr_cli.video.pixels.colour import BT2020_PRIMARIES, UNSPECIFIED
from dscvsr_cli.video.pixels.output_colour import colour_limits

_STORE_SHAPE = frozenset({"mp4", "mov", "yuv4mpegpipe"})
"""Containers that store the shape of pixels for every codec."""

_CODECS_WITH_SHAPE = frozenset({"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "theora"})

_VISIBLE_STRETCH = Fraction(1, 250)


def lost_shape(source: VideoInfo, container_format: str, encoder: str) -> LeftOut | None:
    """Return the loss of the shape of pixels (an anamorphic picture), or None where it is kept.

    MP4 and its kin store it for every codec. Elsewhere it must be part of the codec's own headers,
    because PyAV cannot tell the muxer of Matroska about it.

    Args:
        source: The probed file, as the output should look.
        container_format: FFmpeg's name of the muxer.
        encoder: FFmpeg's name of the picture's encoder.
    """
    aspect = source.sample_aspect_ratio or Fraction(1)
    codec = av.Codec(encoder, "w").canonical_name
    kept = container_format in _STORE_SHAPE or codec in _CODECS_WITH_SHAPE
    if kept or abs(aspect - 1) < _VISIBLE_STRETCH:
        return None
    name = container_named(container_format).suffix[1:]
    return LeftOut(
        what=f"the shape of pixels ({aspect.numerator}:{aspect.denominator})",
        reason=f"{codec} in {name} files cannot hold it, and the picture would look squeezed",
        fixes=("--square-pixels", "-o out.mp4", "--encoder libx264 into .mkv"),
    )


def lost_colours(source: VideoInfo, container_format: str, encoder: str) -> LeftOut | None:
    """Return the loss of primaries and transfer, or None where there are none or they are kept.

    Those of ordinary video look alike, so that their loss is only told; without those of HDR or of
    BT.2020 the picture looks wrong. The matrix is none of it: see ``output_colour``.

    Args:
        source: The probed file.
        container_format: FFmpeg's name of the muxer.
        encoder: FFmpeg's name of the picture's encoder.
    """
    colour = source.colour
    tags = {"primaries": colour.primaries_tag, "transfer": colour.transfer_tag}
    codec = av.Codec(encoder, "w").canonical_name
    if colour_limits(codec, container_format).tells_matrix or set(tags.values()) <= {UNSPECIFIED}:
        return None
    wrong = colour.is_hdr or colour.primaries_tag == BT2020_PRIMARIES
    if container_format == "gif" and not wrong:
        # Its pictures are RGB as screens show it.
        return None
    name = container_named(container_format).suffix[1:]
    named = " and ".join(f"{key} {tag}" for key, tag in tags.items() if tag != UNSPECIFIED)
    return LeftOut(
        what=f"what colours are meant ({named} of H.273)",
        reason=f"{codec} in {name} files cannot say it",
        fixes=("-o out.mkv",),
        refused=wrong,
    )
