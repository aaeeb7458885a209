"""A lock keeps other runs out; where there are no locks, work goes on with a warning."""

import errno
import os
import sys
from pathlib import Path

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.pipelines.resume.lock import ProcessLock


def test_only_one_run_holds_a_lock(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "lock"), ProcessLock(tmp_path / "lock")
    first.acquire("out.mp4")

    with pytest.raises(UsageError, match=rf"another run \(process {os.getpid()}\)"):
        second.acquire("out.mp4")

    first.release()
    second.acquire("out.mp4")
    second.release()


@pytest.mark.skipif(sys.platform == "win32", reason="locks are another call there")
@pytest.mark.parametrize(
    "code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL], ids=errno.errorcode.get
)
def test_without_locks_work_goes_on_with_a_warning(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_lock(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", no_lock)
    lock = ProcessLock(tmp_path / "lock")

    lock.acquire("out.mp4")
    lock.release()

    assert "out.mp4 cannot be locked" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="locks are another call there")
def test_a_disk_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr("fcntl.flock", broken)

    with pytest.raises(OSError, match="I/O error"):
        ProcessLock(tmp_path / "lock").acquire("out.mp4")
