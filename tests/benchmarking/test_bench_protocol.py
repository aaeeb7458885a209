"""The protocol that the literature uses for each data set."""

import pytest

from dscvsr_cli.benchmarking.bench_protocol import (
    BenchProtocol,
    default_channel,
    default_degradation,
    statements,
)
from dscvsr_cli.errors import UsageError


def test_each_data_set_has_the_protocol_of_the_literature() -> None:
    names = ("vid4", "reds4", "vimeo90k", "udm10", "spmcs", "clip.mp4")
    assert [default_degradation(name) for name in names] == ["bi", "bi", "bi", "bd", "bd", "bi"]
    assert [default_channel(name) for name in names] == ["y", "rgb", "y", "y", "y", "y"]
    with pytest.raises(UsageError, match="no degradation"):
        BenchProtocol(dataset="vid4", degradation="worse")
    with pytest.raises(UsageError, match="negative"):
        BenchProtocol(dataset="vid4", crop=-1)


def test_the_protocol_says_how_frames_are_steadied() -> None:
    def words(*, steadied: bool, least_step: float = 0.0) -> str:
        protocol = BenchProtocol(
            dataset="vid4", degradation="codec:23", steadied=steadied, least_step=least_step
        )
        return next(line for line in statements(protocol) if "stead" in line)

    assert words(steadied=False).endswith("not steadied")
    assert words(steadied=True).endswith("steadied along the motion")
    assert words(steadied=True, least_step=17.0).endswith("from a quantiser step of 17")
