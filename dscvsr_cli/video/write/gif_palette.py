"""Palettes for GIF: 256 colours for each frame of its own, and dithering."""

from fractions import Fraction
from typing import Final

import av
from av.filter import Graph

from dscvsr_cli.errors import OutputVideoError

PALETTE_FORMAT: Final = "pal8"
"""FFmpeg's name of frames of 256 colours."""


def with_palette(frame: av.VideoFrame) -> av.VideoFrame:
    """Turn a frame into one of 256 colours of its own (pal8).

    Half-transparent pixels become transparent. The caller gives the result its time.

    Frames are independent of each other, so memory stays small however long the film is, and no
    colour is spent on what another frame shows.

    Raises:
        OutputVideoError: This build of FFmpeg cannot make palettes.
    """
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(1, 100),
    )
    both = graph.add("split")
    # The reserved entry stands for transparent pixels.
    palette = graph.add("palettegen", "stats_mode=single:reserve_transparent=1")
    # An ordered pattern stays where it is from frame to frame; error diffusion would flicker.
    use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=3")
    sink = graph.add("buffersink")
    source.link_to(both)
    both.link_to(use, 0, 0)
    both.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    frame.pts, frame.time_base = 0, Fraction(1, 100)
    graph.push(frame)
    graph.push(None)
    result = graph.pull()
    if not isinstance(result, av.VideoFrame):
        raise OutputVideoError(
            "no palette could be made for a frame", hint="write to .mp4 instead of .gif"
        )
    return result
