"""Windows cover a scene once and in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.engine.windows import Window, next_window

totals = st.integers(0, 200)
lengths = st.integers(1, 40)
look_aheads = st.integers(0, 20)


def plan_windows(total: int, *, length: int, look_ahead: int) -> list[Window]:
    """Return the windows of a scene of ``total`` frames: what ``next_window`` gives, one by one."""
    windows: list[Window] = []
    while window := next_window(
        windows[-1].stop if windows else 0,
        available=total,
        ended=True,
        length=length,
        look_ahead=look_ahead,
    ):
        windows.append(window)
    return windows


@settings(deadline=None)
@given(total=totals, length=lengths, look_ahead=look_aheads)
def test_windows_tile_a_scene_once_and_in_order(total: int, length: int, look_ahead: int) -> None:
    windows = plan_windows(total, length=length, look_ahead=look_ahead)
    made = [i for window in windows for i in range(window.start, window.stop)]
    assert made == list(range(total))


@settings(deadline=None)
@given(total=totals, length=lengths, look_ahead=look_aheads)
def test_every_window_but_the_last_has_its_full_length_and_look_ahead(
    total: int, length: int, look_ahead: int
) -> None:
    windows = plan_windows(total, length=length, look_ahead=look_ahead)
    for window in windows[:-1]:
        assert window.stop - window.start == length
        assert window.reach - window.stop == look_ahead
    for window in windows[-1:]:
        assert window.stop == window.reach == total


@settings(deadline=None)
@given(total=totals, length=lengths, look_ahead=look_aheads)
def test_no_window_holds_more_frames_than_length_and_look_ahead(
    total: int, length: int, look_ahead: int
) -> None:
    for window in plan_windows(total, length=length, look_ahead=look_ahead):
        assert window.reach - window.start <= length + look_ahead


@settings(deadline=None)
@given(total=totals, length=lengths, look_ahead=look_aheads)
def test_a_stream_of_unknown_length_is_cut_as_a_known_one(
    total: int, length: int, look_ahead: int
) -> None:
    streamed: list[Window] = []
    for available in range(total + 1):
        start = streamed[-1].stop if streamed else 0
        window = next_window(
            start, available=available, ended=False, length=length, look_ahead=look_ahead
        )
        if window is not None:
            assert window.reach < available
            streamed.append(window)
    while window := next_window(
        streamed[-1].stop if streamed else 0,
        available=total,
        ended=True,
        length=length,
        look_ahead=look_ahead,
    ):
        streamed.append(window)
    assert streamed == plan_windows(total, length=length, look_ahead=look_ahead)


def test_the_last_window_makes_the_frames_it_would_only_have_read() -> None:
    assert plan_windows(13, length=5, look_ahead=3) == [Window(0, 5, 8), Window(5, 13, 13)]


@pytest.mark.parametrize(("length", "look_ahead"), [(0, 3), (5, -1)])
def test_impossible_windows_are_refused(length: int, look_ahead: int) -> None:
    with pytest.raises(ValueError, match="length >= 1"):
        plan_windows(10, length=length, look_ahead=look_ahead)


def test_a_window_that_makes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="start < stop"):
        Window(3, 3, 5)
