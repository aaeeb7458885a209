"""A report as a file: what goes in comes back, and what is not a report is refused."""

import math
from pathlib import Path

import pytest

from dscvsr_cli.benchmarking.report_file import (
    load_report,
    report_from_json,
    report_to_json,
    save_report,
)
from dscvsr_cli.errors import UsageError
from tests.benchmarking.reports import report


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
