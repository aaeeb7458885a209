"""What a meter makes of the engine's steps: work of both passes, a rate and the time left."""

from itertools import pairwise

import pytest
import torch

from dscvsr_cli.engine.stream import StreamProgress, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.progress import JobProgress, WorkMeter
from tests.engine.fakes import NearestNetwork, cuts_at, random_frames

BACKWARD_SECONDS = 2.0
FORWARD_SECONDS = 3.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(
    total: int | None, frames: int, *, window: int, cuts: tuple[int, ...] = ()
) -> list[JobProgress]:
    """Send frames through the engine with a clock that knows how long each step takes."""
    clock = Clock()
    meter = WorkMeter(total, clock=clock)
    seen: list[JobProgress] = []

    def step(at: StreamProgress) -> None:
        clock.now += FORWARD_SECONDS if at.forward else BACKWARD_SECONDS
        seen.append(meter.step(at))

    plan = StreamPlan(window=window, look_ahead=2, step=4)
    for done, _ in enumerate(
        upscale_stream(
            random_frames(frames),
            NearestNetwork(),
            size=Size(8, 12),
            plan=plan,
            device=torch.device("cpu"),
            mark_scenes=cuts_at(cuts),
            on_progress=step,
        ),
        start=1,
    ):
        seen.append(meter.frame(done))
    return seen


def test_the_share_moves_with_the_first_step_of_the_backward_pass() -> None:
    seen = run(40, 40, window=20)
    assert seen[0].frames_done == 0
    assert seen[0].share is not None
    assert 0 < seen[0].share < seen[1].share < 0.1  # type: ignore[operator]


def test_the_share_only_grows_and_ends_at_one() -> None:
    seen = run(60, 60, window=20, cuts=(13, 14, 50))
    shares = [one.share for one in seen if one.share is not None]
    assert all(before <= after for before, after in pairwise(shares))
    assert shares[-1] == pytest.approx(1.0)
    assert seen[-1].seconds_left == pytest.approx(0.0, abs=1e-6)


def test_the_time_left_is_about_right_from_the_first_window_on() -> None:
    seen = run(200, 200, window=20)
    end = seen[-1].seconds
    for one in seen[5:]:
        assert one.seconds_left is not None
        assert one.seconds + one.seconds_left == pytest.approx(end, rel=0.45)
    for one in seen[len(seen) // 3 :]:
        assert one.seconds_left is not None
        assert one.seconds + one.seconds_left == pytest.approx(end, rel=0.08)


def test_the_rate_is_that_of_the_whole_job_all_the_time() -> None:
    seen = run(200, 200, window=20)
    whole = 200 / seen[-1].seconds
    rates = [one.frames_per_second for one in seen[len(seen) // 3 :]]
    assert all(rate == pytest.approx(whole, rel=0.1) for rate in rates)


def test_an_unknown_total_leaves_only_the_rate() -> None:
    seen = run(None, 30, window=10)
    assert seen[-1].share is None
    assert seen[-1].seconds_left is None
    assert seen[-1].frames_done == 30
    assert seen[-1].frames_per_second is not None


def test_a_total_that_proves_too_small_is_dropped() -> None:
    seen = run(20, 30, window=10)
    assert seen[-1].frames_total is None
    assert seen[-1].seconds_left is None
    assert all(one.share is None or one.share <= 1 for one in seen)


def test_no_rate_is_given_within_the_first_second() -> None:
    clock = Clock()
    meter = WorkMeter(100, clock=clock)
    clock.now += 30.0
    first = meter.step(StreamProgress(made=0, waiting=50, backward=0.02, forward=0.0))
    assert (first.frames_per_second, first.seconds_left) == (None, None)
    clock.now += 0.5
    assert (
        meter.step(StreamProgress(made=0, waiting=50, backward=0.04, forward=0.0)).frames_per_second
        is None
    )


def test_a_window_that_is_repeated_takes_nothing_back() -> None:
    clock = Clock()
    meter = WorkMeter(100, clock=clock)
    shares = []
    for backward in (0.5, 1.0, 0.1, 0.5):
        clock.now += 2.0
        shares.append(
            meter.step(StreamProgress(made=0, waiting=50, backward=backward, forward=0.0)).share
        )
    assert shares[2] == shares[1] == shares[3]


def test_frames_of_an_earlier_run_are_counted_as_done_but_not_as_speed() -> None:
    clock = Clock()
    meter = WorkMeter(100, already=90, clock=clock)
    for done in range(91, 96):
        clock.now += 1.0
        progress = meter.frame(done)
    assert progress.frames_per_second == pytest.approx(1.0)
    assert progress.seconds_left == pytest.approx(5.0)
