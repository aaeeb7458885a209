"""Passthrough: sound, subtitles, chapters and metadata copied as they are, packet by packet."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.containers import Container, container_named, recommend
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.probe import describe_error, open_input

_log: Final = logging.getLogger(__name__)

_DISCARD_ALL: Final = 48
"""libav's AVDISCARD_ALL."""

_MUXER_OWNED_KEYS: Final = frozenset(
    {"encoder", "major_brand", "minor_version", "compatible_brands", "duration"}
)
"""Metadata that describes the old file and not its content; the muxer writes its own."""

_NO_TIME: Final = Fraction(-(2**62))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A stream that the output cannot hold."""

    stream: StreamInfo
    """The stream."""

    reason: str
    """Why not, as half a sentence for people."""

    hint: str
    """What to do to keep it, or an empty string where nothing helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassthroughPlan:
    """What will be copied besides the picture, and what cannot be."""

    copied: tuple[StreamInfo, ...]
    """Streams that are copied packet by packet."""

    left_out: tuple[LeftOut, ...]
    """Streams that are lost, each with the reason."""

    chapters: bool
    """Whether the chapters go along (True where there are none)."""


def plan_passthrough(source: VideoInfo, container_format: str) -> PassthroughPlan:
    """Say what of a source fits into a container, before any work starts.

    Args:
        source: The probed file.
        container_format: FFmpeg's name of the muxer ("mp4", "matroska").

    Raises:
        UsageError: The muxer is none that is written.
    """
    container = container_named(container_format)
    # In MP4 the names of chapters lie in a hidden text track. The muxer makes a new one from the
    # chapters, so that copying the old one as well would double it.
    streams = [stream for stream in source.other_streams if not stream.is_chapter_text]
    losses = {stream.index: _why_not(stream, container) for stream in streams}
    return PassthroughPlan(
        copied=tuple(stream for stream in streams if losses[stream.index] is None),
        left_out=tuple(loss for loss in losses.values() if loss is not None),
        chapters=source.chapter_count == 0
        or (container.chapters and hasattr(OutputContainer, "set_chapters")),
    )


def _why_not(stream: StreamInfo, container: Container) -> LeftOut | None:
    # Releases of PyAV before 15 copy sound and subtitles, and garble or refuse the rest.
    if stream.kind not in ("audio", "subtitle") and not hasattr(OutputContainer, "add_attachment"):
        reason, hint = "this release of PyAV cannot copy it", "pip install --upgrade av"
    elif container.holds(stream):
        return None
    elif not stream.codec and stream.kind != "attachment":
        reason, hint = "its format is unknown here", ""
    else:
        what = "a cover picture" if stream.is_cover else stream.codec or f"this {stream.kind}"
        reason = f"{container.suffix[1:]} files cannot hold {what}"
        better = recommend(stream)
        hint = f"-o out{better.suffix} keeps it" if better is not None else ""
    return LeftOut(stream=stream, reason=reason, hint=hint)


class StreamCopier:
    """Copy the planned streams beside a picture that is being encoded.

    The source is opened a second time and read only as far as the picture has come, so that
    memory stays small however long the sound is. ``shift_seconds``, set before the first packet,
    moves all of them in time.
    """

    def __init__(self, source: VideoInfo, plan: PassthroughPlan) -> None:
        self._source = source
        self._plan = plan
        self._stack = ExitStack()
        self._input: InputContainer | None = None
        self._outputs: dict[int, Stream] = {}
        self._packets: Iterator[Packet[Stream]] = iter(())
        self._held: Packet[Stream] | None = None
        self.shift_seconds = Fraction(0)

    def open(self) -> None:
        """Open the source.

        Raises:
            InputVideoError: It went away since it was probed.
        """
        self._input = self._stack.enter_context(open_input(self._source.path))

    def close(self) -> None:
        """Close the source."""
        self._packets = iter(())
        self._held = None
        self._stack.close()

    def add_stream(self, output: OutputContainer, stream: StreamInfo) -> None:
        """Add the output twin of one planned stream; one the muxer refuses is warned about."""
        template = self._opened.streams[stream.index]
        try:
            twin = _add_twin(output, template)
        except (ValueError, av.FFmpegError) as error:
            _log.warning("stream %d (%s) cannot be copied: %s", stream.index, stream.codec, error)
            return
        copy_stream_tags(template, twin)
        self._outputs[stream.index] = twin

    def copy_container_tags(self, output: OutputContainer) -> None:
        """Copy the file's metadata and chapters."""
        tags = {
            key: value
            for key, value in self._opened.metadata.items()
            if key.lower() not in _MUXER_OWNED_KEYS
        }
        output.metadata.update(tags)
        if self._plan.chapters and self._source.chapter_count:
            output.set_chapters(self._opened.chapters())

    def picture_template(self) -> Stream:
        """Return the source's picture stream, for its tags."""
        return self._opened.streams[self._source.stream_index]

    def clock_rates(self) -> list[int]:
        """Return the ticks per second of the copied streams, as the MP4 muxer will count them."""
        rates = []
        for twin in self._outputs.values():
            rate = twin.codec_context.sample_rate if isinstance(twin, AudioStream) else 0
            rates.append(rate or (twin.time_base or Fraction(1)).denominator)
        return rates

    def picture_clock_rates(self) -> list[int]:
        """Return the ticks per second of further pictures that are copied."""
        twins = [twin for twin in self._outputs.values() if twin.type == "video"]
        return [twin.time_base.denominator for twin in twins if twin.time_base]

    def start(self) -> None:
        """Begin to read packets; all streams have been added."""
        wanted = set(self._outputs)
        for stream in self._opened.streams:
            if stream.index not in wanted and hasattr(type(stream), "discard"):
                # The demuxer then skips the pictures, by far the most of the file.
                cast("Any", stream).discard = _DISCARD_ALL
        if wanted:
            self._packets = self._opened.demux([self._opened.streams[i] for i in sorted(wanted)])

    def copy_until(self, output: OutputContainer, seconds: Fraction | None) -> None:
        """Mux all packets up to a decoding time, or the rest of them where it is None."""
        while (packet := self._next()) is not None:
            if seconds is not None and _decoding_time(packet) > seconds:
                self._held = packet
                return
            packet.stream = self._outputs[packet.stream_index]
            output.mux_one(packet)

    @property
    def _opened(self) -> InputContainer:
        if self._input is None:
            raise ValueError("the copier has not been opened")
        return self._input

    def _next(self) -> "Packet[Stream] | None":
        if self._held is not None:
            packet, self._held = self._held, None
            return packet
        try:
            for packet in self._packets:
                # demux() ends every stream with an empty packet that is meant for decoders.
                if packet.size or packet.dts is not None:
                    _shift(packet, self.shift_seconds)
                    return packet
        except av.FFmpegError as error:
            _log.warning(
                "%s: reading sound and subtitles stopped early: %s",
                self._source.path,
                describe_error(error),
            )
        self._packets = iter(())
        return None


def _add_twin(output: OutputContainer, template: Stream) -> Stream:
    if template.type == "video":
        # Without "opaque" PyAV would look for an encoder, although nothing will be encoded.
        return output.add_stream_from_template(template, opaque=True)
    return output.add_stream_from_template(template)


def copy_stream_tags(template: Stream, twin: Stream) -> None:
    """Copy language, title, other metadata and dispositions (default, forced, ...)."""
    twin.metadata.update(
        {
            key: value
            for key, value in template.metadata.items()
            if key.lower() not in _MUXER_OWNED_KEYS and not key.startswith("_STATISTICS")
        }
    )
    if hasattr(template, "disposition"):
        # Older releases declare a plain Flag and yet take nothing but an integer.
        cast("Any", twin).disposition = int(template.disposition.value)


def _shift(packet: "Packet[Stream]", seconds: Fraction) -> None:
    ticks = round(seconds / packet.time_base) if seconds else 0
    if ticks and packet.pts is not None:
        packet.pts += ticks
    if ticks and packet.dts is not None:
        packet.dts += ticks


def _decoding_time(packet: "Packet[Stream]") -> Fraction:
    ticks = packet.dts if packet.dts is not None else packet.pts
    return _NO_TIME if ticks is None else ticks * packet.time_base
