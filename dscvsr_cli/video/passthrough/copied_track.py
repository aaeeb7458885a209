"""CopiedTrack: a stream copied packet by packet; and Track, what every such way has in common."""

import logging
import math
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.container import Container
from dscvsr_cli.video.passthrough.channel_layouts import stated_layout
from dscvsr_cli.video.passthrough.on_screen import is_blu_ray, segments
from dscvsr_cli.video.read.main_stream import codec_name

_log: Final = logging.getLogger(__name__)

_EQUAL_TIMES_ALLOWED: Final = 0x20000
"""libav's AVFMT_TS_NONSTRICT."""


class Track(Protocol):
    """Takes the packets of one source stream into one stream of the output."""

    @property
    def stream(self) -> Stream:
        """The output stream."""
        ...

    @property
    def undecodable(self) -> int:
        """Packets of the source that are lost because they cannot be decoded."""
        ...

    def take(self, packet: "Packet[Stream]") -> "Iterable[Packet[Stream]]":
        """Return what the output gets for a packet of the source, already shifted in time."""
        ...

    def finish(self) -> "Iterable[Packet[Stream]]":
        """Return what is still held back after the last packet."""
        ...


class CopiedTrack:
    """A stream whose packets are copied byte by byte.

    Args:
        output: The file that is written.
        template: The stream of the source.
        container: What the output is.
        header: A stream of the same codec whose parameters to write, where they are not its own.
        warns: Whether to log that timestamps were moved.
    """

    undecodable = 0

    def __init__(
        self,
        output: OutputContainer,
        template: Stream,
        container: Container,
        *,
        header: Stream | None = None,
        warns: bool = True,
    ) -> None:
        self.stream = _add_twin(output, header or template)
        if container.pcm_says_speakers and isinstance(self.stream, AudioStream):
            _say_speakers(self.stream)
        # Subtitles and data may begin at the same moment everywhere; muxers do not check them.
        self._may_repeat = bool(output.format.flags & _EQUAL_TIMES_ALLOWED) or (
            template.type in ("subtitle", "data")
        )
        self._name = f"{template.type} stream {template.index}"
        self._last: int | None = None
        self._moved = not warns
        is_subtitle = template.type == "subtitle"
        self._splits = (
            container.splits_pictures and is_subtitle and is_blu_ray(codec_name(template))
        )
        self._waits = container.length_is_decoding and template.type == "audio"
        self._waiting: Packet[Stream] | None = None
        """A packet without a duration, of which only the next one shows how long it is."""
        self._length = 0
        """Ticks of the packet before it."""

    def take(self, packet: "Packet[Stream]") -> "Iterator[Packet[Stream]]":
        """Yield the packet itself, addressed to the output's stream.

        Audio that does not say how long a packet lasts, as ALAC in Matroska, is held back by one
        packet where the muxer would take the last one for one of no length.
        """
        packet.stream = self.stream
        self._keep_order(packet)
        if (waiting := self._waiting) is not None:
            self._waiting = None
            if packet.dts is not None and waiting.dts is not None:
                self._length = max(0, packet.dts - waiting.dts)
            waiting.duration = self._length
            yield waiting
        if self._splits:
            yield from self._parts(packet)
            return
        if self._waits and not packet.duration:
            self._waiting = packet
        else:
            yield packet

    def _parts(self, packet: "Packet[Stream]") -> "Iterator[Packet[Stream]]":
        for data in segments(bytes(packet)):
            part: Packet[Stream] = Packet(data)
            part.stream, part.time_base = self.stream, packet.time_base
            part.pts, part.dts, part.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
            yield part

    def _keep_order(self, packet: "Packet[Stream]") -> None:
        """Move a packet that would come before its predecessor, which muxers refuse."""
        unit = self.stream.time_base
        if packet.dts is None or not unit:
            return
        ticks = round(packet.dts * packet.time_base / unit)
        least = ticks if self._last is None else self._last + (not self._may_repeat)
        if ticks < least:
            if not self._moved:
                _log.warning("%s: timestamps repeat or step back; moved", self._name)
            self._moved = True
            packet.dts = math.ceil(least * unit / packet.time_base)
            if packet.pts is not None:
                packet.pts = max(packet.pts, packet.dts)
        self._last = max(ticks, least)

    def finish(self) -> "Iterator[Packet[Stream]]":
        """Yield the packet that is held back, as long as the one before it."""
        if self._waiting is not None:
            self._waiting.duration = self._length
            yield self._waiting
            self._waiting = None


def _add_twin(output: OutputContainer, template: Stream) -> Stream:
    if template.type == "video":
        # Without "opaque" PyAV would look for an encoder, although nothing will be encoded.
        return output.add_stream_from_template(template, opaque=True)
    return output.add_stream_from_template(template)


def _say_speakers(stream: AudioStream) -> None:
    context = stream.codec_context
    if context.name.startswith("pcm_"):
        context.layout = stated_layout(context.layout)
