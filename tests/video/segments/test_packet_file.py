"""Packet files: packets come back as they went in, and damage is noticed."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.video.segments.packet_file import (
    EncodedPacket,
    PacketFile,
    read_packets,
    read_times,
)

PACKETS = st.lists(
    st.builds(
        EncodedPacket,
        pts=st.integers(-(2**40), 2**40),
        duration=st.integers(0, 2**30),
        is_keyframe=st.booleans(),
        payload=st.binary(min_size=1, max_size=60),
        side_data=st.lists(
            st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=9)),
            max_size=2,
            unique_by=lambda entry: entry[0],
        ).map(tuple),
    ),
    max_size=6,
)
SHARED_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, packets: list[EncodedPacket]) -> None:
    with path.open("wb") as raw:
        file = PacketFile(raw)
        for packet in packets:
            file.write(packet)


@given(packets=PACKETS)
@SHARED_FOLDER
def test_packets_come_back_as_they_went_in(tmp_path: Path, packets: list[EncodedPacket]) -> None:
    path = tmp_path / "a.packets"
    write(path, packets)
    assert list(read_packets(path)) == packets
    assert list(read_times(path)) == [(packet.pts, packet.duration) for packet in packets]


@given(packets=PACKETS, data=st.data())
@SHARED_FOLDER
def test_a_changed_byte_or_a_missing_end_is_never_taken_for_the_truth(
    tmp_path: Path, packets: list[EncodedPacket], data: st.DataObject
) -> None:
    path = tmp_path / "a.packets"
    write(path, packets)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        kept = data.draw(st.integers(0, len(content) - 1))
        path.write_bytes(content[:kept])
        try:
            read = list(read_packets(path))
        except OutputVideoError:
            return
        assert read == packets[: len(read)]
        assert len(read) < len(packets)
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        with pytest.raises(OutputVideoError, match="damaged"):
            list(read_packets(path))


def test_a_muxer_gets_everything_back() -> None:
    sides = ((0, b"alpha plane"), (1, b"late header"))
    kept = EncodedPacket(pts=7, duration=3, is_keyframe=True, payload=b"picture", side_data=sides)
    packet = kept.to_packet(dts=5, time_base=Fraction(1, 25))
    assert (packet.pts, packet.dts, packet.duration, packet.is_keyframe) == (7, 5, 3, True)
    assert packet.time_base == Fraction(1, 25)
    assert EncodedPacket.from_packet(packet) == kept
