import pytest

from dscvsr_cli.cli.parsers import parse_bitrate, parse_encoder_option
from dscvsr_cli.errors import UsageError


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
