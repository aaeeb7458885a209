"""Schedules: from low to a peak to the end, bound by steps or by the clock."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.training.schedule import (
    learning_rate,
    periodic_rate,
    phase,
    progress,
    sequence_length,
)

shares = st.floats(0, 1)
warmups = st.floats(0.001, 0.9)


def rate(done: float, *, warmup: float = 0.02) -> float:
    return learning_rate(done, peak=2e-3, final=1e-5, warmup=warmup)


@given(warmups)
def test_the_rate_starts_low_peaks_after_warming_up_and_ends_at_the_end(warmup: float) -> None:
    assert rate(0.0, warmup=warmup) == pytest.approx(0.05 * 2e-3)
    assert rate(warmup, warmup=warmup) == pytest.approx(2e-3)
    assert rate(1.0, warmup=warmup) == pytest.approx(1e-5)


@given(shares, shares, warmups)
def test_the_rate_climbs_while_warming_up_and_falls_ever_after(
    one: float, two: float, warmup: float
) -> None:
    before, after = sorted((one, two))
    if after < warmup:
        assert rate(before, warmup=warmup) <= rate(after, warmup=warmup)
    elif before >= warmup:
        assert rate(before, warmup=warmup) >= rate(after, warmup=warmup)


@given(shares, st.floats(0, 1))
def test_the_rate_stays_between_its_ends(done: float, warmup: float) -> None:
    assert 1e-5 * 0.999 <= rate(done, warmup=warmup) <= 2e-3 * 1.001


@given(warmups)
def test_the_rate_does_not_jump_where_warming_up_ends(warmup: float) -> None:
    assert rate(warmup - 1e-6, warmup=warmup) == pytest.approx(
        rate(warmup, warmup=warmup), rel=2e-3
    )


def test_without_warming_up_the_rate_starts_at_its_peak() -> None:
    assert rate(0.0, warmup=0.0) == 2e-3


@given(st.integers(0, 2000), st.floats(0, 1e5), st.floats(0.1, 1000))
def test_progress_is_what_lies_behind_by_steps_or_by_the_clock(
    iteration: int, seconds: float, minutes: float
) -> None:
    done = progress(iteration=iteration, iterations=1000, seconds=seconds, max_minutes=minutes)
    assert done == pytest.approx(min(1.0, max(iteration / 1000, seconds / 60 / minutes)))


def test_a_run_ends_with_its_last_step_or_its_last_minute() -> None:
    assert progress(iteration=10, iterations=10, seconds=0.0, max_minutes=60.0) == 1.0
    assert progress(iteration=1, iterations=10, seconds=3600.0, max_minutes=60.0) == 1.0
    assert progress(iteration=9, iterations=10, seconds=3599.0, max_minutes=60.0) < 1.0


def test_without_a_clock_only_steps_count() -> None:
    assert progress(iteration=1, iterations=4, seconds=1e9, max_minutes=None) == 0.25


def test_each_length_rules_an_equal_share_in_its_order() -> None:
    lengths = [sequence_length(step / 300, (5, 7, 15)) for step in range(301)]
    assert lengths == sorted(lengths)
    assert Counter(lengths[:300]) == {5: 100, 7: 100, 15: 100}
    assert lengths[300] == 15


def test_the_periodic_rate_is_pytorchs_cosine_annealing() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=300, eta_min=1e-6)
    for iteration in range(700):
        made = periodic_rate(iteration, period=300, peak=1e-4, final=1e-6)
        assert made == pytest.approx(schedule.get_last_lr()[0], rel=1e-5)
        optimizer.step()
        schedule.step()


def test_the_periodic_rate_falls_in_one_period_and_climbs_back_in_the_next() -> None:
    rates = [periodic_rate(i, period=300, peak=1e-4, final=1e-6) for i in (0, 300, 600, 900)]
    assert rates == pytest.approx([1e-4, 1e-6, 1e-4, 1e-6])


def test_the_flow_learns_first_then_the_parts_apart_then_the_whole() -> None:
    how = {"motion_first": 0.25, "apart_first": 0.5, "distill_until": 0.9}
    shares = [phase(done, **how) for done in (0, 0.2, 0.3, 0.7, 0.8, 0.95)]
    assert shares == ["motion", "motion", "apart", "apart", "whole", "alone"]
    assert phase(0.0, motion_first=0.0, apart_first=0.0, distill_until=1.0) == "whole"
