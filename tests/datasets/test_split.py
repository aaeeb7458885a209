"""Holding clips out: by their names alone, about as many as asked for, never photographs."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.datasets.sources import Source
from dscvsr_cli.datasets.split import place_of, split_sources


def clip(name: str, folder: str = "x") -> Source:
    return Source(name=name, kind="video", paths=(Path(folder, f"{name}.mp4"),))


MANY = [clip(f"clip {number}") for number in range(2000)]


@given(st.floats(0, 1))
def test_every_source_is_on_one_side_and_the_order_stays(share: float) -> None:
    learned, held = split_sources(MANY[:60], share)
    assert sorted([*learned, *held], key=MANY.index) == MANY[:60]
    assert [*learned] == sorted(learned, key=MANY.index)


def test_about_the_share_asked_for_is_held_out() -> None:
    assert 70 < len(split_sources(MANY, 0.05)[1]) < 130
    assert 900 < len(split_sources(MANY, 0.5)[1]) < 1100


def test_more_is_held_out_on_top_of_less_and_nothing_else_matters() -> None:
    few = {source.name for source in split_sources(MANY, 0.05)[1]}
    more = {source.name for source in split_sources(MANY[::-1], 0.1)[1]}
    moved = {source.name for source in split_sources([clip(s.name, "y") for s in MANY], 0.05)[1]}
    assert few < more
    assert moved == few


def test_names_fall_where_they_always_fell() -> None:
    # SHA-256 of "000" begins with 2ac9a6746aca543a: a golden from coreutils' sha256sum.
    assert place_of("000") == (0x2AC9A6746ACA543A >> 11) / 2**53
    assert 0 <= place_of("\udcff") < 1


def test_photographs_are_never_held_out_and_something_is_always_left() -> None:
    photos = [Source(name=s.name, kind="photo", paths=s.paths) for s in MANY[:50]]
    assert split_sources(photos, 1.0) == (tuple(photos), ())
    assert split_sources(MANY[:3], 1.0) == (tuple(MANY[:3]), ())
    assert split_sources([*MANY[:3], *photos], 1.0) == (tuple(photos), tuple(MANY[:3]))
    assert split_sources((), 0.5) == ((), ())
