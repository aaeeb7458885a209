"""Storage that machines do not share is found before any work, and nothing of the check stays."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dscvsr_cli.cluster.hiring import Hired
from dscvsr_cli.cluster.messages import Answer
from dscvsr_cli.cluster.pool import WorkerPool
from dscvsr_cli.cluster.shared_storage import check_storage
from dscvsr_cli.cluster.worker import Worker, answer
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob


class OneMachine:
    """A pool whose only machine sees what ``elsewhere`` makes of a path."""

    def __init__(self, elsewhere: Callable[[Path], Path]) -> None:
        self._elsewhere = elsewhere

    def ask_each_machine(self, method: str, *arguments: Any) -> Iterator[tuple[Hired, Answer]]:
        worker = Worker()
        there = [self._elsewhere(a) if isinstance(a, Path) else a for a in arguments]
        facts = SimpleNamespace(host="node7")
        yield cast("Hired", SimpleNamespace(facts=facts)), answer(getattr(worker, method), *there)


def check(folder: Path, elsewhere: Callable[[Path], Path] = lambda path: path) -> None:
    source = folder / "in.mp4"
    source.write_bytes(b"film")
    work = folder / "work"
    work.mkdir()
    try:
        pool = cast("WorkerPool", OneMachine(elsewhere))
        check_storage(pool, UpscaleJob(source=source), work, "shared")
    finally:
        assert list(work.iterdir()) == []


def test_storage_that_is_shared_passes(tmp_path: Path) -> None:
    check(tmp_path)


def test_a_machine_without_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="node7 does not share this storage") as caught:
        check(tmp_path, lambda path: Path("/nowhere") / path.relative_to("/"))
    assert "NFS" in caught.value.hint


def test_another_file_of_the_same_name_is_noticed(tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(b"another film")
    with pytest.raises(UsageError, match="is another file on node7"):
        check(tmp_path, lambda path: other if path.name == "in.mp4" else path)


def test_a_machine_that_writes_elsewhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    replies: list[Path] = []

    def elsewhere(path: Path) -> Path:
        if path.parent.name != "work":
            return path
        replies.append(path)
        return path if len(replies) == 1 else tmp_path / "local" / path.name

    with pytest.raises(UsageError, match="does not appear on this machine"):
        check(tmp_path, elsewhere)


def test_a_folder_that_cannot_be_written_is_reported_as_such(tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    source.write_bytes(b"film")
    pool = cast("WorkerPool", OneMachine(lambda path: path))
    with pytest.raises(OutputVideoError, match="nothing can be written"):
        check_storage(pool, UpscaleJob(source=source), tmp_path / "missing", "shared")
