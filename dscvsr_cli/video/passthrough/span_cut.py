"""SpanCut: what of a source's packets and chapters belongs to a span, cut where it overlaps."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from av.packet import Packet

from dscvsr_cli.video.passthrough.on_screen import (
    PICTURES_UNTIL_REPLACED,
    OnScreen,
    continues_picture,
)
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.span import TimeSpan

if TYPE_CHECKING:
    from av.container.core import Chapter


class SpanCut:
    """Lets through what begins in a span, and the subtitles that are showing when it begins.

    Args:
        span: The part of the source that is kept.
        start_seconds: The time on the source's clock that players show as 0:00.
    """

    def __init__(self, span: TimeSpan, start_seconds: Fraction) -> None:
        self._span = span
        self._zero = start_seconds
        self._showing: dict[int, OnScreen] = {}
        self._pictures: dict[int, Fraction] = {}
        """When the latest subtitle picture of a stream is shown; its parts may have other times."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is cut off."""
        return self._span.is_whole

    @property
    def start(self) -> Fraction:
        """Seconds at which the span begins."""
        return self._span.start

    def take(self, packet: "Packet[Any]") -> "Iterator[Packet[Any]]":
        """Yield what of the next packet, and of earlier ones, belongs to the span."""
        seconds = None if self._span.is_whole else self._seconds(packet)
        if seconds is None:
            yield packet
        elif self._span.holds(seconds):
            yield from self.finish()
            self._shorten_end(packet, seconds)
            yield packet
        elif packet.stream.type == "subtitle" and self._span.is_before(seconds):
            if packet.duration:
                if seconds + packet.duration * packet.time_base > self._span.start:
                    self._begin_at_start(packet)
                    yield packet
            elif (codec := codec_name(packet.stream)) in PICTURES_UNTIL_REPLACED:
                screen = self._showing.setdefault(packet.stream_index, OnScreen(codec))
                screen.add(packet, seconds)

    def finish(self) -> "Iterator[Packet[Any]]":
        """Yield subtitles without a duration that are showing when the span begins."""
        showing, self._showing = self._showing, {}
        for screen in showing.values():
            for packet in screen.shown_at(self._span.start):
                self._begin_at_start(packet)
                yield packet

    def _seconds(self, packet: "Packet[Any]") -> Fraction | None:
        """Return when a packet is shown, or None where that is unknown."""
        is_subtitle = packet.stream.type == "subtitle"
        if is_subtitle and continues_picture(packet, codec_name(packet.stream)):
            return self._pictures.get(packet.stream_index)
        if packet.pts is None:
            return None
        seconds: Fraction = packet.pts * packet.time_base - self._zero
        if is_subtitle:
            self._pictures[packet.stream_index] = seconds
        return seconds

    def _begin_at_start(self, packet: "Packet[Any]") -> None:
        start = math.ceil((self._span.start + self._zero) / packet.time_base)
        late = start - (packet.pts or 0)
        packet.pts = packet.dts = start
        if packet.duration:
            packet.duration = max(1, packet.duration - late)
            self._shorten_end(packet, start * packet.time_base - self._zero)

    def _shorten_end(self, packet: "Packet[Any]", seconds: Fraction) -> None:
        if self._span.end is None or packet.stream.type != "subtitle" or not packet.duration:
            return
        left = math.floor((self._span.end - seconds) / packet.time_base)
        packet.duration = min(packet.duration, max(1, left))

    def chapters(self, chapters: "Sequence[Chapter]") -> "list[Chapter]":
        """Return the chapters that overlap the span, cut to it, on the clock of the output."""
        if self._span.is_whole:
            return list(chapters)
        first = self._zero + self._span.start if self._span.start else None
        last = None if self._span.end is None else self._zero + self._span.end
        kept: list[Chapter] = []
        for chapter in chapters:
            unit = chapter["time_base"] or Fraction(1)
            start, end = chapter["start"] * unit, chapter["end"] * unit
            if first is not None:
                if max(start, end) <= first:
                    continue
                start = max(start, first)
            if last is not None:
                if start >= last:
                    continue
                end = min(end, last)
            shift = first or Fraction(0)
            chapter["start"] = round((start - shift) / unit)
            chapter["end"] = round((end - shift) / unit)
            kept.append(chapter)
        return kept
