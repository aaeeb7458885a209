"""How option values are read."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.cli.options import DtypeName
from dscvsr_cli.cli.parsers import parse_device, parse_dimensions, parse_size
from dscvsr_cli.engine import device
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
        ("123", 123),
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


def test_the_dtypes_offered_are_those_of_the_engine() -> None:
    assert set(get_args(DtypeName)) == set(get_args(device.DtypeName))
