"""Files are whole, on the disk and under their name, or they are not there at all."""

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import dscvsr_cli
from dscvsr_cli import durable
from dscvsr_cli.durable import DurableFile, publish, publish_folder, write_durably
from tests.ctrl_c import CtrlC


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in order: "flush file", "flush folder", "rename NAME -> NAME"."""
    seen: list[str] = []
    flush, link, replace, rename = os.fsync, os.link, Path.replace, Path.rename

    def fsync(handle: int) -> None:
        seen.append("flush folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "flush file")
        flush(handle)

    def noted(move: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
        def wrapper(source: Path, target: Path) -> object:
            name = re.sub(r"\.[0-9a-f]{8}\.part$", ".part", source.name)
            seen.append(f"rename {name} -> {target.name}")
            return move(source, target)

        return wrapper

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", noted(link))
    monkeypatch.setattr(Path, "replace", noted(replace))
    monkeypatch.setattr(Path, "rename", noted(rename))
    return seen


def full_disk(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_bytes_are_flushed_before_the_name_is_taken_and_the_folder_after(
    tmp_path: Path, steps: list[str]
) -> None:
    write_durably(tmp_path / "a", b"new")
    assert steps == ["flush file", "rename a.part -> a", "flush folder"]
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_stream_has_no_name_before_its_end(tmp_path: Path, steps: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with DurableFile(tmp_path / "a") as file:
        file.write(b"ne")
        file.flush()
        assert (tmp_path / "a").read_bytes() == b"old"
        file.write(b"w")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert steps == ["flush file", "rename a.part -> a", "flush folder"]


def test_a_block_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, steps: list[str]
) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def interrupted() -> None:
        with DurableFile(tmp_path / "a") as file:
            file.write(b"half")
            raise CtrlC

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert steps == []


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def refuse(*_: object) -> None:
        full_disk(0)

    monkeypatch.setattr(os if failing == "fsync" else Path, failing, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_durably(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_disk_that_fills_up_while_writing_leaves_the_old_file_and_no_other(
    tmp_path: Path,
) -> None:
    resource = pytest.importorskip("resource")
    (tmp_path / "a").write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
    try:
        # Less than a buffer is noticed at the flush, more by the write itself.
        for size in (601, 1_000_000):
            with pytest.raises(OSError, match="File too large"):
                write_durably(tmp_path / "a", bytes(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    left, others = tmp_path / "a.0123abcd.part", tmp_path / "aa.0123abcd.part"
    for path in (left, others):
        path.write_bytes(b"longer than what is written now")
    write_durably(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert left.exists(), "it may be that of a run that goes on"

    for path in (left, others):
        os.utime(path, (0, 0))
    write_durably(tmp_path / "a", b"newer")
    assert {path.name for path in tmp_path.iterdir()} == {"a", others.name}


def test_of_two_that_write_one_file_at_once_both_write_a_whole_one(tmp_path: Path) -> None:
    long, short = DurableFile(tmp_path / "a"), DurableFile(tmp_path / "a")
    long.file.write(b"a long content")
    short.file.write(b"short")
    short.commit()
    assert (tmp_path / "a").read_bytes() == b"short"
    long.commit()
    assert (tmp_path / "a").read_bytes() == b"a long content"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_durably(tmp_path / "gone" / "a", b"new")


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_file_made_by_a_library_is_flushed_before_it_takes_its_name(
    tmp_path: Path, steps: list[str], overwrite: bool
) -> None:
    (tmp_path / "part").write_bytes(b"new")
    publish(tmp_path / "part", tmp_path / "a", overwrite=overwrite)
    assert steps == ["flush file", "rename part -> a", "flush folder"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_name_that_is_taken_is_left_alone_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"new")
    (tmp_path / "a").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        publish(tmp_path / "part", tmp_path / "a", overwrite=False)
    assert (tmp_path / "a").read_bytes() == b"precious"
    publish(tmp_path / "part", tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_taken_name_is_left_alone_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "part").write_bytes(b"new")
    (tmp_path / "a").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        publish(tmp_path / "part", tmp_path / "a", overwrite=False)
    assert (tmp_path / "a").read_bytes() == b"precious"
    publish(tmp_path / "part", tmp_path / "b", overwrite=False)
    assert (tmp_path / "b").read_bytes() == b"new"


def test_a_full_disk_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part").write_bytes(b"new")
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "part", tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").read_bytes() == b"old"


def test_the_files_of_a_folder_are_flushed_before_it_takes_its_name(
    tmp_path: Path, steps: list[str]
) -> None:
    (tmp_path / "part").mkdir()
    for name in ("1.png", "2.png"):
        (tmp_path / "part" / name).write_bytes(b"picture")
    publish_folder(tmp_path / "part", tmp_path / "frames")
    flushes = ["flush file", "flush file", "flush folder"]
    assert steps == [*flushes, "rename part -> frames", "flush folder"]
    assert len(list((tmp_path / "frames").iterdir())) == 2


def test_a_file_that_a_scanner_holds_for_a_moment_is_replaced_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, refusals = Path.replace, iter([PermissionError, PermissionError])

    def held(part: Path, target: Path) -> Path:
        for refusal in refusals:
            raise refusal(errno.EACCES, "in use")
        return replace(part, target)

    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(durable, "_PAUSE_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "sys", SimpleNamespace(platform="win32"))
        write_durably(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_name_that_the_system_takes_for_a_device_is_an_error_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "name_problem", lambda _path, **_: "a device")
    with pytest.raises(OSError, match="a device"):
        write_durably(tmp_path / "con.json", b"{}")
    assert list(tmp_path.iterdir()) == []


def test_no_other_module_has_a_way_of_its_own() -> None:
    root = Path(dscvsr_cli.__file__).parent
    own_way = re.compile(r"\bfsync\b|os\.(link|replace|rename)\b|\.rename\(|\.write_(bytes|text)\(")
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if own_way.search(path.read_text(encoding="utf-8"))
    }
    # A picture of a sequence is written into a hidden folder, which is then published whole.
    assert found == {"durable.py", "video/write/sequence_writer.py"}


@pytest.mark.parametrize(
    "code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL], ids=errno.errorcode.get
)
def test_without_a_way_to_flush_files_are_written_with_one_warning(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_flush(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", no_flush)

    write_durably(tmp_path / "a", b"one")
    write_durably(tmp_path / "b", b"two")
    (tmp_path / "part").write_bytes(b"three")
    publish(tmp_path / "part", tmp_path / "c", overwrite=False)

    assert [(tmp_path / name).read_bytes() for name in "abc"] == [b"one", b"two", b"three"]
    assert caplog.text.count("cannot be flushed") == 1
