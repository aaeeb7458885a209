"""The one rule for output sizes, and where output pixels lie."""

from fractions import Fraction
from math import gcd

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import (
    MAX_OUTPUT_SIDE,
    VISIBLE_STRETCH,
    AxisPhases,
    Size,
    output_size,
    shape_keeping_aspect,
)

sources = st.builds(Size, st.integers(2, 1100), st.integers(2, 2000))
# What people type: a decimal with up to three places.
factors = st.integers(1001, 8000).map(lambda thousandths: thousandths / 1000)
EVEN = (2, 2)


def enlarged(source: Size, scale: float, multiple: tuple[int, int] = EVEN) -> Size:
    """The size, for examples where the factor is not too small to enlarge by a pixel."""
    try:
        return output_size(source, scale=scale, multiple=multiple)
    except UsageError as error:
        assume("does not enlarge" not in error.message)
        raise


@settings(deadline=None)
@given(sources, factors)
def test_sides_are_even_and_positive_and_within_a_pixel_of_the_factor(
    source: Size, scale: float
) -> None:
    size = enlarged(source, scale)
    for side, before in ((size.height, source.height), (size.width, source.width)):
        assert side > 0
        assert side % 2 == 0
        assert abs(side - before * Fraction(str(scale))) <= 1


@settings(deadline=None)
@given(sources, factors, factors)
def test_a_larger_factor_never_gives_a_smaller_side(source: Size, one: float, two: float) -> None:
    smaller, larger = (enlarged(source, scale) for scale in sorted((one, two)))
    assert smaller.height <= larger.height
    assert smaller.width <= larger.width


@settings(deadline=None)
@given(sources, st.sampled_from([(1, 1), (2, 2), (2, 4), (1, 2)]), factors)
def test_sides_are_multiples_of_what_the_pixel_format_needs(
    source: Size, multiple: tuple[int, int], scale: float
) -> None:
    size = enlarged(source, scale, multiple)
    assert size.height % multiple[0] == 0
    assert size.width % multiple[1] == 0


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(11, 80))
def test_a_decimal_factor_that_fits_is_exact(height: int, width: int, tenths: int) -> None:
    source = Size(10 * height, 10 * width)
    assume(max(height, width) * tenths <= MAX_OUTPUT_SIDE)
    assert output_size(source, scale=tenths / 10) == Size(height * tenths, width * tenths)


@pytest.mark.parametrize(
    ("source", "scale", "expected"),
    [
        (Size(1080, 1920), 2.7, Size(2916, 5184)),
        (Size(272, 480), 2.7, Size(734, 1296)),
        (Size(480, 854), 1.5, Size(720, 1282)),  # 1281 lies between 1280 and 1282: up
        (Size(10, 10), 2.3, Size(24, 24)),  # 23, up; in binary 2.3 is a little less than that
        (Size(1, 1), 1.5, Size(2, 2)),
        (Size(5, 5), 1.1, Size(6, 6)),
        (Size(3, 3), 2.7, Size(8, 8)),
    ],
)
def test_sizes_that_people_ask_for(source: Size, scale: float, expected: Size) -> None:
    assert output_size(source, scale=scale, multiple=EVEN) == expected


def test_one_side_brings_the_other_along_and_both_are_taken_as_they_are() -> None:
    source = Size(240, 426)
    assert output_size(source, width=1280, multiple=EVEN) == Size(722, 1280)
    assert output_size(source, height=720, multiple=EVEN) == Size(720, 1278)
    assert output_size(source, height=720, width=1280, multiple=EVEN) == Size(720, 1280)


def test_one_axis_may_stay() -> None:
    assert output_size(Size(480, 720), height=480, width=960) == Size(480, 960)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.0, -2.0, float("nan"), float("inf")])
def test_factors_that_do_not_enlarge_are_refused(scale: float) -> None:
    with pytest.raises(UsageError, match="factor") as caught:
        output_size(Size(48, 64), scale=scale)
    assert caught.value.hint


@pytest.mark.parametrize(
    "target",
    [{}, {"scale": 2.0, "width": 100}, {"scale": 2.0, "height": 100}],
)
def test_nothing_asked_and_too_much_asked_are_refused(target: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="either a factor or a size"):
        output_size(Size(48, 64), **target)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [{"width": 0}, {"height": -1}, {"width": 100, "height": 0}])
def test_sides_that_cannot_be_are_refused(target: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be positive"):
        output_size(Size(48, 64), **target)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "target", [{"height": 47, "width": 640}, {"height": 48, "width": 64}, {"width": 60}]
)
def test_a_size_that_makes_smaller_or_changes_nothing_is_refused(target: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="does not enlarge"):
        output_size(Size(48, 64), **target)  # type: ignore[arg-type]


def test_a_factor_too_small_for_one_more_pixel_is_refused() -> None:
    with pytest.raises(UsageError, match="does not enlarge") as caught:
        output_size(Size(48, 64), scale=1.001, multiple=EVEN)
    assert "larger factor" in caught.value.hint


def test_sides_beyond_every_encoder_are_refused() -> None:
    assert output_size(Size(4096, 4096), scale=4.0).width == MAX_OUTPUT_SIDE
    with pytest.raises(UsageError, match=str(MAX_OUTPUT_SIDE)):
        output_size(Size(4096, 4097), scale=4.0)


def test_a_size_is_written_as_people_write_it() -> None:
    assert str(Size(1080, 1920)) == "1920x1080"


axes = st.integers(1, 600).flatmap(
    lambda source: st.builds(AxisPhases, st.just(source), st.integers(source, 8 * source))
)


@settings(deadline=None)
@given(axes, st.data())
def test_nearest_pixel_and_offset_add_up_to_the_pixels_centre(
    axis: AxisPhases, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, axis.target - 1))
    centre = (index + Fraction(1, 2)) * Fraction(axis.source, axis.target) - Fraction(1, 2)
    assert 0 <= axis.nearest(index) < axis.source
    assert -0.5 <= axis.offset(index) < 0.5
    assert axis.nearest(index) + axis.offset(index) == pytest.approx(float(centre), abs=1e-12)


@settings(deadline=None)
@given(axes, st.data())
def test_the_pattern_repeats_exactly(axis: AxisPhases, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, axis.target - 1))
    assert axis.nearest(index + axis.period) == axis.nearest(index) + axis.step
    assert axis.offset(index + axis.period) == axis.offset(index)


@settings(deadline=None)
@given(axes)
def test_period_and_step_are_the_ratio_in_lowest_terms(axis: AxisPhases) -> None:
    assert Fraction(axis.period, axis.step) == Fraction(axis.target, axis.source)
    assert gcd(axis.period, axis.step) == 1
    offsets = [axis.offset(i) for i in range(axis.period)]
    assert len(set(offsets)) == axis.period


@settings(deadline=None)
@given(axes)
def test_the_pattern_is_symmetric_and_visits_every_source_pixel_in_order(axis: AxisPhases) -> None:
    visited = [axis.nearest(i) for i in range(axis.target)]
    assert visited == sorted(visited)
    assert set(visited) == set(range(axis.source))
    for i in range(axis.target):
        if axis.offset(i) > -0.5:  # a centre on a border belongs to the pixel after it
            mirrored = axis.target - 1 - i
            assert axis.nearest(mirrored) == axis.source - 1 - axis.nearest(i)
            assert axis.offset(mirrored) == -axis.offset(i)


@given(st.integers(1, 5000))
def test_an_axis_that_stays_is_looked_up_in_place(side: int) -> None:
    axis = AxisPhases(side, side)
    assert (axis.period, axis.step) == (1, 1)
    assert (axis.nearest(side - 1), axis.offset(side - 1)) == (side - 1, 0.0)


@pytest.mark.parametrize(
    ("source", "aspect", "wanted", "expected"),
    [
        (Size(576, 720), Fraction(64, 45), {"scale": 2.0}, Size(1152, 2048)),
        (Size(576, 720), Fraction(16, 15), {"scale": 2.0}, Size(1152, 1536)),
        (Size(480, 720), Fraction(8, 9), {"scale": 2.0}, Size(1080, 1440)),
        (Size(576, 720), Fraction(64, 45), {"height": 1080}, Size(1080, 1920)),
        (Size(576, 720), Fraction(64, 45), {"width": 1920}, Size(1080, 1920)),
        (Size(576, 720), Fraction(64, 45), {"width": 1920, "height": 1440}, Size(1440, 1920)),
        (Size(480, 720), Fraction(8, 9), {"height": 1080}, Size(1080, 1440)),
    ],
)
def test_square_pixels_add_columns_to_wide_ones_and_rows_to_tall_ones(
    source: Size, aspect: Fraction, wanted: dict[str, float], expected: Size
) -> None:
    size = output_size(source, multiple=EVEN, pixel_aspect=aspect, **wanted)  # type: ignore[arg-type]
    assert size == expected


@given(sources, factors, st.fractions(min_value=Fraction(1, 2), max_value=2, max_denominator=99))
def test_square_pixels_never_make_a_side_smaller_and_keep_the_shape(
    source: Size, scale: float, aspect: Fraction
) -> None:
    try:
        plain = output_size(source, scale=scale)
        square = output_size(source, scale=scale, pixel_aspect=aspect)
    except UsageError:
        assume(False)  # too large, or too small a factor: nothing to compare
    assert square.height >= plain.height
    assert square.width >= plain.width
    shape = Fraction(source.width, source.height) * aspect
    # One rounding of each side by half a pixel.
    assert abs(square.width - square.height * shape) <= Fraction(1, 2) + shape / 2


@pytest.mark.parametrize(
    ("aspect", "size", "expected"),
    [
        (Fraction(64, 45), Size(1080, 1920), Fraction(1)),
        (Fraction(64, 45), Size(1080, 1922), Fraction(1)),
        (Fraction(64, 45), Size(1080, 1440), Fraction(4, 3)),
        (Fraction(64, 45), Size(1152, 1440), Fraction(64, 45)),
        (Fraction(1), Size(1080, 1920), Fraction(45, 64)),
    ],
)
def test_pixels_make_up_for_a_size_of_another_shape(
    aspect: Fraction, size: Size, expected: Fraction
) -> None:
    assert shape_keeping_aspect(Size(576, 720), size, aspect) == expected


@given(sources, sources, st.fractions(min_value=Fraction(1, 2), max_value=2, max_denominator=99))
def test_a_shape_is_kept_to_what_nobody_sees(source: Size, size: Size, aspect: Fraction) -> None:
    shown = Fraction(source.width, source.height) * aspect
    kept = Fraction(size.width, size.height) * shape_keeping_aspect(source, size, aspect)
    assert abs(shown / kept - 1) <= max(VISIBLE_STRETCH, Fraction(2, min(size.height, size.width)))
