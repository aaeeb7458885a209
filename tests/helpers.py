"""Comparisons that tests share; the one place where tolerances are named."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import torch
from av.container import InputContainer
from torch import Tensor

CODE_8_BIT: Final = 1 / 255
"""One code value of 8-bit full range."""

TOLERANCES: Final[dict[str, float]] = {
    "exact": 0.0,
    "float": 1e-5,  # a different order of float32 operations
    "rounded": 0.75 * CODE_8_BIT,  # one rounding to 8 bits in limited range
    "yuv": 2.0 * CODE_8_BIT,  # one trip through 8-bit YUV, where three roundings add up
    "encoded": 24.0 * CODE_8_BIT,  # one lossy encode of smooth content at our default quality
}
"""Largest difference per pixel by what lies between the two sides, on a scale where white is 1."""


def assert_frames_close(actual: Tensor, expected: Tensor, *, tolerance: str | float) -> None:
    """Fail unless two pictures or stacks of pictures agree, pixel by pixel.

    ``tolerance`` is a name from ``TOLERANCES`` or, where a test derives its own, a number.
    """
    limit = TOLERANCES[tolerance] if isinstance(tolerance, str) else tolerance
    assert actual.shape == expected.shape, f"{tuple(actual.shape)} != {tuple(expected.shape)}"
    difference = (actual.double() - expected.double()).abs()
    assert bool(torch.isfinite(difference).all()), "a pixel is not a finite number"
    worst = float(difference.max()) if difference.numel() else 0.0
    assert worst <= limit, f"pixels differ by {worst:.6f}, allowed are {limit:.6f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketFacts:
    """What must survive when a packet is copied."""

    payload: bytes
    seconds: Fraction | None
    """Presentation time."""

    duration_seconds: Fraction
    is_keyframe: bool


def stream_packets(path: Path, index: int) -> list[PacketFacts]:
    """Return all packets of one stream in file order."""
    with av.open(str(path)) as container:
        stream = container.streams[index]
        return [
            PacketFacts(
                payload=bytes(packet),
                seconds=None if packet.pts is None else packet.pts * packet.time_base,
                duration_seconds=(packet.duration or 0) * packet.time_base,
                is_keyframe=packet.is_keyframe,
            )
            for packet in container.demux([stream])
            if packet.size or packet.dts is not None
        ]


def packet_payloads(path: Path, kind: str) -> list[list[bytes]]:
    """Return the payloads of every stream of a kind ("audio", "subtitle"), in file order."""
    with av.open(str(path)) as container:
        indexes = [stream.index for stream in container.streams if stream.type == kind]
    return [[packet.payload for packet in stream_packets(path, index)] for index in indexes]


def _first_picture(container: InputContainer) -> int:
    return container.streams.video[0].index


def decoded_pts(path: Path) -> list[int]:
    """Return the timestamps of all pictures in the stream's own unit, read by PyAV alone."""
    with av.open(str(path)) as container:
        frames = container.decode(container.streams.video[0])
        return [frame.pts for frame in frames if frame.pts is not None]


def decoded_seconds(path: Path) -> list[Fraction]:
    """Return the times of all pictures in seconds, read by PyAV alone."""
    with av.open(str(path)) as container:
        unit = container.streams[_first_picture(container)].time_base
        assert unit is not None
    return [pts * unit for pts in decoded_pts(path)]


def assert_times_close(
    actual: Iterable[Fraction], expected: Iterable[Fraction], *, seconds: Fraction = Fraction(0)
) -> None:
    """Fail unless both lists are as long and no pair is further apart than ``seconds``."""
    left, right = list(actual), list(expected)
    assert len(left) == len(right), f"{len(left)} times instead of {len(right)}"
    worst = max((abs(a - b) for a, b in zip(left, right, strict=True)), default=Fraction(0))
    assert worst <= seconds, f"times differ by {float(worst)} s, allowed are {float(seconds)} s"
