"""Destinations: what a name to write to stands for, found out once."""

import os
from pathlib import Path

import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.write.target_file import (
    ADDED_LENGTH,
    STANDARD_OUTPUT,
    PartialFile,
    PipeTarget,
    output_url,
    resolve_destination,
)


def test_a_new_name_and_a_file_are_files(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    for _ in range(2):
        destination = resolve_destination(path)
        assert not destination.is_pipe
        assert destination.file == path
        assert isinstance(destination.partial(overwrite=False), PartialFile)
        path.touch()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_standard_output_named_pipes_and_devices_are_pipes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (STANDARD_OUTPUT, tmp_path / "pipe", Path(os.devnull)):
        destination = resolve_destination(path)
        assert destination.is_pipe
        assert isinstance(destination.partial(overwrite=False), PipeTarget)
    assert resolve_destination(STANDARD_OUTPUT).is_standard_output
    assert not resolve_destination(tmp_path / "pipe").is_standard_output


def test_a_folder_is_no_pipe(tmp_path: Path) -> None:
    assert not resolve_destination(tmp_path).is_pipe


def test_a_link_keeps_its_name_and_means_its_file(tmp_path: Path) -> None:
    file, link = tmp_path / "a.mp4", tmp_path / "b.mp4"
    file.write_bytes(b"old")
    link.symlink_to(file)
    destination = resolve_destination(link)
    assert (destination.path, destination.file) == (link, file)
    partial = destination.partial(overwrite=True)
    partial.check(tmp_path / "source.mp4")
    with partial as path:
        path.write_bytes(b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_a_file_that_exists_is_refused_and_a_pipe_never_is(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.touch()
    with pytest.raises(UsageError, match="already exists"):
        resolve_destination(path).partial(overwrite=False).check(tmp_path / "in.mp4")
    with pytest.raises(UsageError, match="the input itself"):
        resolve_destination(path).partial(overwrite=True).check(path)
    resolve_destination(STANDARD_OUTPUT).partial(overwrite=False).check(path)


def test_a_name_with_a_colon_is_no_protocol() -> None:
    assert output_url(Path("a:b.mp4")) == "file:a:b.mp4"
    assert output_url(STANDARD_OUTPUT) == "pipe:1"


def test_a_name_that_the_system_would_not_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = []

    def problem(_path: Path, *, below: int) -> str:
        lengths.append(below)
        return "Windows takes 'con.mp4' for a device"

    monkeypatch.setattr("dscvsr_cli.video.write.target_file.name_problem", problem)
    with pytest.raises(UsageError, match=r"con\.mp4 cannot be written: Windows takes"):
        resolve_destination(tmp_path / "con.mp4")
    assert lengths == [ADDED_LENGTH]
    resolve_destination(STANDARD_OUTPUT)
    assert resolve_destination(Path(os.devnull)).is_pipe
