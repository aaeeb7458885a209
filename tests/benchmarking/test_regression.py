"""A report against an older one: only like is compared with like."""

from dataclasses import replace

import pytest

from dscvsr_cli.benchmarking.regression import compare_reports, unmatched
from dscvsr_cli.benchmarking.report import BenchReport
from dscvsr_cli.errors import UsageError
from tests.benchmarking.reports import VID4, report


def test_a_fall_past_the_tolerance_is_worse_and_a_smaller_one_is_not() -> None:
    def verdict(new: float, tolerance_db: float = 0.02) -> str:
        changes = compare_reports(report(new), report(27.0), tolerance_db=tolerance_db)
        assert changes[0].verdict == "same"
        return changes[1].verdict

    assert [verdict(psnr) for psnr in (27.5, 27.01, 27.0, 26.99, 26.9)] == [
        "better",
        "same",
        "same",
        "same",
        "worse",
    ]
    assert verdict(26.9, tolerance_db=0.2) == "same"


def test_only_like_is_compared_with_like() -> None:
    other = replace(report(), protocol=replace(VID4, crop=8))
    with pytest.raises(UsageError, match="another protocol"):
        compare_reports(report(), other)
    quiet = replace(report(), protocol=replace(VID4, temporal=False))
    assert len(compare_reports(report(), quiet)) == 2
    with pytest.raises(UsageError, match="in common"):
        compare_reports(report(), report(scales=(2.0,)))


def test_what_one_side_lacks_is_named() -> None:
    def without(method: str, clips: int = 2) -> BenchReport:
        means = [mean for mean in report().means if mean.method != method]
        return replace(report(), means=tuple(replace(mean, clips=clips) for mean in means))

    assert unmatched(report(), report()) == ()
    assert unmatched(report(), without("bicubic")) == (
        "only in this report, so not compared: bicubic at x4",
    )
    assert unmatched(without("net"), report()) == (
        "only in the older report, so not compared: net at x4",
    )
    assert unmatched(report(), without("", clips=1)) == (
        "measured on other clips, so not compared: bicubic at x4, net at x4",
    )
