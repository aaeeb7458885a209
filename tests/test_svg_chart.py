"""Charts: every point where it belongs, in a file that any reader of SVG takes."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dscvsr_cli.svg_chart import MOST_MARKS, Chart, Series, draw_charts

numbers = st.floats(-1e6, 1e6, allow_nan=False)


def chart(*series: Series, title: str = "title") -> Chart:
    return Chart(title=title, across="steps", upward="loss", series=series)


def parts(drawing: str, tag: str) -> list[ET.Element]:
    root = ET.fromstring(drawing)  # noqa: S314  # our own text
    return [part for part in root.iter() if part.tag.endswith(f"}}{tag}")]


def places(drawing: str) -> list[tuple[float, float]]:
    return [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in parts(drawing, "circle")]


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=MOST_MARKS))
@example([(600.9999999998836, 0.0)])
def test_every_point_is_drawn_on_the_page_and_in_its_order(
    points: list[tuple[float, float]],
) -> None:
    drawn = places(draw_charts([chart(Series(name="one", points=tuple(points)))]))
    assert len(drawn) == len(points)
    assert all(0 <= x <= 860 and 0 <= y <= 520 for x, y in drawn)
    for (one, other), (first, second) in zip(pairwise(points), pairwise(drawn), strict=True):
        if one[0] < other[0]:
            assert first[0] <= second[0]
        if one[1] < other[1]:
            assert first[1] >= second[1]  # upwards on a page is towards zero


def test_points_lie_where_the_axes_say() -> None:
    drawn = places(draw_charts([chart(Series(name="one", points=((0, 0), (5, 1), (10, 4))))]))
    (left, low), (middle, _), (right, high) = drawn
    assert middle == pytest.approx((left + right) / 2)
    assert (left, low) == (64.0, 468.0)
    assert (right, high) == (670.0, 44.0)


def test_words_are_told_as_they_are() -> None:
    drawing = draw_charts([chart(Series(name="a & b", points=((1, 1),)), title="x < y")])
    texts = [part.text for part in parts(drawing, "text")]
    assert {"x < y", "a & b", "steps", "loss"} <= set(texts)


def test_charts_stand_below_each_other() -> None:
    one = chart(Series(name="one", points=((1, 2), (3, 4))))
    drawing = draw_charts([one, one, one])
    root = ET.fromstring(drawing)  # noqa: S314  # our own text
    assert root.attrib["viewBox"] == "0 0 860 1560"
    groups = [group.attrib["transform"] for group in parts(drawing, "g")]
    assert groups == ["translate(0 0)", "translate(0 520)", "translate(0 1040)"]
    assert len(places(drawing)) == 6


def test_a_reference_is_dashed_and_a_long_line_has_no_marks() -> None:
    long = Series(name="long", points=tuple((i, i) for i in range(MOST_MARKS + 1)))
    drawing = draw_charts([chart(long, Series(name="other", points=((1, 1),), dashed=True))])
    assert len(places(drawing)) == 1
    lines = parts(drawing, "polyline")
    assert ["stroke-dasharray" in line.attrib for line in lines] == [False, True]


def test_nothing_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="no chart"):
        draw_charts([])
    with pytest.raises(ValueError, match="points"):
        draw_charts([chart(Series(name="empty", points=()))])
