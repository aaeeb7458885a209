"""Compare the streams beside the video: where each one is, and whether its packets are equal."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from av.container import InputContainer

from dscvsr_cli.video.containers import TEXT_SUBTITLES
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.languages import same_language
from dscvsr_cli.video.passthrough.left_out import describe_stream
from dscvsr_cli.video.passthrough.span_cut import SpanCut
from dscvsr_cli.video.passthrough.subtitle_turns import ONE_AT_A_TIME
from dscvsr_cli.video.span import WHOLE, TimeSpan
from dscvsr_cli.video.timecode import advance
from dscvsr_cli.video.verify.compare_text import read_texts, worst_shift
from dscvsr_cli.video.verify.compare_tracks import compare_track
from dscvsr_cli.video.verify.findings import Finding, Level
from dscvsr_cli.video.verify.packet_digests import read_digests
from dscvsr_cli.video.verify.packet_record import PacketRecord
from dscvsr_cli.video.verify.sample_runs import holds_samples

_ENCODED_AUDIO_TOLERANCE: Final = Fraction(1, 20)
"""Seconds; encoders add a little silence at both ends, and pad the last block."""

_MPEG_AUDIO: Final = frozenset({"mp1", "mp2", "mp3"})
"""Layers of one codec, which MP4 does not distinguish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two files, with everything read from it."""

    info: VideoInfo
    container: InputContainer
    packets: dict[int, list[PacketRecord]]
    span: TimeSpan

    def digests(self, stream: StreamInfo) -> list[bytes]:
        return [packet.digest for packet in self.packets.get(stream.index, ())]

    def tick(self, stream: StreamInfo) -> Fraction:
        return self.container.streams[stream.index].time_base or Fraction(0)


def compare_streams(
    before: VideoInfo,
    after: VideoInfo,
    old: InputContainer,
    new: InputContainer,
    *,
    shift: Fraction,
    span: TimeSpan = WHOLE,
) -> Iterator[Finding]:
    """Yield a finding for every stream of the source, and for the tags of its video.

    Args:
        before: The source as probed.
        after: The target as probed.
        old: The source, freshly opened.
        new: The target, freshly opened.
        shift: Seconds by which everything in the target is later.
        span: The part of the source that the target was made from.

    Raises:
        av.FFmpegError: One of the files cannot be read to its end.
    """
    source, target = _read(before, old, span), _read(after, new, WHOLE)
    pairs = _pair(source, target)
    yield from compare_track(
        old.streams[before.stream_index], new.streams[after.stream_index], "video stream"
    )
    yield from _timecode(before, after, span)
    for stream in compared_streams(before):
        twin = pairs.get(stream.index)
        subject = describe_stream(stream)
        if twin is None:
            yield Finding(level="lost", subject=subject, message="missing")
            continue
        yield _compare_content(source, target, stream, twin, shift)
        yield from compare_track(
            old.streams[stream.index],
            new.streams[twin.index],
            subject,
            is_cover=stream.is_cover,
        )
    yield from _late_streams(
        before, [one for one in compared_streams(after) if one not in pairs.values()]
    )


def _timecode(before: VideoInfo, after: VideoInfo, span: TimeSpan) -> Iterator[Finding]:
    if before.timecode is None:
        return
    was = advance(before.timecode, span.start, before.frame_rate)
    became = after.timecode
    level: Level = "lost" if became is None else "ok" if became == was else "changed"
    message = "missing" if became is None else "the same" if became == was else f"is {became}"
    yield Finding(level=level, subject="timecode", message=f"{was}: {message}")


def _late_streams(before: VideoInfo, unpaired: Sequence[StreamInfo]) -> Iterator[Finding]:
    free = list(unpaired)
    for stream in before.late_streams:
        twin = next(
            (one for one in free if (one.kind, one.codec) == (stream.kind, stream.codec)), None
        )
        subject = describe_stream(stream)
        if twin is None:
            yield Finding(level="lost", subject=subject, message="appears midway, and is missing")
        else:
            free.remove(twin)
            message = "appears midway, and was not compared"
            yield Finding(level="changed", subject=subject, message=message)


def _read(info: VideoInfo, container: InputContainer, span: TimeSpan) -> _Side:
    timed = [one.index for one in compared_streams(info) if one.kind != "attachment"]
    cut = SpanCut(span, info.start_seconds)
    packets = read_digests(container, timed, info.jumps, cut)
    return _Side(info=info, container=container, packets=packets, span=span)


def compared_streams(info: VideoInfo) -> list[StreamInfo]:
    """Return the streams to compare; chapters and timecode are compared for themselves."""
    return [one for one in info.other_streams if not (one.is_chapter_text or one.is_timecode)]


def _pair(source: _Side, target: _Side) -> dict[int, StreamInfo]:
    """Find the twin of each source stream: equal content first, then the order within a kind."""
    free = compared_streams(target.info)
    pairs: dict[int, StreamInfo] = {}
    for alike in (_same_content, _same_codec_and_language, _same_language, _same_kind):
        for stream in compared_streams(source.info):
            if stream.index in pairs:
                continue
            twin = next((one for one in free if alike(source, target, stream, one)), None)
            if twin is not None:
                pairs[stream.index] = twin
                free.remove(twin)
    return pairs


def _same_content(source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo) -> bool:
    if stream.kind == "attachment" or twin.kind != stream.kind:
        return twin.kind == stream.kind and twin.title == stream.title
    return (
        stream.codec == twin.codec
        and same_language(stream.language, twin.language)
        and source.digests(stream) == target.digests(twin)
    )


def _same_codec_and_language(
    source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo
) -> bool:
    same_codec = stream.codec == twin.codec
    return same_codec and _same_language(source, target, stream, twin)


def _same_language(source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo) -> bool:
    same = same_language(stream.language, twin.language)
    return same and _same_kind(source, target, stream, twin)


def _same_kind(source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo) -> bool:  # noqa: ARG001
    return (stream.kind, stream.is_cover) == (twin.kind, twin.is_cover)


def _compare_content(
    source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo, shift: Fraction
) -> Finding:
    if stream.kind == "attachment":
        return _compare_attachment(source, target, stream, twin)
    if stream.codec != twin.codec and stream.kind == "subtitle":
        return _compare_text(source, target, stream, twin, shift)
    before, after = source.packets[stream.index], target.packets[twin.index]
    same_codec = stream.codec == twin.codec or {stream.codec, twin.codec} <= _MPEG_AUDIO
    is_encoded_again = not same_codec or [one.digest for one in before[:1]] != [
        one.digest for one in after[:1]
    ]
    if is_encoded_again and stream.kind == "audio" and before and after:
        return _compare_encoded_audio(source, target, stream, twin, shift)
    return _compare_packets(source, target, stream, twin, shift)


def _compare_packets(
    source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo, shift: Fraction
) -> Finding:
    subject = describe_stream(stream)
    before, after = source.packets[stream.index], target.packets[twin.index]
    if len(after) != len(before):
        level: Level = "lost" if len(after) < len(before) else "changed"
        message = f"{len(after)} of {len(before)} packets"
        return Finding(level=level, subject=subject, message=message)
    different = sum(a.digest != b.digest for a, b in zip(before, after, strict=True))
    if different:
        message = f"{different} of {len(before)} packets differ"
        return Finding(level="changed", subject=subject, message=message)
    worst = _worst_time(before, after, shift)
    tick = max(target.tick(twin), Fraction(1, 100000)) + (source.tick(stream) if shift else 0)
    if stream.is_cover or worst <= tick:
        exact = "times exact" if worst == 0 else f"times to {float(worst) * 1000:.2g} ms"
        what = "samples" if holds_samples(stream.codec) else f"{len(before)} packets"
        message = f"all {what} equal" + ("" if stream.is_cover else f", {exact}")
        return Finding(level="ok", subject=subject, message=message)
    message = f"packets equal, but moved by up to {float(worst) * 1000:.4g} ms"
    return Finding(level="changed", subject=subject, message=message)


def _worst_time(
    before: Sequence[PacketRecord], after: Sequence[PacketRecord], shift: Fraction
) -> Fraction:
    return max(
        (
            abs(new.seconds - old.seconds - shift)
            for old, new in zip(before, after, strict=True)
            if old.seconds is not None and new.seconds is not None
        ),
        default=Fraction(0),
    )


def _compare_encoded_audio(
    source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo, shift: Fraction
) -> Finding:
    subject = describe_stream(stream)
    before, after = source.packets[stream.index], target.packets[twin.index]
    starts = _start(after) - _start(before) - shift
    ends = _end(after) - _end(before) - shift
    apart = max(abs(starts), abs(ends))
    message = f"encoded again as {twin.codec}"
    if apart > _ENCODED_AUDIO_TOLERANCE:
        message += f", and starts or ends {float(apart) * 1000:.0f} ms elsewhere"
    return Finding(level="changed", subject=subject, message=message)


def _start(packets: Sequence[PacketRecord]) -> Fraction:
    return min((one.seconds for one in packets if one.seconds is not None), default=Fraction(0))


def _end(packets: Sequence[PacketRecord]) -> Fraction:
    ends = (one.seconds + one.duration_seconds for one in packets if one.seconds is not None)
    return max(ends, default=Fraction(0))


def _compare_text(
    source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo, shift: Fraction
) -> Finding:
    subject = describe_stream(stream)
    converted = f"converted to {twin.codec}"
    if not {stream.codec, twin.codec} <= TEXT_SUBTITLES:
        return Finding(level="changed", subject=subject, message=converted)
    before = read_texts(
        source.info, stream.index, source.span, one_at_a_time=twin.codec in ONE_AT_A_TIME
    )
    after = read_texts(target.info, twin.index, target.span)
    if [text for _, text in before] != [text for _, text in after]:
        kept = sum(text in {one for _, one in after} for _, text in before)
        level: Level = "lost" if kept < len(before) else "changed"
        message = f"{converted}, {kept} of {len(before)} texts the same"
        return Finding(level=level, subject=subject, message=message)
    worst = worst_shift(before, after, shift)
    tick = target.tick(twin) + source.tick(stream)
    times = "times the same" if worst <= tick else f"moved by up to {float(worst) * 1000:.4g} ms"
    message = f"{converted}: all {len(before)} texts the same, {times}"
    return Finding(level="changed", subject=subject, message=message)


def _compare_attachment(
    source: _Side, target: _Side, stream: StreamInfo, twin: StreamInfo
) -> Finding:
    data = [
        getattr(side.container.streams[one.index], "data", None) or b""
        for side, one in ((source, stream), (target, twin))
    ]
    same = hashlib.sha256(data[0]).digest() == hashlib.sha256(data[1]).digest()
    return Finding(
        level="ok" if same else "changed",
        subject=describe_stream(stream),
        message=f"all {len(data[0])} bytes equal" if same else "its bytes differ",
    )
