"""What an output cannot say about its frames: sample aspect ratio, primaries and transfer."""

from fractions import Fraction
from typing import Final

import av

from dscvsr_cli.geometry import VISIBLE_STRETCH
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.left_out import LeftOut
from dscvsr_cli.video.pixels.colour import BT2020_PRIMARIES, UNSPECIFIED
from dscvsr_cli.video.pixels.output_colour import colour_limits

_CODECS_WITH_SHAPE = frozenset({"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "theora"})


def lost_shape(
    sample_aspect_ratio: Fraction | None, container: Container, encoder: str
) -> LeftOut | None:
    """Return the loss of the sample aspect ratio, or None if it is kept or square.

    MP4 and its kin store it for every codec. Elsewhere it must be part of the codec's own headers,
    because PyAV cannot pass it to Matroska's muxer.

    Args:
        sample_aspect_ratio: Of the output; None if it is unknown.
        container: What the output is.
        encoder: FFmpeg's name of the picture's encoder.
    """
    aspect = sample_aspect_ratio or Fraction(1)
    codec = av.Codec(encoder, "w").canonical_name
    kept = container.stores_aspect or codec in _CODECS_WITH_SHAPE
    if kept or abs(aspect - 1) < VISIBLE_STRETCH:
        return None
    place = container.label if codec == container.label else f"{codec} in {container.label}"
    return LeftOut(
        what=f"the sample aspect ratio ({aspect.numerator}:{aspect.denominator})",
        reason=f"{place} files cannot hold it, and the picture would look stretched or squeezed",
        fixes=("--square-pixels", "-o out.mp4", "--encoder libx264 into .mkv"),
    )


_P3: Final = frozenset({11, 12})
"""H.273 codes of the primaries of cinemas and of many phones, more vivid than those of screens."""


def lost_colours(source: VideoInfo, container: Container, encoder: str) -> LeftOut | None:
    """Return the loss of primaries and transfer, or None if there are none or they are kept.

    Those of ordinary video look much the same, so their loss is only reported; without those of HDR
    or of BT.2020 the picture looks wrong. The matrix is none of it: see ``output_colour``.

    Args:
        source: The probed file.
        container: What the output is.
        encoder: FFmpeg's name of the picture's encoder.
    """
    colour = source.colour
    tags = {"primaries": colour.primaries_tag, "transfer": colour.transfer_tag}
    codec = av.Codec(encoder, "w").canonical_name
    limits = colour_limits(codec, container.colour_tags)
    if limits.tags_matrix or set(tags.values()) <= {UNSPECIFIED}:
        return None
    wrong = colour.is_hdr or colour.primaries_tag == BT2020_PRIMARIES
    if container.screen_colours and not wrong and colour.primaries_tag not in _P3:
        return None
    label = container.label
    # The label of a container with a codec of its own says it all.
    made = (
        f"{label} files"
        if encoder == container.picture_encoder and not container.video
        else f"{codec} in {label} files"
    )
    named = " and ".join(f"{key} {tag}" for key, tag in tags.items() if tag != UNSPECIFIED)
    return LeftOut(
        what=f"the colour tags ({named} of H.273)",
        reason=f"{made} cannot store them",
        fixes=("-o out.png" if container.is_pictures else "-o out.mkv",),
        refused=wrong,
    )
