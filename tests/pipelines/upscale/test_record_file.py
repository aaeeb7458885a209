"""Records keep what every run adds, however many write at the same time."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dscvsr_cli.json_record import Record, read_record
from dscvsr_cli.pipelines.resume import lock
from dscvsr_cli.pipelines.resume.lock import ProcessLock, one_at_a_time
from dscvsr_cli.pipelines.upscale.record_file import change_record

ENTRIES = 20


def add(path: Path, name: str) -> None:
    def added(record: Record) -> Record:
        number = sum(key.startswith(name) for key in record)
        return {**record, f"{name}{number}": 1}

    for _ in range(ENTRIES):
        change_record(path, added)


def test_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    adding = "import sys; from tests.pipelines.upscale.test_record_file import add; "
    adding += "from pathlib import Path; add(Path(sys.argv[1]), sys.argv[2])"
    writers = [subprocess.Popen([sys.executable, "-c", adding, path, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert read_record(path).keys() == {f"{name}{n}" for name in "ab" for n in range(ENTRIES)}
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_thread_waits_until_another_has_written(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    inside, go_on = threading.Event(), threading.Event()

    def slowly(record: Record) -> Record:
        inside.set()
        go_on.wait(20)
        return {**record, "first": 1}

    first = threading.Thread(target=change_record, args=(path, slowly))
    second = threading.Thread(target=add, args=(path, "second"))
    first.start()
    assert inside.wait(20)
    second.start()
    time.sleep(0.1)
    assert read_record(path) == {}
    go_on.set()
    first.join(20)
    second.join(20)
    assert "first" in read_record(path)
    assert len(read_record(path)) == 1 + ENTRIES


def test_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE_SECONDS", 0.1)
    hanging = ProcessLock(tmp_path / "lock")
    hanging.acquire("record.json")
    with one_at_a_time(tmp_path / "lock"):
        pass
    hanging.release()
    assert (tmp_path / "lock").exists(), "it belongs to who holds it"


def test_what_is_not_a_record_counts_as_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    for content in ("[1]", "{"):
        path.write_text(content)
        assert read_record(path) == {}
