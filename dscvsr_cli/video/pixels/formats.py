"""Pixel formats: which ones are plain planes, the plain twin of the others, and the best choice.

A plain format stores every component in its own plane of 8-bit or 16-bit words, or both chroma
components in turn in one plane (the "nv" and "p0" formats of graphics cards). All arithmetic
happens on those; libswscale only repacks the others, RGB in one plane for example.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

import av
from av.video.format import VideoFormat

from dscvsr_cli.errors import UsageError

Family = Literal["yuv", "grey", "rgb"]

_SUBSAMPLING: Final[dict[str, tuple[int, int]]] = {
    "444": (0, 0),
    "440": (1, 0),
    "422": (0, 1),
    "420": (1, 1),
    "411": (0, 2),
    "410": (2, 2),
}
_SUBSAMPLING_NAME: Final = {shifts: name for name, shifts in _SUBSAMPLING.items()}
_DEPTH: Final = r"(?:(?P<bits>\d+)(?P<order>le|be))?"
_YUV: Final = re.compile(r"yuv(?P<variant>[aj]?)(?P<sub>4\d\d)p" + _DEPTH)
_GREY: Final = re.compile(r"gray" + _DEPTH)
_RGB: Final = re.compile(r"gbr(?P<alpha>a?)p" + _DEPTH)
_PAIRED_8: Final = {"nv12": (1, 1), "nv16": (0, 1), "nv24": (0, 0)}
_PAIRED_16: Final = re.compile(r"p(?P<sub>[024])(?P<bits>1[026])le")
_ALPHA_BYTE: Final = 3 if sys.byteorder == "little" else 0
_PAIRED_SHIFTS: Final = {"0": (1, 1), "2": (0, 1), "4": (0, 0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFormat:
    """A pixel format of whole planes."""

    name: str
    """Its name in FFmpeg."""

    family: Family
    """What the planes hold."""

    bits: int
    """Bits per sample, 8 to 16."""

    row_shift: int = 0
    """Chroma has one row for every ``2 ** row_shift`` rows."""

    column_shift: int = 0
    """Chroma has one column for every ``2 ** column_shift`` columns."""

    full_range: bool = False
    """True for the ``yuvj`` formats, whose name says full range."""

    alpha: bool = False
    """Whether a plane of alpha follows."""

    big_endian: bool = False
    """Whether 16-bit words are stored with their high byte first."""

    paired_chroma: bool = False
    """Whether the second plane holds both chroma components in turn."""

    padding_bits: int = 0
    """Unused low bits of every word."""

    @property
    def multiple(self) -> tuple[int, int]:
        """Rows and columns that share one chroma sample."""
        return 2**self.row_shift, 2**self.column_shift


def parse_plain(name: str) -> PlainFormat | None:
    """Return the description of a plain format, or None if ``name`` is packed or unknown."""
    if name in _PAIRED_8 or _PAIRED_16.fullmatch(name):
        return _parse_paired(name)
    match = _YUV.fullmatch(name) or _GREY.fullmatch(name) or _RGB.fullmatch(name)
    if match is None:
        return None
    groups = match.groupdict()
    family: Family = "yuv" if "sub" in groups else "rgb" if "alpha" in groups else "grey"
    subsampling = groups.get("sub") or "444"
    if subsampling not in _SUBSAMPLING:
        return None
    rows, columns = _SUBSAMPLING[subsampling]
    return PlainFormat(
        name=name,
        family=family,
        bits=int(groups["bits"] or 8),
        row_shift=rows,
        column_shift=columns,
        full_range=groups.get("variant") == "j",
        alpha=groups.get("variant") == "a" or bool(groups.get("alpha")),
        big_endian=groups["order"] == "be",
    )


def _parse_paired(name: str) -> PlainFormat:
    match = _PAIRED_16.fullmatch(name)
    bits = int(match["bits"]) if match else 8
    rows, columns = _PAIRED_SHIFTS[match["sub"]] if match else _PAIRED_8[name]
    return PlainFormat(
        name=name,
        family="yuv",
        bits=bits,
        row_shift=rows,
        column_shift=columns,
        paired_chroma=True,
        padding_bits=16 - bits if match else 0,
    )


@cache
def plain_format(name: str) -> PlainFormat:
    """Return the plain format itself, or the one that holds all that ``name`` holds.

    Raises:
        UsageError: FFmpeg knows no such format, or it lives on a graphics card.
    """
    plain = parse_plain(name)
    if plain is not None:
        _known_format(name)
        return plain
    twin = parse_plain(_plain_twin(name))
    if twin is None:
        raise UsageError(f"the pixel format {name} is not supported", hint="try yuv420p")
    return twin


def _known_format(name: str) -> VideoFormat:
    try:
        return VideoFormat(name, 64, 64)
    except ValueError as error:
        raise UsageError(
            f"there is no pixel format called {name!r}",
            hint="common ones are yuv420p, yuv444p and yuv420p10le",
        ) from error


def _plain_twin(name: str) -> str:
    packed = _known_format(name)
    components = packed.components
    bits = max((part.bits for part in components), default=0)
    if packed.has_palette:
        return "gbrp"
    if not components:
        raise UsageError(f"the pixel format {name} cannot be read in memory", hint="try yuv420p")
    alpha = any(part.is_alpha for part in components)
    chroma = [part for part in components if part.is_chroma]
    if packed.is_rgb or (alpha and not chroma):
        # There are no plain planes of grey with alpha.
        return ("gbrap" if alpha else "gbrp") + ("" if bits <= 8 else "16le")
    if not chroma:
        return "gray" if bits <= 8 else "gray16le"
    shifts = (
        (64 // packed.chroma_height(64)).bit_length() - 1,
        (64 // packed.chroma_width(64)).bit_length() - 1,
    )
    suffix = "" if bits <= 8 else f"{bits if bits in (9, 10, 12, 14) else 16}le"
    return f"yuv{'a' * alpha}{_SUBSAMPLING_NAME.get(shifts, '444')}p{suffix}"


def has_alpha(frame: av.VideoFrame) -> bool:
    """Return whether a decoded frame has alpha; a palette must hold a colour that is not opaque."""
    if frame.format.has_palette:
        # Four bytes per colour, one 32-bit word with alpha at its top.
        return min(bytes(frame.planes[1])[_ALPHA_BYTE::4]) < 255
    return plain_format(frame.format.name).alpha


def required_multiple(pixel_format: str) -> tuple[int, int]:
    """Return the ``(rows, columns)`` that a frame's sides must be multiples of.

    Raises:
        UsageError: FFmpeg knows no such format.
    """
    return plain_format(pixel_format).multiple


def choose_pixel_format(source: str, offered: Sequence[str], *, alpha: bool | None = None) -> str:
    """Return the format of ``offered`` that keeps most of ``source``; the first among equals.

    In order of weight: colour is kept, then alpha, then chroma resolution, then bit depth, then
    YUV stays YUV and RGB stays RGB; after that nothing needless is added (chroma, depth, alpha).

    Args:
        source: FFmpeg's name of the format that frames come in.
        offered: Names of formats, the favourite first.
        alpha: Whether there is alpha to keep; None goes by the name of ``source``.

    Raises:
        UsageError: Nothing usable is offered.
    """
    wanted = plain_format(source)
    if alpha is not None:
        wanted = replace(wanted, alpha=alpha)
    candidates = [name for name in offered if _is_usable(name)]
    if not candidates:
        if not offered:
            raise UsageError("the encoder offers no pixel format", hint="give --pix-fmt")
        return offered[0]
    return min(candidates, key=lambda name: _losses(wanted, name))


def holds_alpha(pixel_format: str) -> bool:
    """Return whether frames of a format can have alpha; a palette may hold a transparent colour."""
    return _known_format(pixel_format).has_palette or plain_format(pixel_format).alpha


def _is_usable(name: str) -> bool:
    plain = parse_plain(name)
    if plain is None:
        packed = _known_format(name)
        # A palette, or a few bits per component, would ruin a film.
        return not packed.has_palette and _bits(name) >= 8 and _has_twin(name)
    # The yuvj names are deprecated twins: a range tag on the plain name says the same.
    return not plain.full_range


def _has_twin(name: str) -> bool:
    return parse_plain(_plain_twin(name)) is not None


def _bits(name: str) -> int:
    return min((part.bits for part in _known_format(name).components), default=0)


def _losses(wanted: PlainFormat, name: str) -> tuple[int, ...]:
    offered = plain_format(name)
    rows = offered.row_shift - wanted.row_shift
    columns = offered.column_shift - wanted.column_shift
    depth = wanted.bits - _bits(name)
    return (
        int(wanted.family != "grey" and offered.family == "grey"),
        int(wanted.alpha and not offered.alpha),
        max(rows, 0) + max(columns, 0),
        max(depth, 0),
        int(wanted.family != offered.family),
        max(-rows, 0) + max(-columns, 0),
        max(-depth, 0),
        int(offered.alpha and not wanted.alpha),
        int(offered.name != name),
    )
