"""Times and rates as people write them."""

import inspect
from dataclasses import fields
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.cli.parsers import parse_rate, parse_time
from dscvsr_cli.cli.upscale.command import upscale_command
from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.read.read_options import ReadOptions


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", Fraction(90)),
        ("0", Fraction(0)),
        ("1:30", Fraction(90)),
        ("00:01:30.5", Fraction(181, 2)),
        ("1:00:00", Fraction(3600)),
        ("100:00", Fraction(6000)),
        ("5s", Fraction(5)),
        ("500ms", Fraction(1, 2)),
        ("1.5", Fraction(3, 2)),
        (".04", Fraction(1, 25)),
        ("0.1", Fraction(1, 10)),
        (" 2S ", Fraction(2)),
    ],
)
def test_a_time_is_read_exactly(text: str, seconds: Fraction) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "1:60", "1:2:3:4", "5m", "1e3", "1:30ms", "nan", "1/2"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="as a time") as caught:
        parse_time(text)
    assert "1:30" in caught.value.hint


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_a_clock_says_hours_minutes_and_seconds(
    hours: int, minutes: int, seconds: int, thousandths: int
) -> None:
    written = f"{hours}:{minutes:02}:{seconds:02}.{thousandths:03}"
    assert parse_time(written) == Fraction(
        ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths, 1000
    )


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", Fraction(25)),
        ("24000/1001", Fraction(24000, 1001)),
        ("30000 / 1001", Fraction(30000, 1001)),
        ("23.976", Fraction(23976, 1000)),
    ],
)
def test_a_rate_is_read_exactly(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-25", "25/0", "fast", "nan"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="as a rate"):
        parse_rate(text)


def test_the_command_reads_as_the_library_does_by_default() -> None:
    defaults = inspect.signature(upscale_command).parameters
    names = {"rate": "fps", "start_number": "start_number", "span": "start"}
    for field in fields(ReadOptions):
        wanted = None if field.name == "span" else field.default
        assert defaults[names.get(field.name, field.name)].default == wanted
