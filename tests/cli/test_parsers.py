"""How the values of options are read, and how mistakes in them are refused."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.cli.parsers import (
    parse_bitrate,
    parse_device,
    parse_dimensions,
    parse_encoder_option,
    parse_rate,
    parse_size,
    parse_time,
)
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("4GB", 4_000_000_000),
        ("4 gb", 4_000_000_000),
        ("4G", 4_000_000_000),
        ("1.5GiB", 1_610_612_736),
        ("800M", 800_000_000),
        ("2KiB", 2048),
        (".5kB", 500),
        ("1TB", 10**12),
        ("1000000", 1_000_000),
        ("123B", 123),
    ],
)
def test_amounts_of_memory_are_read_with_decimal_and_binary_units(
    text: str, size_bytes: int
) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GB", "4XB", "-4GB", "4GBB", "4iB", "0", "0.1", "nan", "1e9"])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert "4GB" in caught.value.hint


@settings(deadline=None)
@given(width=st.integers(1, 20000), height=st.integers(1, 20000), cross=st.sampled_from("xX×"))  # noqa: RUF001
def test_dimensions_are_columns_by_rows(width: int, height: int, cross: str) -> None:
    size = parse_dimensions(f"{width}{cross}{height}")
    assert size == Size(height=height, width=width)
    assert parse_dimensions(str(size)) == size


@pytest.mark.parametrize("text", ["", "1920", "1920x", "x1080", "0x5", "5x0", "1.5x2", "-1x2"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="as a size"):
        parse_dimensions(text)


@pytest.mark.parametrize("text", ["auto", "cpu", "mps", "cuda", "cuda:0", "CUDA:12", " cpu "])
def test_device_names_are_taken_in_any_case(text: str) -> None:
    assert parse_device(text) == text.strip().lower()


@pytest.mark.parametrize("text", ["", "gpu", "cuda:", "cuda:x", "cpu:0", "tpu"])
def test_other_devices_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no device"):
        parse_device(text)


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


@pytest.mark.parametrize(
    ("text", "bits"),
    [("192k", 192_000), ("192 K", 192_000), ("1.5M", 1_500_000), ("64000", 64_000)],
)
def test_bit_rates_are_read_as_people_write_them(text: str, bits: int) -> None:
    assert parse_bitrate(text) == bits


@pytest.mark.parametrize("text", ["", "k", "fast", "-5k", "12 apples"])
def test_what_is_no_bit_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="bit rate"):
        parse_bitrate(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("tune=film", ("tune", "film")),
        ("x264-params=keyint=48:ref=4", ("x264-params", "keyint=48:ref=4")),
        ("-g=12", ("g", "12")),
        ("flags=", ("flags", "")),
    ],
)
def test_an_encoder_option_is_split_at_its_first_sign(text: str, pair: tuple[str, str]) -> None:
    assert parse_encoder_option(text) == pair


@pytest.mark.parametrize("text", ["tune", "=film", " = "])
def test_an_encoder_option_without_name_or_sign_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="encoder option"):
        parse_encoder_option(text)
