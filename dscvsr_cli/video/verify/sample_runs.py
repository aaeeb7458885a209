"""Runs of plain audio samples: what can be compared where every muxer cuts packets as it likes."""

import re
from fractions import Fraction
from typing import Final

from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.verify.packet_record import PacketRecord, new_digest

_PLAIN: Final = re.compile(r"pcm_(?:[fsu](?P<bits>\d+)(?:le|be)?|[am]law)")
_PAUSE_SECONDS: Final = Fraction(1, 100)
"""A shorter one may come from clocks that count milliseconds."""


def holds_samples(codec: str) -> bool:
    """Return whether the packets of a codec are nothing but samples, so that any cut will do."""
    return _PLAIN.fullmatch(codec) is not None


class SampleRuns:
    """Joins the packets of one stream of samples up to the next pause; a run becomes a record.

    Args:
        stream: One for whose codec ``holds_samples`` is true.
    """

    def __init__(self, stream: Stream) -> None:
        self._bytes_per_second = _bytes_per_second(stream)
        self._records: list[PacketRecord] = []
        self._start: Fraction | None = None
        self._size = 0
        self._digest = new_digest()

    def take(self, packet: "Packet[Stream]") -> None:
        """Take the next packet in file order."""
        seconds = None if packet.pts is None else packet.pts * packet.time_base
        end = None if self._start is None else self._start + self._seconds
        if seconds is not None and (end is None or abs(seconds - end) > _PAUSE_SECONDS):
            self._close()
            self._start = seconds
        self._digest.update(bytes(packet))
        self._size += packet.size

    def finish(self) -> list[PacketRecord]:
        """Return the record of every run."""
        self._close()
        return self._records

    @property
    def _seconds(self) -> Fraction:
        return Fraction(self._size, self._bytes_per_second)

    def _close(self) -> None:
        if self._size:
            record = PacketRecord(
                seconds=self._start, duration_seconds=self._seconds, digest=self._digest.digest()
            )
            self._records.append(record)
        self._start, self._size, self._digest = None, 0, new_digest()


def _bytes_per_second(stream: Stream) -> int:
    if not isinstance(stream, AudioStream):
        raise TypeError(f"stream {stream.index} is no audio")
    found = _PLAIN.fullmatch(codec_name(stream))
    bits = int((found and found["bits"]) or 8)
    context = stream.codec_context
    return max(1, context.sample_rate * context.layout.nb_channels * bits // 8)
