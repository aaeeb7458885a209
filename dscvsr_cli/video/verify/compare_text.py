"""Compare subtitles that were converted to another kind of text: what they say, and when."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain

from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.ass_events import plain_text
from dscvsr_cli.video.passthrough.span_cut import SpanCut
from dscvsr_cli.video.passthrough.subtitle_turns import in_turn
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.packets import packets_of
from dscvsr_cli.video.span import WHOLE, TimeSpan

Text = tuple[Fraction, str]
"""When a text begins, in seconds, and its lines without styles."""


def read_texts(
    info: VideoInfo, index: int, span: TimeSpan = WHOLE, *, one_at_a_time: bool = False
) -> list[Text]:
    """Return the start in seconds and the plain text of every subtitle of a text stream.

    Args:
        info: The file.
        index: Index of the stream.
        span: The part whose subtitles count.
        one_at_a_time: Whether those that overlap are joined, as ``InTurn`` does it.

    Raises:
        av.FFmpegError: The file cannot be read to its end.
    """
    texts = list(_texts(info, index, span))
    if not one_at_a_time:
        return [(start, text) for text, start, _ in texts]
    return [
        (one.start, "\n".join(dict.fromkeys(one.items))) for one in in_turn(texts) if any(one.items)
    ]


def _texts(info: VideoInfo, index: int, span: TimeSpan) -> Iterator[tuple[str, Fraction, Fraction]]:
    with open_input(info.path) as container:
        stream = container.streams[index]
        if not isinstance(stream, SubtitleStream):
            return
        cut = SpanCut(span, info.start_seconds)
        packets = packets_of(container, [stream], info.jumps)
        for packet in chain.from_iterable(map(cut.take, packets)):
            decoded = stream.codec_context.decode2(packet) if packet.size else None
            lines = [rect for rect in decoded or () if isinstance(rect, AssSubtitle)]
            text = "\n".join(plain_text(rect.ass) for rect in lines)
            if text and packet.pts is not None:
                start = packet.pts * packet.time_base
                yield text, start, start + (packet.duration or 1) * packet.time_base


def worst_shift(before: Sequence[Text], after: Sequence[Text], shift: Fraction) -> Fraction:
    """Return by how many seconds the start of a text has moved at most, beyond a common shift."""
    pairs = zip(before, after, strict=True)
    return max((abs(new[0] - old[0] - shift) for old, new in pairs), default=Fraction(0))
