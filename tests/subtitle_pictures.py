"""Subtitles that are pictures, as Blu-ray, DVB and DVDs send them, and videos that hold them."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.packet import Packet

from tests.clips import picture

_UNIT: Final = Fraction(1, 90000)
_FRESH: Final = 0x80


def blu_ray(number: int, *, shown: bool = True, fresh: bool = True) -> list[bytes]:
    """Return the segments of one composition, the first of which says when it is shown."""
    state = _FRESH if fresh else 0
    composition = struct.pack(">HHBHBBBB", 192, 108, 16, number, state, 0, 0, int(shown))
    if not shown:
        return [_segment(0x16, composition), _segment(0x80, b"")]
    composition += struct.pack(">HBBHH", 0, 0, 0, 20, 80)
    line = bytes([0, 0x80 | 60, 1, 0, 0])
    bitmap = struct.pack(">HH", 60, 20) + line * 20
    return [
        _segment(0x16, composition),
        _segment(0x17, struct.pack(">BBHHHH", 1, 0, 20, 80, 60, 20)),
        _segment(0x14, bytes([0, 0, 1, 235, 128, 128, 255])),
        _segment(0x15, struct.pack(">HBB", 0, 0, 0xC0) + _three(bitmap) + bitmap),
        _segment(0x80, b""),
    ]


def dvb(*, seconds: int, fresh: bool = True) -> bytes:
    """Return a page without regions that lasts so long."""
    page = bytes([seconds, 8 if fresh else 0])
    return b"\x0f\x10\x00\x01" + struct.pack(">H", len(page)) + page + b"\x0f\x80\x00\x01\x00\x00"


def dvd(*, ticks: int) -> bytes:
    """Return a picture of four lines that is shown for so many times 1024/90000 s."""
    lines = b"\x00\x01" * 4
    area = (20 << 36 | 79 << 24 | 80 << 12 | 83).to_bytes(6, "big")
    start = b"\x03\x32\x10\x04\xff\xf0\x05" + area + b"\x06\x00\x04\x00\x08\x01\xff"
    first = 4 + len(lines)
    second = first + 4 + len(start)
    commands = (
        struct.pack(">HH", 0, second) + start + struct.pack(">HH", ticks, second) + b"\x02\xff"
    )
    return struct.pack(">HH", 4 + len(lines) + len(commands), first) + lines + commands


def render_with(
    path: Path,
    codec: str,
    packets: list[tuple[float, bytes]],
    *,
    encoder: str = "libx264",
    muxer_options: dict[str, str] | None = None,
) -> Path:
    """Render two seconds of 64x48 with one stream of subtitles; the suffix chooses the container.

    Args:
        path: Where to.
        codec: Of the subtitles.
        packets: Seconds from the first frame, and content.
        encoder: Of the frames.
        muxer_options: For the muxer.
    """
    # By the suffix libav would take another kind of program stream, without subtitles.
    muxer = "vob" if path.suffix == ".vob" else None
    with av.open(str(path), "w", format=muxer, container_options=muxer_options or {}) as output:
        video = output.add_stream(encoder, rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.max_b_frames = 0
        text = output.add_mux_stream(codec)
        timed: list[tuple[float, Packet[av.stream.Stream]]] = []
        for index in range(50):
            frame = av.VideoFrame.from_ndarray(picture(index, 48, 64), format="rgb24")
            timed += [(index / 25, one) for one in video.encode(frame.reformat(format="yuv420p"))]
        timed += [(2.0, one) for one in video.encode(None)]
        for seconds, data in packets:
            packet = Packet(data)
            packet.stream, packet.time_base = text, _UNIT
            packet.pts = packet.dts = round(seconds / _UNIT)
            timed.append((seconds, packet))
        for _, packet in sorted(timed, key=lambda one: one[0]):
            output.mux_one(packet)
    return path


def _segment(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + struct.pack(">H", len(content)) + content


def _three(content: bytes) -> bytes:
    return len(content).to_bytes(3, "big")
