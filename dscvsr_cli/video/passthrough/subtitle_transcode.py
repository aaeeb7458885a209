"""TextTrack: text subtitles converted to the kind that the container holds."""

import logging
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.ffmpeg_errors import describe_error

_log: Final = logging.getLogger(__name__)

_WITHOUT_SUBTITLES: Final = "--no-subs leaves all subtitles out"


class TextTrack:
    """A text subtitle stream on its way into another codec (subrip, mov_text, webvtt, ass).

    Text and times are exact. Bold and italics survive where the new kind has them; fonts, colours
    and positions of ASS do not survive in subrip and webvtt.

    Raises:
        UsageError: The stream is not text, or this build has no such encoder.
    """

    def __init__(self, output: OutputContainer, template: Stream, *, encoder: str) -> None:
        if not isinstance(template, SubtitleStream):
            raise UsageError(f"{template.type} is not subtitles", hint=_WITHOUT_SUBTITLES)
        self._decoder = template.codec_context
        # The decoder knows the styles from its header only once it is open.
        self._decoder.open(strict=False)
        stream = output.add_stream(encoder)
        context = stream.codec_context
        if not isinstance(context, SubtitleCodecContext):
            raise UsageError(f"{encoder} does not encode subtitles", hint=_WITHOUT_SUBTITLES)
        context.time_base = stream.time_base = template.time_base or Fraction(1, 1000)
        context.subtitle_header = self._decoder.subtitle_header
        context.open()
        self.stream: Stream = stream
        self.undecodable = 0
        self._encoder = context

    def take(self, packet: "Packet[Stream]") -> "Iterable[Packet[Stream]]":
        """Return the packet in the new codec; MP4's explicit pauses give none."""
        try:
            decoded = self._decoder.decode2(packet)
            if decoded is None or not len(decoded):
                return
            text = self._encoder.encode_subtitle(decoded)
        except av.FFmpegError as error:
            at = float((packet.pts or 0) * packet.time_base)
            self.undecodable += 1
            _log.warning("a subtitle at %.3f s is left out: %s", at, describe_error(error))
            return
        text.stream = self.stream
        # The times of the packet are exact; what libav makes of them counts in milliseconds.
        text.pts, text.dts, text.duration = packet.pts, packet.dts, packet.duration
        text.time_base = packet.time_base
        text.is_keyframe = True
        yield text

    def finish(self) -> "Iterable[Packet[Stream]]":
        """Return nothing: nothing is ever held back."""
        return ()
