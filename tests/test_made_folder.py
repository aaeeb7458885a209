"""A folder that is made for what is to be written, and does not outlive its reason."""

from contextlib import suppress
from pathlib import Path

import pytest

from dscvsr_cli.made_folder import made_folder


def test_what_is_written_stays_with_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with made_folder(folder):
        (folder / "out.mp4").touch()
    assert (folder / "out.mp4").is_file()


def test_folders_that_stay_empty_go_again_and_older_ones_stay(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    with made_folder(old / "a" / "b"):
        assert (old / "a" / "b").is_dir()
    assert list(old.iterdir()) == []
    with made_folder(old):
        pass
    assert old.is_dir()


def test_what_is_kept_for_another_run_keeps_its_folder(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), made_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "kept").touch()
        raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept"]


def test_a_folder_stays_as_long_as_another_block_may_write_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    with made_folder(folder / "b"):
        with made_folder(folder):
            pass
        assert (folder / "b").is_dir()
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_leaves_none_of_those_above(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"b{300}"), made_folder(tmp_path / "a" / ("b" * 300)):
        pass
    assert list(tmp_path.iterdir()) == []
