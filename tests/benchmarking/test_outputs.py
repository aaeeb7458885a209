import csv
import io
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from dscvsr_cli.benchmarking.bench_protocol import (
    BenchProtocol,
    default_channel,
    default_degradation,
)
from dscvsr_cli.benchmarking.methods import MethodInfo
from dscvsr_cli.benchmarking.published import quoted_blocks
from dscvsr_cli.benchmarking.regression import compare_reports
from dscvsr_cli.benchmarking.report import BenchReport, ClipScore, MeasuredQuality, mean_score
from dscvsr_cli.benchmarking.report_file import (
    load_report,
    report_from_json,
    report_to_json,
    save_report,
)
from dscvsr_cli.benchmarking.sweep_chart import sweep_chart
from dscvsr_cli.benchmarking.tables import csv_text, markdown, report_tables
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.svg_chart import draw_charts

VID4 = BenchProtocol(dataset="vid4")


def quality(psnr: float, warping: float | None = 3.5) -> MeasuredQuality:
    return MeasuredQuality(
        psnr_y=psnr,
        ssim_y=psnr / 50,
        psnr_rgb=psnr - 1.5,
        ssim_rgb=psnr / 60,
        warping=warping,
        true_warping=None if warping is None else 7.25,
        flicker=None if warping is None else 5.125,
    )


def report(net: float = 27.0, *, scales: tuple[float, ...] = (4.0,)) -> BenchReport:
    scores, means = [], []
    for scale in scales:
        for method, psnr in (("bicubic", 23.5), ("net", net)):
            run = [
                ClipScore(
                    method=method,
                    scale=scale,
                    clip=clip,
                    frames=3,
                    frames_made=3,
                    size=Size(48, 64),
                    quality=quality(psnr - scale / 10),
                    seconds=1.5,
                    peak_memory_bytes=10**9 if method == "net" else None,
                )
                for clip in ("city", "walk")
            ]
            scores += run
            means.append(mean_score(run, gain_db=psnr - 23.5, multiply_adds=1234.5))
    return BenchReport(
        protocol=VID4,
        statements=("what it means",),
        machine="a machine",
        methods=(
            MethodInfo(name="bicubic"),
            MethodInfo(name="net", parameters=409416, sha256="a" * 64),
        ),
        scores=tuple(scores),
        means=tuple(means),
    )


def test_a_report_comes_back_from_its_file(tmp_path: Path) -> None:
    first = report(math.inf)
    assert report_from_json(report_to_json(first)) == first
    save_report(first, tmp_path / "r.json")
    assert load_report(tmp_path / "r.json") == first
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_full_disk_leaves_the_older_report_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    save_report(report(), tmp_path / "r.json")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(UsageError, match="No space left"):
            save_report(report(math.inf), tmp_path / "r.json")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert load_report(tmp_path / "r.json") == report()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "dscvsr-bench-1"}', '{"format": 1}'])
def test_what_is_no_report_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"r\.json is not a report"):
        load_report(path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_report(tmp_path / "absent.json")
    with pytest.raises(UsageError, match="cannot be written"):
        save_report(report(), tmp_path / "absent" / "r.json")


def test_the_tables_show_what_was_measured_first_and_what_is_quoted_apart() -> None:
    measured, cost, *quoted = report_tables(report())
    assert [row[:2] for row in measured.rows] == [("x4", "bicubic"), ("x4", "net")]
    row = dict(zip(measured.header, measured.rows[1], strict=True))
    assert row["mean"] == row["city"] == "26.60 0.5320"
    assert (row["over bicubic"], row["RGB"]) == ("+3.50", "25.10 0.4433")
    assert (row["warp (truth)"], row["flicker"]) == ("3.50 (7.25)", "5.12")
    spent = dict(zip(cost.header, cost.rows[1], strict=True))
    assert (spent["parameters"], spent["frames/s"], spent["peak memory"]) == (
        "409,416",
        "2.00",
        "1.00 GB",
    )
    assert all("quoted and not measured" in table.title for table in quoted)
    assert any("DSCVSR" in row for table in quoted for row in table.rows)


def test_markdown_tables_have_as_many_cells_in_every_row() -> None:
    text = markdown(report_tables(report()), ["a statement"])
    for block in text.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in rows}) <= 1
    assert "- a statement" in text


def test_csv_holds_every_score_and_the_means() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(report()))))
    assert [(row["method"], row["clip"]) for row in rows] == [
        (method, clip) for method in ("bicubic", "net") for clip in ("city", "walk")
    ] + [("bicubic", "mean"), ("net", "mean")]
    assert float(rows[2]["psnr_y"]) == pytest.approx(26.6)
    assert float(rows[2]["frames_per_second"]) == pytest.approx(2)
    assert rows[0]["peak_memory_bytes"] == ""
    assert [row["parameters"] for row in rows[1:3]] == ["", "409416"]
    assert (rows[2]["flicker"], rows[2]["device"], rows[2]["dtype"]) == (
        "5.125000",
        "cpu",
        "float32",
    )


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


def test_quoted_figures_are_those_of_the_papers() -> None:
    x4, paper, savsr = quoted_blocks(VID4, [4.0])
    by_name = {row.method: row for row in x4.rows}
    assert (by_name["Bicubic"].psnr_db, by_name["Bicubic"].ssim) == (23.78, 0.6347)
    assert x4.gain(by_name["BasicVSR"]) == pytest.approx(27.24 - 23.78)
    ours = next(row for row in paper.rows if row.method == "DSCVSR")
    assert (ours.psnr_db, ours.parameters) == (25.37, "25.87 M")
    assert paper.gain(ours) == pytest.approx(25.37 - 22.05)
    assert [(row.psnr_db, row.scale) for row in savsr.rows] == [(27.17, 4.0)]
    assert savsr.gain(savsr.rows[0]) is None
    (reds, _) = quoted_blocks(BenchProtocol(dataset="reds4", channel="rgb"), [4.0])
    assert (reds.rows[0].psnr_db, reds.rows[0].ssim) == (26.14, 0.7292)


def test_nothing_is_quoted_beside_another_protocol() -> None:
    assert quoted_blocks(BenchProtocol(dataset="holiday.mp4"), [4.0]) == ()
    assert quoted_blocks(replace(VID4, degradation="codec:25"), [4.0]) == ()
    assert [block.title for block in quoted_blocks(VID4, [2.7])] == ["SAVSR at every factor"]


def test_each_data_set_has_the_protocol_of_the_literature() -> None:
    names = ("vid4", "reds4", "vimeo90k", "udm10", "spmcs", "clip.mp4")
    assert [default_degradation(name) for name in names] == ["bi", "bi", "bi", "bd", "bd", "bi"]
    assert [default_channel(name) for name in names] == ["y", "rgb", "y", "y", "y", "y"]
    with pytest.raises(UsageError, match="no degradation"):
        BenchProtocol(dataset="vid4", degradation="worse")
    with pytest.raises(UsageError, match="negative"):
        BenchProtocol(dataset="vid4", crop=-1)


def test_the_chart_shows_every_method_with_savsr_beside_it() -> None:
    chart = sweep_chart(report(scales=(1.5, 2.0, 2.7, 4.0)))
    assert [one.name for one in chart.series] == ["bicubic", "net", "SAVSR (quoted)"]
    assert [one.dashed for one in chart.series] == [False, False, True]
    assert [len(one.points) for one in chart.series] == [4, 4, 4]
    drawing = ET.fromstring(draw_charts([chart]))  # noqa: S314  # our own text
    texts = [part.text for part in drawing.iter() if part.tag.endswith("text")]
    assert {"x1.5", "scale", "PSNR, dB"} <= set(texts)
