"""The colours of an output: which matrix and range it is written in, and how it is tagged."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from dscvsr_cli.video.pixels.colour import (
    RANGE_FULL,
    RANGE_LIMITED,
    RANGE_UNSPECIFIED,
    TAG_OF_MATRIX,
    UNSPECIFIED,
    ColourInfo,
    Matrix,
    Siting,
    codec_siting,
    resolve_colour,
)
from dscvsr_cli.video.pixels.formats import PlainFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourLimits:
    """What an output can say about its colours; by default everything."""

    tags_matrix: bool = True
    """Whether matrix, primaries and transfer can be tagged."""

    tags_range: bool = True
    """Whether the range can be tagged."""

    matrix: Matrix | None = None
    """The only matrix there is, or None."""

    full_range: bool | None = None
    """The only range there is, or None."""

    siting: Siting = "left"
    """Where players look for chroma across a row."""


ColourTags = Literal["all", "range", "codec"]
"""What a container stores: matrix, range, primaries and transfer for every codec; the range and the
place of chroma, and nothing else; or nothing, so that the codec's own headers must say it."""


def colour_limits(
    codec: str, stored: ColourTags, *, source_siting: Siting = "left"
) -> ColourLimits:
    """Return what an output can say about its colours.

    Args:
        codec: FFmpeg's name of the codec.
        stored: What the container stores.
        source_siting: Where the source has its chroma.
    """
    if stored == "range":
        return ColourLimits(tags_matrix=False, siting=source_siting)
    tagged = stored == "all" or codec in _TAGGING_CODECS
    return ColourLimits(
        tags_matrix=tagged,
        # If there is only one range, everybody knows it.
        tags_range=tagged or codec in _ONLY_RANGE,
        matrix=_ONLY_MATRIX.get(codec),
        full_range=_ONLY_RANGE.get(codec),
        siting=codec_siting(codec),
    )


_TAGGING_CODECS: Final = frozenset({"av1", "h264", "hevc", "mpeg2video", "png", "prores", "vvc"})
"""Codecs whose own headers hold all colour tags."""

_ONLY_RANGE: Final[dict[str, bool]] = {
    "mjpeg": True,
    "mpeg1video": False,
    "mpeg2video": False,
    "prores": False,
    "theora": False,
}
"""Whether the one range that players of a codec know is the full one."""

_ONLY_MATRIX: Final[dict[str, Matrix]] = {"dnxhd": "bt709", "mjpeg": "bt601"}


_NO_LIMITS: Final = ColourLimits()


def output_colour(
    source: ColourInfo,
    *,
    pixel_format: PlainFormat,
    height: int,
    width: int,
    limits: ColourLimits = _NO_LIMITS,
) -> ColourInfo:
    """Return the colour an enlarged video is written in, so that players show the same colours.

    The source's matrix, range and tags are kept. A missing tag stays missing as long as an untagged
    file of the new size and format means the same. If it would mean something else (an untagged
    480-line BT.601 video that grows to 1080 lines), the tag is written. What cannot be tagged is
    written as players will take it. Chroma goes where they look for it.
    """
    primaries = source.primaries_tag if limits.tags_matrix else UNSPECIFIED
    transfer = source.transfer_tag if limits.tags_matrix else UNSPECIFIED
    untagged = resolve_colour(
        pixel_format=pixel_format,
        height=height,
        width=width,
        primaries_tag=primaries,
        transfer_tag=transfer,
        siting=limits.siting,
    )
    if pixel_format.family == "rgb":
        return replace(untagged, matrix_tag=TAG_OF_MATRIX["rgb"], range_tag=RANGE_FULL)
    if source.matrix == "rgb":
        wanted = _tagged(untagged)
    else:
        wanted = replace(
            untagged,
            matrix=source.matrix,
            full_range=source.full_range,
            matrix_tag=source.matrix_tag,
            range_tag=source.range_tag,
        )
    is_grey = pixel_format.family == "grey"
    return _within(limits, _tagged_where_needed(wanted, untagged, is_grey=is_grey), untagged)


def _tagged_where_needed(wanted: ColourInfo, untagged: ColourInfo, *, is_grey: bool) -> ColourInfo:
    """Add the missing tags without which players would show other colours."""
    matrix_tag, range_tag = wanted.matrix_tag, wanted.range_tag
    if matrix_tag in (0, UNSPECIFIED) and untagged.matrix != wanted.matrix:
        matrix_tag = TAG_OF_MATRIX[wanted.matrix]
    # Grey is full range while it is grey; H.264 hands it to players as YUV, which is limited.
    if range_tag == RANGE_UNSPECIFIED and (is_grey or untagged.full_range != wanted.full_range):
        range_tag = _range_tag(full_range=wanted.full_range)
    return replace(wanted, matrix_tag=matrix_tag, range_tag=range_tag)


def _within(limits: ColourLimits, wanted: ColourInfo, untagged: ColourInfo) -> ColourInfo:
    """Return the colour nearest to the wanted one that players will understand."""
    result = wanted
    if limits.matrix is not None and limits.matrix != wanted.matrix:
        tag = TAG_OF_MATRIX[limits.matrix]
        result = replace(result, matrix=limits.matrix, matrix_tag=tag)
    elif not limits.tags_matrix and limits.matrix is None:
        result = replace(result, matrix=untagged.matrix)
    if limits.full_range is not None and limits.full_range != wanted.full_range:
        tag = _range_tag(full_range=limits.full_range)
        result = replace(result, full_range=limits.full_range, range_tag=tag)
    elif not limits.tags_range and limits.full_range is None:
        result = replace(result, full_range=untagged.full_range)
    if not limits.tags_matrix:
        result = replace(result, matrix_tag=UNSPECIFIED)
    return result if limits.tags_range else replace(result, range_tag=RANGE_UNSPECIFIED)


def _tagged(colour: ColourInfo) -> ColourInfo:
    return replace(
        colour,
        matrix_tag=TAG_OF_MATRIX[colour.matrix],
        range_tag=_range_tag(full_range=colour.full_range),
    )


def _range_tag(*, full_range: bool) -> int:
    return RANGE_FULL if full_range else RANGE_LIMITED
