"""TextTrack: text subtitles converted to the kind that the container holds."""

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Final

import av
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.passthrough.ass_events import joined_events, plain_text
from dscvsr_cli.video.passthrough.subtitle_turns import ONE_AT_A_TIME, InTurn, Showing

_log: Final = logging.getLogger(__name__)

_WITHOUT_SUBTITLES: Final = "--no-subs leaves all subtitles out"


class TextTrack:
    """A text subtitle stream on its way into another codec (subrip, mov_text, webvtt, ass).

    Text and times are exact. Bold and italics survive if the new kind has them; fonts, colours
    and positions of ASS do not survive in subrip and webvtt. In mov_text, which shows one text at
    a time, those that overlap are joined for as long as they do.

    Raises:
        UsageError: The stream is not text, or this build has no such encoder.
    """

    def __init__(self, output: OutputContainer, template: Stream, *, encoder: str) -> None:
        if not isinstance(template, SubtitleStream):
            raise UsageError(f"{template.type} is not subtitles", hint=_WITHOUT_SUBTITLES)
        self._decoder = template.codec_context
        # The decoder knows the styles from its header only once it is open.
        self._decoder.open(strict=False)
        unit = template.time_base or Fraction(1, 1000)
        header = self._decoder.subtitle_header
        # A stream cannot be taken out of the output again if its encoder does not open.
        _opened(av.CodecContext.create(encoder, "w"), unit, header)
        stream = output.add_stream(encoder)
        stream.time_base = unit
        self._encoder = _opened(stream.codec_context, unit, header)
        self.stream: Stream = stream
        self.undecodable = 0
        self._unit = unit
        """In which the packets of the source count time."""

        self._turns: InTurn[SubtitleSet] | None = InTurn() if encoder in ONE_AT_A_TIME else None

    def take(self, packet: "Packet[Stream]") -> "Iterator[Packet[Stream]]":
        """Yield the packets in the new codec; MP4's explicit pauses give none."""
        try:
            decoded = self._decoder.decode2(packet)
        except av.FFmpegError as error:
            self._leave_out(packet.pts, packet.time_base, error)
            return
        if decoded is None or not len(decoded):
            return
        if self._turns is None or packet.pts is None:
            yield from self._encode(decoded, packet.pts, packet.duration, packet.time_base)
            return
        if not any(plain_text(event) for event in _events(decoded)):
            return
        self._unit = packet.time_base
        start = Fraction(packet.pts)
        shown = self._turns.take(decoded, start, start + (packet.duration or 1))
        yield from self._encode_in_turn(shown)

    def finish(self) -> "Iterator[Packet[Stream]]":
        """Yield what is held back until it is known what comes over it."""
        if self._turns is not None:
            yield from self._encode_in_turn(self._turns.finish())

    def _encode_in_turn(
        self, shown: "Iterable[Showing[SubtitleSet]]"
    ) -> "Iterator[Packet[Stream]]":
        for one in shown:
            start, duration = int(one.start), int(one.end - one.start)
            subtitle = one.items[0]
            if len(one.items) > 1:
                events = chain.from_iterable(map(_events, one.items))
                subtitle = SubtitleSet.create(joined_events(events), 0, duration)
            yield from self._encode(subtitle, start, duration, self._unit)

    def _encode(
        self, subtitle: SubtitleSet, pts: int | None, duration: int | None, unit: Fraction
    ) -> "Iterator[Packet[Stream]]":
        try:
            text = self._encoder.encode_subtitle(subtitle)
        except av.FFmpegError as error:
            self._leave_out(pts, unit, error)
            return
        text.stream = self.stream
        # The times of the packet are exact; what libav makes of them counts in milliseconds.
        text.pts, text.dts, text.duration = pts, pts, duration or 0
        text.time_base = unit
        text.is_keyframe = True
        yield text

    def _leave_out(self, pts: int | None, unit: Fraction, error: av.FFmpegError) -> None:
        self.undecodable += 1
        at = float((pts or 0) * unit)
        _log.warning("a subtitle at %.3f s is left out: %s", at, describe_error(error))


def _events(subtitle: SubtitleSet) -> Iterator[bytes]:
    return (rect.ass for rect in subtitle if isinstance(rect, AssSubtitle))


def _opened(context: CodecContext, unit: Fraction, header: bytes | None) -> SubtitleCodecContext:
    """Return an encoder of subtitles, opened.

    Raises:
        UsageError: It is none.
        av.FFmpegError: It does not take the styles of the source.
    """
    if not isinstance(context, SubtitleCodecContext):
        raise UsageError(f"{context.name} does not encode subtitles", hint=_WITHOUT_SUBTITLES)
    context.time_base = unit
    context.subtitle_header = header
    context.open()
    return context
