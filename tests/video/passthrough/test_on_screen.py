"""What is on the screen when a part begins, of subtitles that last until the next one."""

from fractions import Fraction

import pytest
from av.packet import Packet

from dscvsr_cli.video.passthrough.on_screen import OnScreen
from tests.subtitle_pictures import blu_ray, dvb, dvd

_UNIT = Fraction(1, 90000)


def shown(codec: str, packets: list[tuple[float, bytes]], at: float) -> list[bytes]:
    screen = OnScreen(codec)
    for seconds, data in packets:
        packet = Packet(data)
        packet.time_base, packet.pts = _UNIT, round(seconds / _UNIT)
        screen.add(packet, Fraction(seconds))
    return [bytes(packet) for packet in screen.shown_at(Fraction(at))]


def test_the_latest_picture_replaces_those_before_it() -> None:
    first, second = (b"".join(blu_ray(number)) for number in (1, 2))
    assert shown("hdmv_pgs_subtitle", [(1, first), (2, second)], 3) == [second]


def test_a_picture_that_draws_on_an_earlier_one_brings_it_along() -> None:
    first, change = b"".join(blu_ray(1)), b"".join(blu_ray(2, shown=False, fresh=False))
    assert shown("hdmv_pgs_subtitle", [(1, first), (2, change)], 3) == [first, change]
    page, more = dvb(seconds=9), dvb(seconds=9, fresh=False)
    assert shown("dvb_subtitle", [(1, page), (2, more)], 3) == [page, more]


@pytest.mark.parametrize("codec", ["dvb_subtitle", "dvd_subtitle"])
def test_a_picture_whose_time_is_over_is_not_brought_back(codec: str) -> None:
    data = dvb(seconds=2) if codec == "dvb_subtitle" else dvd(ticks=176)
    assert shown(codec, [(1, data)], 2.9) == [data]
    assert shown(codec, [(1, data)], 3.1) == []


@pytest.mark.parametrize("codec", ["dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle"])
@pytest.mark.parametrize("data", [b"", b"\x0f", b"\x16\x00", b"\x00\x05\x00\x02\x00"])
def test_what_makes_no_sense_is_shown_until_the_next_one(codec: str, data: bytes) -> None:
    assert shown(codec, [(1, data)], 100) == [data]
