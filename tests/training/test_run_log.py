"""The log of a run: whole lines, appended to, read as if nothing had been done twice."""

import logging
import math
from pathlib import Path

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.training.run_log import RunLog, read_log


def test_lines_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        log.write("start", iteration=0, config={"sequence": (5, 7)}, place=Path("a") / "b")
        log.write("steps", iteration=50, losses={"total": 0.5, "motion": math.nan}, text="ünï")
    start, steps = read_log(path)
    assert start == {
        "event": "start",
        "iteration": 0,
        "config": {"sequence": [5, 7]},
        "place": str(Path("a") / "b"),
    }
    assert steps["losses"] == {"total": 0.5, "motion": None}
    assert steps["text"] == "ünï"


def test_every_line_is_on_disk_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        for number in range(3):
            log.write("steps", iteration=number)
            assert len(path.read_text().splitlines()) == number + 1


def test_a_line_cut_short_loses_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        log.write("start", iteration=0)
        log.write("steps", iteration=50)
    path.write_bytes(path.read_bytes()[:-9])
    with RunLog(path) as log:
        log.write("start", iteration=0)
    assert [event["event"] for event in read_log(path)] == ["start", "start"]


def test_what_a_resumed_run_does_again_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        log.write("start", iteration=0)
        for iteration in (50, 100, 150):
            log.write("steps", iteration=iteration, first=True)
    with RunLog(path) as log:
        log.write("start", iteration=100)
        log.write("steps", iteration=150, first=False)
    events = read_log(path)
    assert [(e["event"], e["iteration"]) for e in events] == [
        ("start", 0),
        ("steps", 50),
        ("steps", 100),
        ("start", 100),
        ("steps", 150),
    ]
    assert events[-1]["first"] is False


def test_strange_lines_and_missing_files_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_log(path) == []
    path.write_text('[1]\nno json\n\n{"event": "end"}\n')
    assert read_log(path) == [{"event": "end"}]


def test_a_log_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(UsageError, match="cannot write the log"):
        RunLog(tmp_path / "log.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_warns_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="dscvsr_cli"), RunLog(Path("/dev/full")) as log:
        log.write("steps", iteration=1)
    assert "No space left" in caplog.text
