"""LPIPS in a benchmark: measured on request, and absent without harm."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.bench_run import BenchRun
from dscvsr_cli.benchmarking.measure_clip import measure_clip
from dscvsr_cli.benchmarking.methods import classical_methods
from dscvsr_cli.benchmarking.regression import compare_reports
from dscvsr_cli.benchmarking.report import BenchReport, MeasuredQuality, mean_quality
from dscvsr_cli.benchmarking.report_file import report_from_json, report_to_json
from dscvsr_cli.benchmarking.tables import csv_text, quality_table
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.errors import DatasetError, UsageError

PLAIN = BenchProtocol(dataset="mine", temporal=False)
PERCEPTUAL = replace(PLAIN, lpips=True)


def clip(name: str, side: int = 40) -> Clip:
    pictures = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(len(name)))
    return Clip(name=name, frame_count=2, read=lambda: iter(pictures))


def difference(made: Tensor, truth: Tensor) -> float:
    return (made - truth).abs().mean().item()


def run(
    protocol: BenchProtocol, lpips: Callable[[Tensor, Tensor], float] | None = difference
) -> BenchRun:
    clips, methods = [clip("one"), clip("three")], classical_methods()
    return BenchRun(clips, methods, protocol=protocol, scales=[2.0], lpips=lpips)


def older_text(report: BenchReport) -> str:
    """Return the JSON of a version that knew no LPIPS."""
    values = json.loads(report_to_json(report))
    del values["protocol"]["lpips"]
    for score in (*values["scores"], *values["means"]):
        del score["quality"]["lpips"]
    return json.dumps(values)


def test_every_clip_has_its_distance_and_every_method_their_mean() -> None:
    seen: list[float] = []

    def watched(made: Tensor, truth: Tensor) -> float:
        assert made.shape == truth.shape == (3, 40, 40)
        assert torch.equal((made * 255).round() / 255, made)
        seen.append(difference(made, truth))
        return seen[-1]

    report = run(PERCEPTUAL, watched).run()
    # bicubic and lanczos on the first clip, then both on the second; two frames each
    first, _, second, _ = ((seen[place] + seen[place + 1]) / 2 for place in (0, 2, 4, 6))
    bicubic = [score.quality.lpips for score in report.scores if score.method == "bicubic"]
    assert bicubic == pytest.approx([first, second])
    assert report.means[0].quality.lpips == pytest.approx((first + second) / 2)
    assert any(line.startswith("LPIPS: ") for line in report.statements)


def test_tables_and_files_show_it_where_measured_and_stay_blank_elsewhere() -> None:
    measured, plain = run(PERCEPTUAL).run(), run(PLAIN).run()
    table = quality_table(measured)
    assert table.header[-1] == "LPIPS"
    assert table.rows[0][-1] == f"{measured.means[0].quality.lpips:.4f}"
    assert "LPIPS" not in quality_table(plain).header
    half = replace(measured.means[0], quality=replace(measured.means[0].quality, lpips=None))
    assert quality_table(replace(measured, means=(half,))).rows[0][-1] == ""
    for report in (measured, plain):
        rows = list(csv.DictReader(io.StringIO(csv_text(report))))
        expected = [score.quality.lpips for score in report.scores]
        expected += [mean.quality.lpips for mean in report.means]
        assert [float(row["lpips"]) if row["lpips"] else None for row in rows] == [
            None if value is None else pytest.approx(value, abs=1e-6) for value in expected
        ]
        assert report_from_json(report_to_json(report)) == report
    assert all(mean.quality.lpips is None for mean in plain.means)


def test_reports_from_before_it_was_measured_are_compared_and_resumed() -> None:
    plain = run(PLAIN).run()
    older = report_from_json(older_text(plain))
    assert older == plain
    assert {change.verdict for change in compare_reports(run(PERCEPTUAL).run(), older)} == {"same"}
    assert run(PLAIN).take_over(older) == 4
    with pytest.raises(UsageError, match="another protocol"):
        run(PERCEPTUAL).take_over(older)


def test_a_mean_needs_the_distance_of_every_part() -> None:
    known = MeasuredQuality(psnr_y=30.0, ssim_y=0.9, psnr_rgb=29.0, ssim_rgb=0.8, lpips=0.2)
    assert mean_quality([known, replace(known, lpips=0.4)]).lpips == pytest.approx(0.3)
    assert mean_quality([known, replace(known, lpips=None)]).lpips is None


def test_pictures_too_small_for_it_are_refused_only_where_it_is_measured() -> None:
    small, bicubic = clip("small", 30), classical_methods()[0]
    assert measure_clip(small, bicubic, 2.0, PLAIN).quality.lpips is None
    with pytest.raises(DatasetError, match="too small for LPIPS") as caught:
        measure_clip(small, bicubic, 2.0, PERCEPTUAL, lpips=difference)
    assert "--lpips" in caught.value.hint
    with pytest.raises(ValueError, match="asks for LPIPS"):
        run(PERCEPTUAL, None)
