"""StreamCopier: audio, subtitles, chapters and metadata copied beside the frames."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from io import BytesIO
from itertools import islice
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.clock_jumps import move_packet
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.passthrough.audio_transcode import AudioTrack
from dscvsr_cli.video.passthrough.copied_track import CopiedTrack, Track
from dscvsr_cli.video.passthrough.cut_short import CutShort
from dscvsr_cli.video.passthrough.left_out import describe_stream
from dscvsr_cli.video.passthrough.passthrough_plan import PassthroughPlan
from dscvsr_cli.video.passthrough.span_cut import SpanCut
from dscvsr_cli.video.passthrough.subtitle_canvas import state_canvas
from dscvsr_cli.video.passthrough.subtitle_transcode import TextTrack
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.packets import packets_of
from dscvsr_cli.video.span import WHOLE, TimeSpan
from dscvsr_cli.video.tags import (
    COVER_KEYS,
    PHONE_PREFIX,
    is_muxer_owned,
    is_statistic,
)
from dscvsr_cli.video.timecode import advance_tags

_log: Final = logging.getLogger(__name__)

_LATE_SECONDS: Final = Fraction(1, 25)
"""A delay too short to notice."""

_PACKETS_OF_A_HEADER: Final = 8

_COVER_FILES: Final = {"mjpeg": ("jpg", "image/jpeg"), "png": ("png", "image/png")}
"""How a cover is called as a file, by its codec: suffix and media type."""

_NO_TIME: Final = Fraction(-(2**62))


class StreamCopier:
    """Copy the planned streams while the frames beside them are being encoded.

    The source is opened a second time and read only as far as the frames have come, so that
    memory stays small however long the audio is. ``shift_seconds``, set before the first packet,
    moves all of them in time; ``span`` lets only what begins within it come along, and subtitles
    that are showing when it begins.
    """

    def __init__(
        self,
        source: VideoInfo,
        plan: PassthroughPlan,
        container: Container,
        *,
        span: TimeSpan = WHOLE,
    ) -> None:
        self._source = source
        self._plan = plan
        self._container = container
        self._stack = ExitStack()
        self._input: InputContainer | None = None
        self._tracks: dict[int, Track] = {}
        self._packets: Iterator[Packet[Stream]] = iter(())
        self._held: deque[Packet[Stream]] = deque()
        self.shift_seconds = Fraction(0)
        self._cut = SpanCut(span, source.start_seconds)
        self._cut_short = CutShort(span, source.start_seconds)
        self._missing: int | None = None
        """Packets that the source lacks; known when all have been read."""

    def open(self) -> None:
        """Open the source.

        Raises:
            InputVideoError: It went away since it was probed.
        """
        self._input = self._stack.enter_context(
            open_input(self._source.path, allow_playlist=self._source.is_playlist)
        )

    def close(self) -> None:
        """Close the source."""
        self._packets = iter(())
        self._held.clear()
        self._stack.close()

    def add_stream(self, output: OutputContainer, stream: StreamInfo) -> None:
        """Add the output twin of one planned stream.

        Raises:
            UsageError: The muxer or the encoder refuses the stream, and its loss is not agreed to.
        """
        template = self._opened.streams[stream.index]
        if stream.is_cover and self._container.attachments:
            self._attach_cover(output, stream, template)
            return
        try:
            track = self._make_track(output, stream, template)
        except (ValueError, av.FFmpegError, UsageError) as error:
            reason, hint = describe_error(error), ""
            if isinstance(error, UsageError):
                reason, hint = error.message, f"{error.hint}; "
            if not self._plan.drop_unsupported:
                raise UsageError(
                    f"{describe_stream(stream)} cannot be brought over: {reason}",
                    hint=f"{hint}--drop-unsupported leaves it out; an output ending in .mkv may "
                    "hold it",
                ) from error
            _log.warning("%s is left out: %s", describe_stream(stream), reason)
            return
        # Figures about the whole of a stream are not true of a part of it either.
        changed = not isinstance(track, CopiedTrack) or not self._cut.is_whole
        copy_stream_tags(
            template,
            track.stream,
            encoded=changed,
            spell_language=self._container.spell_language,
        )
        self._tracks[stream.index] = track

    def copy_container_tags(self, output: OutputContainer) -> None:
        """Copy the file's metadata and chapters."""
        tags = {
            key: value
            for key, value in self._opened.metadata.items()
            if not is_muxer_owned(key, value)
        }
        advance_tags(tags, self._cut.start, self._source.frame_rate)
        output.metadata.update(tags)
        if self._plan.chapters and self._source.chapter_count:
            output.set_chapters(self._cut.chapters(self._opened.chapters()))

    def needs_any_key(self) -> bool:
        """Return whether the metadata has keys of phones, which MP4 stores only on request."""
        return any(key.startswith(PHONE_PREFIX) for key in self._opened.metadata)

    def copy_picture_tags(self, twin: Stream) -> None:
        """Copy the tags of the source's video stream to the stream of the enlarged frames."""
        copy_stream_tags(
            self._opened.streams[self._source.stream_index],
            twin,
            spell_language=self._container.spell_language,
        )
        tags = dict(twin.metadata)
        advance_tags(tags, self._cut.start, self._source.frame_rate)
        twin.metadata.update(tags)

    def clock_rates(self) -> list[int]:
        """Return the ticks per second of the streams, as the MP4 muxer will count them."""
        rates = []
        for twin in self._twins:
            rate = twin.codec_context.sample_rate if isinstance(twin, AudioStream) else 0
            rates.append(rate or (twin.time_base or Fraction(1)).denominator)
        return rates

    def picture_clock_rates(self) -> list[int]:
        """Return the ticks per second of further video streams that are copied."""
        twins = [twin for twin in self._twins if twin.type == "video"]
        return [twin.time_base.denominator for twin in twins if twin.time_base]

    def start(self) -> None:
        """Begin to read packets; all streams have been added."""
        wanted = set(self._tracks)
        for stream in self._opened.streams:
            if stream.index not in wanted:
                # The demuxer then skips the video, by far the largest part of the file.
                stream.discard = Discard.all
        if wanted:
            streams = [self._opened.streams[index] for index in sorted(wanted)]
            self._packets = packets_of(self._opened, streams, self._source.jumps)

    def copy_until(self, output: OutputContainer, seconds: Fraction | None) -> None:
        """Mux all packets up to a decoding time, or the rest of them if it is None."""
        while (packet := self._next()) is not None:
            if seconds is not None and _decoding_time(packet) > seconds:
                self._held.appendleft(packet)
                return
            output.mux(list(self._tracks[packet.stream_index].take(packet)))
        if seconds is None:
            for track in self._tracks.values():
                output.mux(list(track.finish()))

    @property
    def lost_packets(self) -> int:
        """Packets that are lost: they could not be decoded, or the source ends before them."""
        return (self._missing or 0) + sum(track.undecodable for track in self._tracks.values())

    @property
    def _opened(self) -> InputContainer:
        if self._input is None:
            raise ValueError("the copier has not been opened")
        return self._input

    @property
    def _twins(self) -> list[Stream]:
        return [track.stream for track in self._tracks.values()]

    def _make_track(self, output: OutputContainer, stream: StreamInfo, template: Stream) -> Track:
        encoders = {one.stream.index: one.encoder for one in self._plan.converted}
        encoder = encoders.get(stream.index)
        if encoder is None:
            late = (template.start_time or 0) * (template.time_base or Fraction(0))
            gapless = self._container.audio_is_gapless
            if gapless and stream.kind == "audio" and late > _LATE_SECONDS:
                raise UsageError(
                    f"it begins {float(late):.3g} s late, and {output.format.name} plays all audio "
                    "from the beginning",
                    hint="--audio-encoder fills in silence",
                )
            raw = stream.codec in self._container.raw_audio
            header = self._raw_twin(stream) if raw else None
            track = CopiedTrack(output, template, self._container, header=header)
            state_canvas(track.stream, self._source)
            return track
        if isinstance(template, AudioStream):
            return AudioTrack(
                output,
                template,
                encoder=encoder,
                bitrate=self._plan.audio_bitrate,
                fill_gaps=self._container.audio_is_gapless,
            )
        return TextTrack(output, template, encoder=encoder)

    def _raw_twin(self, stream: StreamInfo) -> Stream:
        """Return a stream like one of audio, as its packets describe themselves without a file."""
        with open_input(self._source.path, allow_playlist=self._source.is_playlist) as container:
            packets = packets_of(container, [container.streams[stream.index]])
            data = b"".join(map(bytes, islice(packets, _PACKETS_OF_A_HEADER)))
        opened = av.open(BytesIO(data), format=stream.codec)
        return self._stack.enter_context(opened).streams.audio[0]

    def _attach_cover(self, output: OutputContainer, stream: StreamInfo, template: Stream) -> None:
        # Matroska knows a cover by its being an attached file; as a stream of packets it would
        # become a second video.
        with open_input(self._source.path, allow_playlist=self._source.is_playlist) as container:
            packets = packets_of(container, [container.streams[stream.index]])
            data = next((bytes(packet) for packet in packets if packet.size), b"")
        suffix, kind = _COVER_FILES.get(stream.codec, (stream.codec, f"image/{stream.codec}"))
        tags = {key.lower(): value for key, value in template.metadata.items()}
        name = tags.get("filename", f"cover.{suffix}")
        twin = output.add_attachment(name, tags.get("mimetype", kind), data)
        twin.metadata.update(
            {
                key: value
                for key, value in tags.items()
                if key not in COVER_KEYS and not is_muxer_owned(key, value)
            }
        )

    def _next(self) -> "Packet[Stream] | None":
        if self._held:
            return self._held.popleft()
        trouble = ""
        try:
            for packet in self._packets:
                # demux() ends every stream with an empty packet that is meant for decoders.
                if packet.size or packet.dts is not None:
                    self._cut_short.note(packet)
                    self._hold(self._cut.take(packet))
                if self._held:
                    return self._held.popleft()
        except av.FFmpegError as error:
            trouble = f" ({describe_error(error)})"
        self._packets = iter(())
        if self._missing is None:
            self._missing = self._count_missing(trouble)
        self._hold(self._cut.finish())
        return self._held.popleft() if self._held else None

    def _count_missing(self, trouble: str) -> int:
        source = self._source
        if not self._tracks:
            # Nothing is copied, and the pattern of an image sequence is no file.
            return 0
        missing = self._cut_short.missing(
            [self._opened.streams[index] for index in self._tracks],
            size_bytes=None if source.is_playlist else source.path.stat().st_size,
            broke_off=lambda: (
                bool(trouble) or self._cut_short.ends_early(self._opened, source.path)
            ),
        )
        if missing:
            _log.warning(
                "%s: audio or subtitles end early%s; packets missing: %d",
                source.path,
                trouble,
                missing,
            )
        return missing

    def _hold(self, packets: "Iterable[Packet[Stream]]") -> None:
        for packet in packets:
            move_packet(packet, self.shift_seconds)
            self._held.append(packet)


def copy_stream_tags(
    template: Stream,
    twin: Stream,
    *,
    encoded: bool = True,
    spell_language: Callable[[str], str | None] = str,
) -> None:
    """Copy language, title, other metadata and dispositions (default, forced, ...).

    Args:
        template: The stream of the source.
        twin: The stream of the output.
        encoded: Whether it is encoded again; what tags say of the old encoding is then not true.
        spell_language: Returns how the container spells a language code; None leaves it as it is.
    """
    tags = {
        key: value
        for key, value in template.metadata.items()
        if not is_muxer_owned(key, value)
        and not (is_statistic(key) if encoded else key.startswith("_STATISTICS"))
    }
    if "language" in tags:
        tags["language"] = spell_language(tags["language"]) or tags["language"]
    if "name" in tags:
        # What MP4 reads as a track's name it writes from its title.
        tags.setdefault("title", tags["name"])
    twin.metadata.update(tags)
    twin.disposition = template.disposition


def _decoding_time(packet: "Packet[Stream]") -> Fraction:
    ticks = packet.dts if packet.dts is not None else packet.pts
    return _NO_TIME if ticks is None else ticks * packet.time_base
