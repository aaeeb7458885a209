"""Published figures: those of the papers, beside the same protocol only."""

from dataclasses import replace

import pytest

from dscvsr_cli.benchmarking.bench_protocol import (
    BenchProtocol,
)
from dscvsr_cli.benchmarking.published import quoted_blocks
from tests.benchmarking.reports import VID4


def test_quoted_figures_are_those_of_the_papers() -> None:
    x4, paper, savsr, nano = quoted_blocks(VID4, [4.0])
    by_name = {row.method: row for row in x4.rows}
    assert (by_name["Bicubic"].psnr_db, by_name["Bicubic"].ssim) == (23.78, 0.6347)
    assert x4.gain(by_name["BasicVSR"]) == pytest.approx(27.24 - 23.78)
    ours = next(row for row in paper.rows if row.method == "DSCVSR")
    assert (ours.psnr_db, ours.parameters) == (25.37, "25.87 M")
    assert paper.gain(ours) == pytest.approx(25.37 - 22.05)
    assert [(row.psnr_db, row.scale) for row in savsr.rows] == [(27.17, 4.0)]
    assert savsr.gain(savsr.rows[0]) is None
    assert [(row.psnr_db, row.ssim) for row in nano.rows][1] == (26.05, None)
    (reds, _, _) = quoted_blocks(BenchProtocol(dataset="reds4", channel="rgb"), [4.0])
    assert (reds.rows[0].psnr_db, reds.rows[0].ssim) == (26.14, 0.7292)


def test_nothing_is_quoted_beside_another_protocol() -> None:
    assert quoted_blocks(BenchProtocol(dataset="holiday.mp4"), [4.0]) == ()
    assert quoted_blocks(replace(VID4, degradation="codec:25"), [4.0]) == ()
    assert [block.title for block in quoted_blocks(VID4, [2.7])] == ["SAVSR at every factor"]
