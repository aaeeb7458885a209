"""Patterns that a shell has not replaced: files that match, names that only look like one."""

from pathlib import Path

import pytest

from dscvsr_cli.cli.upscale.wildcards import files_named


def test_a_pattern_stands_for_the_files_that_match_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.mp4", "a.mp4", "c.mkv"):
        Path(name).touch()
    found = files_named([Path("c.mkv"), Path("*.mp4")])
    assert found == [Path("c.mkv"), Path("a.mp4"), Path("b.mp4")]


def test_a_name_that_exists_is_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("clip [1].mp4", "clip 1.mp4"):
        Path(name).touch()
    assert files_named([Path("clip [1].mp4")]) == [Path("clip [1].mp4")]


@pytest.mark.parametrize("name", ["*.mp4", "-", "frames/%05d.png", "missing.mp4"])
def test_what_matches_nothing_stays_as_it_is(name: str, tmp_path: Path) -> None:
    assert files_named([tmp_path / name]) == [tmp_path / name]
