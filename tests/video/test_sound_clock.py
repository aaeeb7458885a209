from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.video.passthrough.audio_transcode import SoundClock

RATES = st.sampled_from([8000, 22050, 44100, 48000])
LENGTHS = st.lists(st.integers(100, 2000), min_size=1, max_size=30)


@given(rate=RATES, lengths=LENGTHS, start=st.integers(0, 10**7))
@settings(deadline=None)
def test_times_rounded_to_milliseconds_leave_no_seam(
    rate: int, lengths: list[int], start: int
) -> None:
    clock = SoundClock(rate=rate, time_base=Fraction(1, 1000))
    true = start
    first = None
    for samples in lengths:
        at, cut = clock.place(round(Fraction(true * 1000, rate)), samples)
        first = at - true if first is None else first
        assert cut == 0
        assert at - true == first
        assert abs(first) <= rate / 2000 + 1
        true += samples


@given(rate=RATES, lengths=LENGTHS, gap=st.integers(2, 100_000))
@settings(deadline=None)
def test_a_gap_stays_a_gap(rate: int, lengths: list[int], gap: int) -> None:
    clock = SoundClock(rate=rate, time_base=Fraction(1, rate))
    position = 0
    for samples in lengths:
        assert clock.place(position, samples) == (position, 0)
        position += samples
    position += gap + 1
    assert clock.place(position, 500) == (position, 0)


def test_what_overlaps_is_cut_off() -> None:
    clock = SoundClock(rate=48000, time_base=Fraction(1, 48000))
    assert clock.place(0, 1000) == (0, 0)
    assert clock.place(900, 1000) == (1000, 100)
    assert clock.place(200, 1000) == (1200, 1000)
    assert clock.place(1900, 1000) == (1900, 0)


def test_blocks_without_times_follow_each_other() -> None:
    clock = SoundClock(rate=48000, time_base=Fraction(1, 90000))
    assert [clock.place(None, 960)[0] for _ in range(3)] == [0, 960, 1920]
