"""YUV4MPEG2: frames as plain planes with one line of text before each, for pipes."""

from fractions import Fraction
from typing import Final

import av
import numpy as np

from dscvsr_cli.video.pixels.colour import ColourInfo
from dscvsr_cli.video.pixels.convert import chroma_size
from dscvsr_cli.video.pixels.formats import plain_format

_CHROMA_OF_8_BITS: Final = {
    "gray": "mono",
    "yuv411p": "411",
    "yuv420p": "420jpeg",
    "yuv422p": "422",
    "yuv444p": "444",
    "yuva444p": "444alpha",
}
_DEEP_KINDS: Final = {"gray": "mono", "yuv420p": "420p", "yuv422p": "422p", "yuv444p": "444p"}
_DEPTHS: Final = (9, 10, 12, 14, 16)

Y4M_FORMATS: Final = (
    *("yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuva444p"),
    *(f"{kind}{bits}le" for kind in ("yuv420p", "yuv422p", "yuv444p") for bits in _DEPTHS),
    *(f"gray{bits}le" for bits in (9, 10, 12, 16)),
)
"""FFmpeg's names of the pixel formats that the format can hold."""

FRAME_LINE: Final = b"FRAME\n"


def y4m_header(
    *,
    width: int,
    height: int,
    rate: Fraction,
    pixel_format: str,
    colour: ColourInfo,
    sample_aspect_ratio: Fraction | None,
) -> bytes:
    """Return the line that begins a stream, as FFmpeg writes it.

    Args:
        width: Columns.
        height: Rows.
        rate: Frames per second.
        pixel_format: One of ``Y4M_FORMATS``.
        colour: Says the range, and where chroma sits.
        sample_aspect_ratio: Width over height of one pixel; None says that it is unknown.
    """
    aspect = sample_aspect_ratio or Fraction(0)
    shape = f"{aspect.numerator}:{aspect.denominator if aspect else 0}"
    words = [
        *("YUV4MPEG2", f"W{width}", f"H{height}", f"F{rate.numerator}:{rate.denominator}"),
        *("Ip", f"A{shape}", *_chroma_words(pixel_format, colour)),
        f"XCOLORRANGE={'FULL' if colour.full_range else 'LIMITED'}",
    ]
    return " ".join(words).encode("ascii") + b"\n"


def _chroma_words(pixel_format: str, colour: ColourInfo) -> list[str]:
    if pixel_format == "yuv420p" and colour.siting == "left":
        return ["C420mpeg2", "XYSCSS=420MPEG2"]
    if pixel_format in _CHROMA_OF_8_BITS:
        name = _CHROMA_OF_8_BITS[pixel_format]
        return [f"C{name}"] + (["XYSCSS=420JPEG"] if name == "420jpeg" else [])
    bits = plain_format(pixel_format).bits
    name = _DEEP_KINDS[pixel_format.removesuffix(f"{bits}le")] + str(bits)
    return [f"C{name}"] + ([] if name.startswith("mono") else [f"XYSCSS={name.upper()}"])


def y4m_frame(frame: av.VideoFrame) -> bytes:
    """Return the bytes of one frame: a line of text, then every plane without padding."""
    plain = plain_format(frame.format.name)
    sample_bytes = 1 if plain.bits == 8 else 2
    parts = [FRAME_LINE]
    for index, plane in enumerate(frame.planes):
        rows, columns = (
            chroma_size(plain, frame.height, frame.width)
            if index in (1, 2)
            else (frame.height, frame.width)
        )
        lines = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
        parts.append(lines[:rows, : columns * sample_bytes].tobytes())
    return b"".join(parts)
