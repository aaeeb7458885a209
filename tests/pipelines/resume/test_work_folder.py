"""A work folder is used and emptied only where it is ours; files of others are never removed."""

import json
from pathlib import Path

import pytest

from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.pipelines.resume.work_folder import WorkFolder, work_path
from dscvsr_cli.video.write.target_file import ADDED_LENGTH, PartialFile

PART = "segment-00001.packets.0123abcd.part"
FRESH = Manifest(fingerprint={}, plan=StreamPlan())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out.mp4"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_link_to_a_folder_is_refused_and_nothing_in_the_folder_changes(
    target: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(b"a memory")
    (photos / "manifest.json").write_bytes(b"{}")
    work_path(target).symlink_to(photos)
    with pytest.raises(UsageError, match="a symbolic link"):
        WorkFolder(target).acquire()
    assert contents(photos) == {"one.jpg": b"a memory", "manifest.json": b"{}"}


def test_a_link_to_nowhere_is_refused(target: Path, tmp_path: Path) -> None:
    work_path(target).symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match="a symbolic link"):
        WorkFolder(target).acquire()


def test_a_file_of_that_name_is_refused(target: Path) -> None:
    work_path(target).write_bytes(b"notes")
    with pytest.raises(UsageError, match="not a folder"):
        WorkFolder(target).acquire()
    assert work_path(target).read_bytes() == b"notes"


@pytest.mark.parametrize("manifest", [None, b"{}", b"[]", b"no JSON", b"[" * 100_000])
def test_a_folder_with_files_of_others_is_refused(target: Path, manifest: bytes | None) -> None:
    folder = work_path(target)
    folder.mkdir()
    (folder / "thesis.tex").write_bytes(b"years of work")
    if manifest is not None:
        (folder / "manifest.json").write_bytes(manifest)
    before = contents(folder)
    with pytest.raises(UsageError, match="another program"):
        WorkFolder(target).acquire()
    assert contents(folder) == before


def test_a_link_in_the_place_of_one_of_our_files_is_not_written_through(
    target: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    folder = work_path(target)
    folder.mkdir()
    (folder / "lock").symlink_to(precious)
    with pytest.raises(UsageError, match="lock is no plain file"):
        WorkFolder(target).acquire()
    assert precious.read_bytes() == b"kept"


def test_only_our_files_are_removed_from_our_own_folder(target: Path) -> None:
    folder = WorkFolder(target)
    folder.acquire()
    folder.commit(FRESH)
    for name in ("segment-00000.packets", "state-00000.safetensors", PART):
        (folder.path / name).write_bytes(b"ours")
    (folder.path / "notes.txt").write_bytes(b"theirs")
    folder.commit(FRESH)
    assert sorted(contents(folder.path)) == ["lock", "manifest.json", "notes.txt"]
    folder.release()
    # A manifest of ours makes it ours, whatever else was put there.
    folder.acquire()
    folder.discard()
    assert contents(folder.path) == {"notes.txt": b"theirs"}


def test_a_run_killed_before_its_first_commit_leaves_a_folder_that_can_be_used(
    target: Path,
) -> None:
    folder = work_path(target)
    folder.mkdir()
    (folder / "lock").write_bytes(b"1\n")
    (folder / "manifest.json.89abcdef.part").write_bytes(b"{")
    work = WorkFolder(target)
    work.acquire()
    work.commit(FRESH)
    assert json.loads((folder / "manifest.json").read_bytes())["segments"] == []
    work.discard()
    assert not folder.exists()


def test_a_target_folder_that_was_removed_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputVideoError, match="does not exist any more"):
        WorkFolder(tmp_path / "gone" / "out.mp4").acquire()


def test_unfinished_work_adds_no_more_to_a_path_than_is_reckoned_with(target: Path) -> None:
    longest = work_path(target) / "state-0000000000.safetensors.0123abcd.part"
    assert len(str(longest)) <= len(str(target)) + ADDED_LENGTH
    assert len(PartialFile(target, overwrite=False).path.name) <= len(target.name) + ADDED_LENGTH
