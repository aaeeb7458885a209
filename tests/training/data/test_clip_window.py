"""ClipWindow: within its budget, fair to every part, and decided by the seed alone."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.training.data.clip_window import ClipWindow

sizes_of_parts = st.lists(st.integers(1, 50), min_size=1, max_size=30)
seeds = st.integers(0, 2**63 - 1)


@given(sizes_of_parts, st.integers(1, 400), seeds, st.integers(0, 40))
def test_what_is_held_fits_and_no_part_is_held_twice(
    sizes: list[int], budget: int, seed: int, changes: int
) -> None:
    rotation = ClipWindow(sizes, budget=budget, seed=seed)
    for _ in range(changes + 1):
        held = rotation.held
        assert len(set(held)) == len(held) >= 1
        assert sum(sizes[part] for part in held) <= budget or len(held) == 1
        rotation.change()


@given(sizes_of_parts, st.integers(1, 400), seeds)
def test_no_room_is_left_for_the_part_that_comes_next(
    sizes: list[int], budget: int, seed: int
) -> None:
    rotation = ClipWindow(sizes, budget=budget, seed=seed)
    for _ in range(10):
        taken = sum(sizes[part] for part in rotation.held)
        assert rotation.whole or taken + sizes[rotation.coming] > budget
        rotation.change()


@given(sizes_of_parts, st.integers(1, 400), seeds)
def test_a_change_brings_the_part_that_was_said_to_come(
    sizes: list[int], budget: int, seed: int
) -> None:
    rotation = ClipWindow(sizes, budget=budget, seed=seed)
    for _ in range(10):
        coming, whole, before = rotation.coming, rotation.whole, rotation.held
        rotation.change()
        assert (rotation.held == before) if whole else (coming in rotation.held)


def test_every_part_gets_its_turn_and_the_same_one() -> None:
    rotation = ClipWindow([10] * 12, budget=30, seed=4)
    turns: Counter[int] = Counter()
    for _ in range(24):
        turns.update(rotation.held)
        rotation.change()
    assert set(turns.values()) == {6}


def test_what_is_held_is_decided_by_the_seed() -> None:
    first, again, other = (ClipWindow([1] * 50, budget=9, seed=seed) for seed in (1, 1, 2))
    for _ in range(20):
        assert first.held == again.held
        first.change()
        again.change()
    assert ClipWindow([1] * 50, budget=9, seed=1).held != other.held


def test_a_budget_for_everything_holds_everything() -> None:
    rotation = ClipWindow([5, 6, 7], budget=18, seed=0)
    assert rotation.whole
    assert sorted(rotation.held) == [0, 1, 2]
    rotation.change()
    assert sorted(rotation.held) == [0, 1, 2]


def test_nothing_cannot_be_held() -> None:
    with pytest.raises(ValueError, match="parts"):
        ClipWindow([], budget=1, seed=0)
