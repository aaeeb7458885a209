"""One shape: frames whose size or sample aspect ratio changes midway, fitted into the first one's.

Broadcast recordings and web streams do that. An encoder cannot, so such frames are scaled to fit,
with black borders if their shape is another; none is stretched and none is lost.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.filter import Graph

from dscvsr_cli.video.read.decoder import Decoding


@dataclass(frozen=True, slots=True)
class Shape:
    """How a frame is stored, and how wide its pixels are shown."""

    width: int
    height: int
    aspect: Fraction
    """Width over height of one pixel."""

    def __str__(self) -> str:
        """Write the size, and the sample aspect ratio unless it is 1."""
        pixels = f" with {self.aspect.numerator}:{self.aspect.denominator} pixels"
        return f"{self.width}x{self.height}" + ("" if self.aspect == 1 else pixels)


def frames_of_one_shape(
    frames: Decoding,
    *,
    width: int,
    height: int,
    pixel_format: str,
    on_change: Callable[[av.VideoFrame, Shape, Shape], None],
) -> Iterator[av.VideoFrame]:
    """Yield all frames at one size, those of another shape scaled and with borders.

    Args:
        frames: As they are decoded.
        width: Columns of the first frame of the file.
        height: Rows of it.
        pixel_format: Its pixel format.
        on_change: Called with every frame of another shape, its shape, and the one it gets.
    """
    first = Shape(width, height, frames.first_aspect)
    for frame in frames:
        shape = Shape(frame.width, frame.height, frames.aspect)
        if shape == first:
            yield frame
            continue
        on_change(frame, shape, first)
        fitted = _fitted(frame, shape, first, pixel_format)
        fitted.pts, fitted.dts, fitted.duration = frame.pts, frame.dts, frame.duration or 0
        yield fitted


def fitted_size(shape: Shape, into: Shape) -> tuple[int, int]:
    """Return the columns and rows that a frame takes in one of another shape, without stretching.

    Both are even wherever a border remains, as pixels that share their colour need.
    """
    wide = shape.width * shape.aspect / into.aspect
    factor = min(into.width / wide, Fraction(into.height, shape.height))
    sides = ((wide * factor, into.width), (shape.height * factor, into.height))
    columns, rows = (
        whole if round(side) >= whole - 1 else max(2, 2 * round(side / 2)) for side, whole in sides
    )
    return columns, rows


def _fitted(frame: av.VideoFrame, shape: Shape, into: Shape, pixel_format: str) -> av.VideoFrame:
    columns, rows = fitted_size(shape, into)
    if (columns, rows) == (into.width, into.height):
        return frame.reformat(
            width=columns, height=rows, format=pixel_format, interpolation="BICUBIC"
        )
    graph = Graph()
    unit = Fraction(frame.time_base or Fraction(1, 25))
    left, top = (
        2 * ((whole - part) // 4)
        for whole, part in zip((into.width, into.height), (columns, rows), strict=True)
    )
    graph.link_nodes(
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=unit
        ),
        graph.add("scale", f"{columns}:{rows}:flags=bicubic"),
        graph.add("pad", f"{into.width}:{into.height}:{left}:{top}:black"),
        graph.add("format", f"pix_fmts={pixel_format}"),
        graph.add("buffersink"),
    ).configure()
    graph.vpush(frame)
    graph.vpush(None)
    return graph.vpull()
