"""Deinterlacing: every frame of two fields becomes one whole frame, at the same time."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import av
from av.filter import Graph
from av.video.stream import VideoStream

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.read.read_options import FieldOrder


def is_interlaced(
    stream: VideoStream, frames: Sequence[av.VideoFrame], field_order: FieldOrder
) -> bool:
    """Return whether the frames of a stream are two fields each.

    Args:
        stream: For the codec, and for what the container says of it.
        frames: The first frames.
        field_order: What the person says, or "auto".
    """
    if field_order != "auto":
        return field_order != "progressive"
    if any(frame.interlaced_frame for frame in frames):
        return True
    flagged = int(stream.codec_context.field_order) in _FIELDS
    return flagged and codec_name(stream) not in _FLAGGED_PER_PICTURE


_FIELDS: Final = range(2, 6)
"""libav's AV_FIELD_TT to AV_FIELD_BT: two fields, in one order or another."""

_FLAGGED_PER_PICTURE: Final = ("h264", "mpeg2video", "mpeg4", "vc1", "dvvideo", "prores")
"""Codecs that flag every frame; what their containers say about fields is often wrong."""


_PARITY: Final[dict[FieldOrder, str]] = {"auto": "auto", "top": "tff", "bottom": "bff"}

_UNIT: Final = Fraction(1, 25)
"""The filter gets frame numbers in this unit; the true times are kept outside of it."""


def deinterlace(
    frames: Iterable[av.VideoFrame], *, field_order: FieldOrder = "auto", every: bool = False
) -> Iterator[av.VideoFrame]:
    """Deinterlace decoded frames of one size: the same number in the same order, with their times.

    The filter is FFmpeg's bwdif. It sees one frame before and after each, so that parts that
    stand still keep their full detail. A video of one frame has no neighbours to see motion by,
    and stays as it is.

    Args:
        frames: All of one size and pixel format.
        field_order: The first field in time; "auto" believes each frame's own flag.
        every: Work on every frame, not only on those that are flagged as interlaced.

    Raises:
        InputVideoError: The filter cannot work on this pixel format.
    """
    graph: Graph | None = None
    times: deque[tuple[int | None, int | None, int]] = deque()
    try:
        for number, frame in enumerate(frames):
            if graph is None:
                graph = _build(frame, _PARITY[field_order], every=every)
            times.append((frame.pts, frame.dts, frame.duration or 0))
            frame.pts, frame.time_base = number, _UNIT
            graph.vpush(frame)
            yield from _pull(graph, times)
        if graph is not None:
            graph.vpush(None)
            yield from _pull(graph, times)
    except (av.FFmpegError, ValueError) as error:
        raise InputVideoError(
            f"the video cannot be deinterlaced ({error})",
            hint="deinterlace it first: ffmpeg -i IN -vf bwdif=send_frame -c:v ffv1 OUT.mkv",
        ) from error
    if times:
        raise InputVideoError(
            f"{len(times)} frames were lost while deinterlacing",
            hint="please report this with the file",
        )


def _build(frame: av.VideoFrame, parity: str, *, every: bool) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=_UNIT
    )
    which = "all" if every else "interlaced"
    whole = graph.add("bwdif", f"mode=send_frame:parity={parity}:deint={which}")
    # Without it the graph may end in whatever format the filter likes best.
    same = graph.add("format", f"pix_fmts={frame.format.name}")
    graph.link_nodes(source, whole, same, graph.add("buffersink")).configure()
    return graph


def _pull(
    graph: Graph, times: "deque[tuple[int | None, int | None, int]]"
) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
        pts, dts, duration = times.popleft()
        frame.pts, frame.dts, frame.duration = pts, dts, duration
        yield frame
