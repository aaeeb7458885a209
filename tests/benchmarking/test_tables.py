"""Tables of a report: on the terminal, as Markdown and as CSV."""

import csv
import io

import pytest

from dscvsr_cli.benchmarking.tables import csv_text, markdown, report_tables
from tests.benchmarking.reports import report


def test_the_tables_show_what_was_measured_first_and_what_is_quoted_apart() -> None:
    measured, cost, *quoted = report_tables(report(), published=True)
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
    assert report_tables(report()) == (measured, cost)


def test_markdown_tables_have_as_many_cells_in_every_row() -> None:
    text = markdown(report_tables(report(), published=True), ["a statement"])
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
