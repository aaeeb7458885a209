"""Packet digests: every packet of a file in a form that can be compared with another file's."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.video.info import ClockJumps
from dscvsr_cli.video.passthrough.on_screen import continues_picture
from dscvsr_cli.video.passthrough.span_cut import SpanCut
from dscvsr_cli.video.read.main_stream import codec_name
from dscvsr_cli.video.read.packets import packets_of
from dscvsr_cli.video.verify.packet_record import PacketRecord, new_digest
from dscvsr_cli.video.verify.sample_runs import SampleRuns, holds_samples

_PAUSE = b"\x00\x00"
"""A text of no length, with which MP4 fills the time between two texts."""

_START_CODE = b"\x00\x00\x01"
_PARAMETER_SETS = {"h264": frozenset({6, 7, 8, 9}), "hevc": frozenset({32, 33, 34, 35, 39})}
"""NAL units that transport streams repeat and that other containers keep in their headers."""


def read_digests(
    container: InputContainer, indexes: Iterable[int], jumps: ClockJumps, cut: SpanCut
) -> dict[int, list[PacketRecord]]:
    """Return all packets of some streams in file order, by the index of the stream.

    Of plain samples (PCM) the records are runs without a pause, and of subtitles of Blu-ray whole
    pictures, since muxers cut both as they like.

    Args:
        container: Freshly opened.
        indexes: The streams.
        jumps: Where the clock of the file steps back.
        cut: Which of the packets belong to the part that is compared.

    Raises:
        av.FFmpegError: The file cannot be read to its end.
    """
    records: dict[int, list[PacketRecord]] = {index: [] for index in indexes}
    if not records:
        return records
    streams = [container.streams[index] for index in sorted(records)]
    codecs = {stream.index: codec_name(stream) for stream in streams}
    runs = {
        stream.index: SampleRuns(stream)
        for stream in streams
        if holds_samples(codecs[stream.index])
    }

    pictures: dict[int, hashlib.blake2b] = {}

    def note(packets: "Iterable[Packet[Stream]]") -> None:
        for packet in packets:
            index = packet.stream_index
            if codecs[index] == "mov_text" and bytes(packet) == _PAUSE:
                # The times of the texts say it as well, and a cut makes other pauses.
                continue
            if index in runs:
                runs[index].take(packet)
            elif index in pictures and continues_picture(packet, codecs[index]):
                pictures[index].update(bytes(packet))
                record = records[index][-1]
                records[index][-1] = replace(record, digest=pictures[index].digest())
            else:
                pictures[index] = digest = new_digest()
                digest.update(unwrapped(bytes(packet), codecs[index]))
                records[index].append(_record(packet, digest.digest()))

    for packet in packets_of(container, streams, jumps):
        # demux() ends every stream with an empty packet that is meant for decoders.
        if packet.size or packet.dts is not None:
            note(cut.take(packet))
    note(cut.finish())
    return records | {index: run.finish() for index, run in runs.items()}


def _record(packet: "Packet[Stream]", digest: bytes) -> PacketRecord:
    return PacketRecord(
        seconds=None if packet.pts is None else packet.pts * packet.time_base,
        duration_seconds=(packet.duration or 0) * packet.time_base,
        digest=digest,
    )


def unwrapped(payload: bytes, codec: str) -> bytes:
    """Return a payload without what transport streams add to it and other containers do not."""
    if codec == "aac" and len(payload) > 7 and payload[0] == 0xFF and payload[1] & 0xF6 == 0xF0:
        # An ADTS header has nine bytes with a checksum, seven without.
        return payload[7 if payload[1] & 1 else 9 :]
    if codec in _PARAMETER_SETS:
        units = _nal_units(payload)
        skipped = _PARAMETER_SETS[codec]
        return b"".join(unit for unit in units if unit and _nal_type(unit, codec) not in skipped)
    return payload


def _nal_type(unit: bytes, codec: str) -> int:
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def _nal_units(payload: bytes) -> Iterator[bytes]:
    """Yield the units of a frame, whether start codes or lengths stand between them."""
    if payload[:3] == _START_CODE or payload[:4] == b"\x00" + _START_CODE:
        for unit in payload.split(_START_CODE)[1:]:
            # Zeros before the next start code belong to it; a unit itself never ends in one.
            yield unit.rstrip(b"\x00")
        return
    position = 0
    while position + 4 <= len(payload):
        length = int.from_bytes(payload[position : position + 4], "big")
        yield payload[position + 4 : position + 4 + length]
        position += 4 + length
