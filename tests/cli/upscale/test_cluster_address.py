"""``--ray`` may stand alone, and never swallows a video."""

import pytest

from dscvsr_cli.cli.upscale.cluster_address import fill_in_addresses, parse_address
from dscvsr_cli.errors import UsageError


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["in.mp4", "--ray"], ["in.mp4", "--ray=local"]),
        (["--ray", "in.mp4", "-s", "2"], ["--ray=local", "in.mp4", "-s", "2"]),
        (["--ray", "season/", "-o", "out/"], ["--ray=local", "season/", "-o", "out/"]),
        (["--ray", "-s", "2"], ["--ray=local", "-s", "2"]),
        (["--ray", "auto", "in.mp4"], ["--ray", "auto", "in.mp4"]),
        (["--ray", "10.0.0.7:6379", "in.mp4"], ["--ray", "10.0.0.7:6379", "in.mp4"]),
        (["--ray", "[fe80::1]:6379"], ["--ray", "[fe80::1]:6379"]),
        (["--ray", "ray://head:10001"], ["--ray", "ray://head:10001"]),
        (["--ray=head:6379", "in.mp4"], ["--ray=head:6379", "in.mp4"]),
        (["--", "--ray", "x"], ["--", "--ray", "x"]),
        ([], []),
    ],
)
def test_the_address_is_filled_in_where_there_is_none(given: list[str], meant: list[str]) -> None:
    assert fill_in_addresses(given) == meant


@pytest.mark.parametrize("address", ["local", "auto", "head:6379", "ray://head:10001"])
def test_addresses_are_taken_as_they_are(address: str) -> None:
    assert parse_address(address) == address


@pytest.mark.parametrize("address", ["", "head", "head:", "http://head:1", "head:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not the address"):
        parse_address(address)
