"""Whether another program is writing a file, where the system can tell."""

import sys
from pathlib import Path

import pytest

from dscvsr_cli.pipelines.upscale import being_written
from dscvsr_cli.pipelines.upscale.being_written import is_being_written

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a.mp4"
    made.write_bytes(b"x")
    return made


def test_a_file_that_a_program_writes_is_known(path: Path) -> None:
    assert not is_being_written(path)
    with path.open("ab"):
        if not is_being_written(path):
            pytest.skip("this file system has no leases")
    assert not is_being_written(path)
    assert not is_being_written(path.with_name("absent.mp4"))


@pytest.mark.parametrize("kind", ["cifs", "nfs4"])
def test_a_network_drive_that_denies_every_lease_says_nothing(
    kind: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(being_written, "_file_system", lambda _: kind)
    with path.open("ab"):
        assert not is_being_written(path)


def test_the_kind_of_a_file_system_is_that_of_its_mount() -> None:
    assert being_written._file_system(Path("/proc/self/mountinfo").stat().st_dev) == "proc"
    assert being_written._file_system(0) == ""
