"""AVI has no presentation times: frames, B-frames too, are shown in regular slots from zero."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.video.read.measured_rate import require_constant_rate
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from tests.clips import Clip, render

X264 = (("crf", "20"), ("b_strategy", "0"), ("g", "12"))
SLOTS = Clip(suffix=".avi", time_base=Fraction(1, 25), pts=tuple(range(40)))
KINDS = {
    "H.264": Clip(
        suffix=".avi", time_base=SLOTS.time_base, pts=SLOTS.pts, options=(*X264, ("bf", "2"))
    ),
    "H.264 pyramid": Clip(
        suffix=".avi", time_base=SLOTS.time_base, pts=SLOTS.pts, options=(*X264, ("bf", "3"))
    ),
    "MPEG-4": Clip(
        suffix=".avi",
        encoder="mpeg4",
        time_base=SLOTS.time_base,
        pts=SLOTS.pts,
        options=(("bf", "2"), ("g", "12")),
    ),
    "without B-frames": Clip(
        suffix=".avi", time_base=SLOTS.time_base, pts=SLOTS.pts, options=(*X264, ("bf", "0"))
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_shown_in_regular_slots_from_zero(kind: str, tmp_path: Path) -> None:
    path = render(KINDS[kind], tmp_path)

    with VideoReader(path) as reader:
        assert [frame.pts for frame in reader] == list(range(40))
    assert require_constant_rate(probe(path), ".avi", from_zero=True) == 25


@pytest.mark.parametrize("kind", KINDS)
def test_a_span_counts_in_the_same_slots(kind: str, tmp_path: Path) -> None:
    path = render(KINDS[kind], tmp_path)
    with VideoReader(path) as reader:
        whole = {frame.pts: frame.pixels for frame in reader}

    for first, last in ((13, 20), (24, 26), (37, 40)):
        span = TimeSpan(Fraction(first, 25), Fraction(last, 25))
        with VideoReader(path, ReadOptions(span=span)) as reader:
            frames = list(reader)
        assert [frame.pts for frame in frames] == list(range(first, last))
        assert all(bool((frame.pixels == whole[frame.pts]).all()) for frame in frames)


def test_the_packed_bitstream_of_divx_is_shown_in_regular_slots(tmp_path: Path) -> None:
    path = packed(tmp_path)

    with VideoReader(path) as reader:
        assert [frame.pts for frame in reader] == list(range(40))


def packed(folder: Path) -> Path:
    """Write MPEG-4 as DivX 5 does: a B-frame shares the packet of the frame shown after it."""
    source = render(replace(KINDS["MPEG-4"], options=(("bf", "1"), ("g", "12"))), folder)
    path = folder / "packed.avi"
    placeholder = b"\x00\x00\x01\xb6\x50\x00\x7f"
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        payloads = [bytes(packet) for packet in old.demux() if packet.size]
        # Decoders look for this before they expect a second frame in a packet.
        payloads[0] = b"\x00\x00\x01\xb2DivX503b1393p" + payloads[0]
        out: list[bytes] = []
        held = b""
        for payload in payloads:
            kind = payload[payload.index(b"\x00\x00\x01\xb6") + 4] >> 6
            if kind == 2 and out and not held:
                out[-1] += payload
                held = placeholder
            else:
                if held:
                    out.append(held)
                    held = b""
                out.append(payload)
        if held:
            out.append(held)
        for number, payload in enumerate(out):
            packet = av.Packet(payload)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = number == 0
            new.mux(packet)
    return path
