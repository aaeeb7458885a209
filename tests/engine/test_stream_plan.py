"""Windows and tiles fit the memory budget with the least work."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.engine.stream_plan import (
    NetworkCost,
    StreamPlan,
    peak_bytes,
    plan_stream,
    smaller_plan,
    work_per_frame,
)
from dscvsr_cli.engine.tiles import Tile
from dscvsr_cli.errors import DeviceError
from dscvsr_cli.geometry import Size

COST = NetworkCost(feature_channels=64, workspace_channels=1200)
FULL_HD = Size(1080, 1920)
GIB = 2**30

sides = st.integers(16, 2200)
budgets = st.integers(1, 200).map(lambda n: n * GIB)


@settings(deadline=None, max_examples=60)
@given(height=sides, width=sides, budget=budgets)
def test_a_plan_fits_its_budget_or_an_error_says_what_is_missing(
    height: int, width: int, budget: int
) -> None:
    source, target = Size(height, width), Size(2 * height, 2 * width)
    plans = [StreamPlan(window=4, step=1), StreamPlan(window=4, tile=128, step=1)]
    least = min(peak_bytes(plan, source, target, COST) for plan in plans)
    if least <= budget:
        plan = plan_stream(source, target, COST, budget_bytes=budget)
        assert peak_bytes(plan, source, target, COST) <= budget
    else:
        with pytest.raises(DeviceError, match=r"needs about [\d.]+ [GM]B") as caught:
            plan_stream(source, target, COST, budget_bytes=budget)
        assert caught.value.hint


@settings(deadline=None, max_examples=30)
@given(height=st.integers(16, 1100), width=st.integers(16, 1100), budget=st.integers(8, 100))
def test_more_memory_never_means_more_work(height: int, width: int, budget: int) -> None:
    source, target = Size(height, width), Size(3 * height, 3 * width)
    little, much = (
        work_per_frame(plan_stream(source, target, COST, budget_bytes=n * GIB), source)
        for n in (budget, 2 * budget)
    )
    assert much <= little


def test_a_small_video_in_large_memory_is_worked_on_whole() -> None:
    plan = plan_stream(Size(144, 176), Size(288, 352), COST, budget_bytes=64 * GIB)
    assert plan.tile is None
    assert plan.window == 48


def test_little_memory_is_met_with_tiles_or_short_windows() -> None:
    half = NetworkCost(feature_channels=64, workspace_channels=1200, element_bytes=2)
    plan = plan_stream(FULL_HD, Size(2160, 3840), half, budget_bytes=8 * GIB)
    assert plan.tile is not None or plan.window < 24
    assert work_per_frame(plan, FULL_HD) > 1.0


def test_the_window_can_be_fixed() -> None:
    plan = plan_stream(Size(270, 480), Size(540, 960), COST, budget_bytes=64 * GIB, window=5)
    assert plan.window == 5


@settings(deadline=None)
@given(
    height=sides,
    width=sides,
    window=st.integers(1, 64),
    tile=st.none() | st.integers(64, 900),
    step=st.integers(1, 4),
)
def test_shrinking_ends_and_never_grows_memory(
    height: int, width: int, window: int, tile: int | None, step: int
) -> None:
    source = Size(height, width)
    plan: StreamPlan | None = StreamPlan(window=window, tile=tile, step=step)
    steps = 0
    while plan is not None:
        last, plan = plan, smaller_plan(plan, source)
        steps += 1
        assert steps < 40
        if plan is not None:
            assert plan.window <= last.window
            assert max(map(_area, plan.tiles(source))) <= max(map(_area, last.tiles(source)))
            assert plan != last
    assert last.window == 1
    assert last.step == 1


def test_tiles_shrink_before_windows() -> None:
    plan = StreamPlan(window=24)
    assert (smaller_plan(plan, FULL_HD) or plan).tile == 960
    assert (smaller_plan(plan, FULL_HD) or plan).window == 24


def test_whole_frames_are_a_single_tile() -> None:
    (tile,) = StreamPlan().tiles(FULL_HD)
    assert (tile.rows.stop, tile.columns.stop) == (1080, 1920)


@pytest.mark.parametrize(
    "wrong", [{"window": 0}, {"look_ahead": -1}, {"step": 0}, {"tile": 40, "overlap": 32}]
)
def test_impossible_plans_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        StreamPlan(**wrong)


def _area(tile: Tile) -> int:
    return (tile.rows.stop - tile.rows.start) * (tile.columns.stop - tile.columns.start)
