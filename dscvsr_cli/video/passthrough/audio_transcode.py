"""AudioTrack: an audio stream decoded and encoded again, in sync with the frames."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.passthrough.audio_blocks import silence_before, without_first
from dscvsr_cli.video.passthrough.channel_layouts import (
    layouts_to_try,
    stated_layout,
)


@dataclass(slots=True, kw_only=True)
class AudioClock:
    """Where each block of samples goes, counted in samples from time zero.

    Containers that count milliseconds round every timestamp, so blocks seem to overlap or to leave
    gaps of a few samples. Within one tick of that clock, blocks follow each other without a seam. A
    larger gap is kept and a larger overlap is cut off, so that audio stays with the frames however
    long the file is.
    """

    rate: int
    """Samples per second."""

    time_base: Fraction
    """Seconds per tick of the source's clock."""

    expected: int | None = None
    """Where the next block would follow without a seam; None before the first."""

    def place(self, pts: int | None, samples: int) -> tuple[int, int]:
        """Return where a block goes, and how many of its first samples to cut off.

        Args:
            pts: The block's timestamp in ticks; None puts it behind the one before.
            samples: Its length.
        """
        at = self.expected or 0 if pts is None else round(pts * self.time_base * self.rate)
        cut = 0
        if self.expected is not None:
            tolerance = self.time_base * self.rate + 1
            if abs(at - self.expected) <= tolerance:
                at = self.expected
            elif at < self.expected:
                cut = min(self.expected - at, samples)
                at += cut
        self.expected = max(at + samples - cut, self.expected or at)
        return at, cut


_log: Final = logging.getLogger(__name__)

AUDIO_ENCODERS_HINT: Final = "try one of aac, libopus, flac, ac3, libmp3lame, pcm_s16le"
"""The hint for a name that is not an audio encoder."""

BITRATE_PER_CHANNEL: Final = {"libopus": 64000}
"""Bits per second of encoders that need fewer than is usual."""
USUAL_BITRATE_PER_CHANNEL: Final = 96000
"""Bits per second."""


class AudioTrack:
    """An audio stream on its way through a decoder, a resampler and an encoder.

    Channels and sampling rate are kept if the encoder takes them.

    Args:
        output: The file that is written.
        template: The stream of the source.
        encoder: FFmpeg's name of the encoder.
        bitrate: Bits per second; None suits the channels.
        fill_gaps: Whether silence fills a late start and every pause.

    Raises:
        UsageError: The encoder does not fit the audio.
        ValueError: The container cannot hold what the encoder makes.
    """

    def __init__(
        self,
        output: OutputContainer,
        template: AudioStream,
        *,
        encoder: str,
        bitrate: int | None,
        fill_gaps: bool = False,
    ) -> None:
        decoder = template.codec_context
        settings = choose_settings(encoder, decoder)
        stream = output.add_stream(encoder, rate=settings.sample_rate)
        if not isinstance(stream, AudioStream):
            raise UsageError(f"{encoder} does not encode audio", hint=AUDIO_ENCODERS_HINT)
        context = stream.codec_context
        context.layout, context.format = settings.layout.name, settings.format.name
        channels = settings.layout.nb_channels
        per_channel = BITRATE_PER_CHANNEL.get(encoder, USUAL_BITRATE_PER_CHANNEL)
        if not av.Codec(encoder, "w").lossless or av.Codec(encoder, "w").lossy:
            context.bit_rate = bitrate or channels * per_channel
        context.time_base = stream.time_base = Fraction(1, settings.sample_rate)
        context.open()
        self.stream: Stream = stream
        self._decoder = decoder
        self._encoder = context
        self._fills_gaps = fill_gaps
        self._name = f"audio stream {template.index}"
        self.undecodable = 0
        self._clock: AudioClock | None = None
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None

    def take(self, packet: "Packet[Stream]") -> "Iterable[Packet[Stream]]":
        """Return the encoded packets that are ready after one more packet of the source."""
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError as error:
            if not self.undecodable:
                at = float((packet.pts or 0) * packet.time_base)
                _log.warning(
                    "%s at %.3f s cannot be decoded: %s", self._name, at, describe_error(error)
                )
            self.undecodable += 1
            return
        for frame in frames:
            yield from self._encode_frame(frame)

    def finish(self) -> "Iterable[Packet[Stream]]":
        """Return what decoder, resampler and encoder still hold."""
        if self.undecodable > 1:
            _log.warning("%s: %d packets could not be decoded", self._name, self.undecodable)
        try:
            frames = self._decoder.decode(None)
        except av.FFmpegError:
            frames = []
        for frame in frames:
            yield from self._encode_frame(frame)
        yield from self._drain_resampler()
        yield from self._addressed(self._encoder.encode(None))

    def _encode_frame(self, frame: AudioFrame) -> "Iterator[Packet[Stream]]":
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._shape != shape:
            # A broadcast may change from stereo to surround midway.
            yield from self._drain_resampler()
            self._resampler = AudioResampler(
                self._encoder.format, self._encoder.layout, self._encoder.sample_rate
            )
            self._shape, self._clock = shape, _fresh_clock(frame)
            if self._fills_gaps:
                self._clock.expected = 0
        clock = self._clock or _fresh_clock(frame)
        expected = clock.expected
        placed = _place(frame, clock)
        if placed is None or self._resampler is None:
            return
        blocks = [placed]
        if self._fills_gaps and expected is not None and placed.pts is not None:
            blocks = [*silence_before(placed, expected), placed]
        for block in blocks:
            for part in self._resampler.resample(block):
                yield from self._addressed(self._encoder.encode(part))

    def _drain_resampler(self) -> "Iterator[Packet[Stream]]":
        if self._resampler is not None:
            for block in self._resampler.resample(None):
                yield from self._addressed(self._encoder.encode(block))
        self._resampler = None

    def _addressed(self, packets: "Iterable[Packet[Stream]]") -> "Iterator[Packet[Stream]]":
        for packet in packets:
            packet.stream = self.stream
            yield packet


def choose_settings(encoder: str, source: AudioCodecContext) -> AudioCodecContext:
    """Return an encoder opened on trial, with settings as close to the source as it takes.

    Raises:
        UsageError: There is no such encoder, or it takes no audio of this kind.
    """
    try:
        codec = av.Codec(encoder, "w")
    except ValueError as error:
        raise UsageError(
            f"there is no encoder called {encoder!r} here", hint=AUDIO_ENCODERS_HINT
        ) from error
    offered = [format_.name for format_ in codec.audio_formats or []]
    format_name = choose_sample_format(source.format.name, offered)
    rate = choose_sample_rate(source.sample_rate, codec.audio_rates or [])
    wanted = stated_layout(source.layout)
    for layout in layouts_to_try(wanted, encoder):
        context = av.CodecContext.create(encoder, "w")
        if not isinstance(context, AudioCodecContext):
            break
        try:
            context.sample_rate, context.format, context.layout = rate, format_name, layout
            context.open()
        except (av.FFmpegError, ValueError):
            continue
        return context
    raise UsageError(
        f"{encoder} takes no audio of {source.layout.nb_channels} channels at "
        f"{source.sample_rate} Hz",
        hint="try --audio-encoder aac, or flac into .mkv",
    )


def choose_sample_format(source: str, offered: list[str]) -> str:
    """Return the sample format of ``offered`` that keeps most of ``source``; [] offers all.

    Planar or interleaved makes no difference. Floats keep more than 16-bit and less than 32-bit
    integers, to the ear.
    """
    worth = {"u8": 0, "s16": 1, "flt": 2, "s32": 3, "dbl": 4, "s64": 5}
    wanted = source.removesuffix("p")
    plain = {name: name.removesuffix("p") for name in offered or [source]}
    same = [name for name in plain if plain[name] == wanted]
    if same:
        return source if source in same else same[0]
    known = sorted((worth.get(kind, 0), name) for name, kind in plain.items())
    enough = [name for value, name in known if value >= worth.get(wanted, 1)]
    return enough[0] if enough else known[-1][1]


def choose_sample_rate(source: int, offered: list[int]) -> int:
    """Return the rate itself, the next one above it, or else the highest; [] offers all."""
    if not offered or source in offered:
        return source
    above = [rate for rate in offered if rate > source]
    return min(above) if above else max(offered)


def _fresh_clock(frame: AudioFrame) -> AudioClock:
    unit = frame.time_base or Fraction(1, frame.sample_rate)
    return AudioClock(rate=frame.sample_rate, time_base=Fraction(unit))


def _place(frame: AudioFrame, clock: AudioClock) -> AudioFrame | None:
    at, cut = clock.place(frame.pts, frame.samples)
    if cut >= frame.samples:
        return None
    if cut:
        frame = without_first(frame, cut)
    frame.pts, frame.time_base = at, Fraction(1, frame.sample_rate)
    return frame
