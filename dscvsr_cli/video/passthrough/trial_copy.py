"""A trial before any work: the first packets of every copied stream are muxed in memory.

Each stream is tried by itself, and then the header of them all beside the picture, because muxers
have room for only so many streams of a kind.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import CONTAINERS
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.passthrough.copied_track import CopiedTrack
from dscvsr_cli.video.passthrough.left_out import LeftOut, describe_stream
from dscvsr_cli.video.passthrough.passthrough_plan import PassthroughPlan
from dscvsr_cli.video.passthrough.stream_copier import copy_stream_tags
from dscvsr_cli.video.read.encryption import is_encrypted
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.packets import packets_of

_PACKETS_EACH: Final = 8
_PACKETS_READ: Final = 2000
"""A stream may pause for hours; what comes within these packets must do."""


def try_copying(
    source: VideoInfo,
    plan: PassthroughPlan,
    container: Container,
    *,
    add_picture: Callable[[OutputContainer], object],
) -> PassthroughPlan:
    """Find out which streams the muxer refuses, and return the plan without them.

    Args:
        source: The probed file.
        plan: What is to be copied.
        container: What the output is.
        add_picture: Adds the stream of the enlarged frames to an output.

    Raises:
        UsageError: It refuses one, and its loss is not agreed to.
    """
    if source.kind != "file" or not plan.copied:
        return plan
    refused = _refused(source, plan, container)
    others = [stream for stream in plan.copied if stream.index not in refused]
    refused |= _refused_together(source, others, container, add_picture)
    if not refused:
        return plan
    if not plan.drop_unsupported:
        first = next(stream for stream in plan.copied if stream.index in refused)
        raise UsageError(
            f"{describe_stream(first)} cannot be brought over: {refused[first.index]}",
            hint=_hint(first, container),
        )
    losses = [
        LeftOut(what=describe_stream(stream), reason=refused[stream.index], stream=stream)
        for stream in plan.copied
        if stream.index in refused
    ]
    return replace(
        plan,
        copied=tuple(stream for stream in plan.copied if stream.index not in refused),
        left_out=(*plan.left_out, *losses),
    )


def _hint(stream: StreamInfo, container: Container) -> str:
    others = (one for one in CONTAINERS if one is not container and one.holds(stream))
    better = next((f"; -o out{one.suffix} may hold it" for one in others), "")
    return f"--drop-unsupported leaves it out{better}"


def _refused(source: VideoInfo, plan: PassthroughPlan, container: Container) -> dict[int, str]:
    """Return why the muxer refuses a stream, by the stream's index."""
    refused: dict[int, str] = {}
    with open_input(source.path, allow_playlist=source.is_playlist) as opened:
        first = _first_packets(opened, source, plan.copied)
        for stream in plan.copied:
            if any(map(is_encrypted, first[stream.index])):
                refused[stream.index] = "it is encrypted (DRM)"
                continue
            if _is_attached(stream, container):
                continue
            try:
                with av.open(io.BytesIO(), "w", format=container.name) as output:
                    _mux(output, container, opened.streams[stream.index], first[stream.index])
            except (ValueError, av.FFmpegError) as error:
                refused[stream.index] = describe_error(error)
    return refused


def _refused_together(
    source: VideoInfo,
    streams: Sequence[StreamInfo],
    container: Container,
    add_picture: Callable[[OutputContainer], object],
) -> dict[int, str]:
    """Return why the muxer refuses a stream beside the picture and the streams before it."""
    with open_input(source.path, allow_playlist=source.is_playlist) as opened:

        def trouble(wanted: Sequence[StreamInfo]) -> str:
            tracks = [one for one in wanted if not _is_attached(one, container)]
            try:
                with av.open(io.BytesIO(), "w", format=container.name) as output:
                    add_picture(output)
                    for one in tracks:
                        CopiedTrack(output, opened.streams[one.index], container)
                    output.container_options.update(dict(container.muxer_options))
                    output.start_encoding()
            except (ValueError, av.FFmpegError) as error:
                return describe_error(error)
            return ""

        if not trouble(streams):
            return {}
        kept: list[StreamInfo] = []
        refused: dict[int, str] = {}
        for stream in streams:
            if reason := trouble([*kept, stream]):
                what = f"{container.label} files have no room for it beside the other streams"
                refused[stream.index] = f"{what} ({reason})"
            else:
                kept.append(stream)
    return refused


def _is_attached(stream: StreamInfo, container: Container) -> bool:
    """Return whether a cover becomes an attached file, which may be in any codec."""
    return stream.is_cover and container.attachments


def _first_packets(
    opened: InputContainer, source: VideoInfo, streams: tuple[StreamInfo, ...]
) -> "dict[int, list[Packet[Any]]]":
    first: dict[int, list[Packet[Any]]] = {stream.index: [] for stream in streams}
    for packet in islice(_readable(opened, source), _PACKETS_READ):
        found = first.get(packet.stream_index)
        if found is not None and len(found) < _PACKETS_EACH and packet.size:
            found.append(packet)
        if all(len(packets) == _PACKETS_EACH for packets in first.values()):
            break
    return first


def _readable(opened: InputContainer, source: VideoInfo) -> "Iterator[Packet[Any]]":
    # Whoever copies the streams reports damage.
    with suppress(av.FFmpegError):
        yield from packets_of(opened, opened.streams, source.jumps)


def _mux(
    output: OutputContainer,
    container: Container,
    template: Stream,
    packets: "list[Packet[Any]]",
) -> None:
    # Whoever copies the streams says what is wrong with their times.
    track = CopiedTrack(output, template, container, warns=False)
    copy_stream_tags(template, track.stream, encoded=False)
    output.container_options.update(dict(container.muxer_options))
    output.start_encoding()
    for packet in packets:
        output.mux(list(track.take(packet)))
