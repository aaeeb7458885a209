"""Losses of a transport stream that its counters, or its timestamps, give away."""

from pathlib import Path

import pytest

from tests.clips import render
from tests.video.read.lossy_clips import CONTAINERS, FRAMES, places, read

_PACKET = 188


def test_a_frame_whose_head_is_damaged_is_reported_although_no_packet_is_missing(
    tmp_path: Path,
) -> None:
    path = render(CONTAINERS["transport stream"], tmp_path)
    content = bytearray(path.read_bytes())
    packet = places(path)[21]
    head = content.find(b"\x00\x00\x01\xe0", packet, packet + _PACKET)
    content[head + 2] = 0xFF
    path.write_bytes(bytes(content))
    frames, told = read(path)
    assert frames < FRAMES
    assert told >= FRAMES - frames


@pytest.mark.parametrize("count", [15, 16, 32])
def test_packets_that_are_missing_altogether_are_reported(count: int, tmp_path: Path) -> None:
    path = render(CONTAINERS["transport stream"], tmp_path)
    content = path.read_bytes()
    start = places(path)[23] // _PACKET * _PACKET
    path.write_bytes(content[:start] + content[start + count * _PACKET :])
    frames, told = read(path)
    assert frames < FRAMES
    assert told > 0


def test_a_stream_whose_counters_start_again_without_a_pause_is_no_damage(tmp_path: Path) -> None:
    # As in segments that were written apart and joined.
    path = render(CONTAINERS["transport stream"], tmp_path)
    content = bytearray(path.read_bytes())
    start = places(path)[20]
    for at in range(start, len(content), _PACKET):
        content[at + 3] = content[at + 3] & 0xF0 | (content[at + 3] + 5) & 0x0F
    path.write_bytes(bytes(content))
    assert read(path)[0] == FRAMES
