"""How coarsely the frames of a file were rounded, for codecs whose decoders do not say.

Frames in HEVC, AV1 and VP8 have their quantiser in their headers, whose elements libav names in its
log. A few frames from several places of the file are looked at in this way before it is decoded,
and their mean stands for all.
"""

import re
from fractions import Fraction
from itertools import islice
from statistics import fmean
from typing import Final

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.read.libav_log import libav_log
from dscvsr_cli.video.read.main_stream import main_video_stream
from dscvsr_cli.video.read.open_input import open_input
from dscvsr_cli.video.read.quantiser_steps import av1_step, h264_step, vp8_step
from dscvsr_cli.video.read.seek import has_index

_STATING: Final = frozenset({"av1", "hevc", "vp8"})

_PLACES: Final = 4
"""Places of the film that are looked at, where it can be sought; else the first alone."""

_PACKETS: Final = 24
"""Packets that are read at each: a few groups of pictures of most encoders."""

_ELEMENT: Final = re.compile(
    r"\b(init_qp_minus26|slice_qp_delta|base_q_idx|base_qindex)\b.*= (-?\d+)"
)
_MIDDLE: Final = 26
"""HEVC's quantiser parameter that ``init_qp_minus26`` counts from."""


def stated_step(info: VideoInfo) -> float | None:
    """Return the mean quantiser step of a probed file, as ``quantiser_step`` does for frames.

    None for other codecs, and for pipes and image sequences.

    Raises:
        InputVideoError: The file cannot be opened again.
    """
    if info.codec not in _STATING or info.kind != "file":
        return None
    with open_input(info.path, allow_playlist=info.is_playlist) as container:
        stream = main_video_stream(container, info.path, info.stream_index)
        try:
            packets = _some_packets(container, stream, info)
            with libav_log() as said:
                headers = BitStreamFilterContext("trace_headers", stream)
                for packet in packets:
                    headers.filter(packet)
        except (av.FFmpegError, OSError, ValueError):
            # Damage is for the decoder to find.
            return None
    steps = _steps(said)
    return fmean(steps) if steps else None


def _some_packets(
    container: InputContainer, stream: VideoStream, info: VideoInfo
) -> "list[Packet[VideoStream]]":
    unit = stream.time_base or Fraction(1)
    length = info.duration_seconds
    places = _PLACES if length and has_index(info) else 1
    found: list[Packet[VideoStream]] = []
    for place in range(places):
        if place:
            seconds = info.start_seconds + Fraction(length or 0) * place / places
            container.seek(int(seconds / unit), stream=stream)
        packets = (packet for packet in container.demux(stream) if packet.size)
        found += islice(packets, _PACKETS)
    return found


def _steps(said: list[str]) -> list[float]:
    """Return the steps of all frames, or slices of frames, that the log names."""
    steps: list[float] = []
    initial = _MIDDLE
    for name, number in (match.groups() for line in said for match in _ELEMENT.finditer(line)):
        value = int(number)
        if name == "init_qp_minus26":
            initial = _MIDDLE + value
        elif name == "slice_qp_delta":
            steps.append(h264_step(initial + value))
        elif name == "base_q_idx":
            steps.append(av1_step(value))
        else:
            steps.append(vp8_step(value))
    return steps
