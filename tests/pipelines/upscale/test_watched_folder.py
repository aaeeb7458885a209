"""Which files of a watched folder are finished, seen with a clock of the test's own."""

import logging
import os
from pathlib import Path

import pytest

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.pipelines.upscale.find_videos import find_videos
from dscvsr_cli.pipelines.upscale.watched_folder import WatchedFolder


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(inbox: Path, clock: Clock) -> WatchedFolder:
    return WatchedFolder(inbox, inbox / "out", settle_seconds=5, clock=clock)


@pytest.fixture
def path(inbox: Path, watched: WatchedFolder, clock: Clock) -> Path:
    """A file that has been still for long enough to be given out."""
    path = inbox / "a.mp4"
    path.write_bytes(b"video")
    watched.look()
    clock.now += 5
    assert watched.look() == [path]
    return path


def test_a_file_is_given_out_once_it_has_not_changed_for_a_while(
    watched: WatchedFolder, inbox: Path, clock: Clock
) -> None:
    path = inbox / "a.mp4"
    path.write_bytes(b"beginning")
    assert watched.look() == []
    clock.now += 4
    path.write_bytes(b"beginning and more")
    assert watched.look() == []
    clock.now += 4
    assert watched.look() == []
    clock.now += 1
    assert watched.look() == [path]
    assert not watched.is_settled
    watched.take(path)
    clock.now += 1000
    assert watched.look() == []
    assert watched.is_settled


def test_a_file_that_changes_is_given_out_again(
    watched: WatchedFolder, inbox: Path, clock: Clock
) -> None:
    path = inbox / "a.mp4"
    path.write_bytes(b"first")
    watched.look()
    clock.now += 5
    (found,) = watched.look()
    watched.take(found)
    path.write_bytes(b"second version")
    assert watched.look() == []
    clock.now += 5
    assert watched.look() == [path]


def test_a_file_that_failed_for_a_passing_reason_is_given_out_again_later(
    watched: WatchedFolder, path: Path, clock: Clock
) -> None:
    watched.take(path, retry_after=60)
    clock.now += 59
    assert watched.look() == []
    clock.now += 1
    assert watched.look() == [path]
    watched.take(path)
    clock.now += 1000
    assert watched.look() == []


def test_a_file_that_fails_again_and_again_waits_longer_each_time(
    watched: WatchedFolder, path: Path, clock: Clock
) -> None:
    for pause in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        watched.take(path, retry_after=60)
        clock.now += pause - 1
        assert watched.look() == []
        clock.now += 1
        assert watched.look() == [path]
    path.write_bytes(b"a new version")
    watched.look()
    clock.now += 5
    watched.look()
    watched.take(path, retry_after=60)
    clock.now += 60
    assert watched.look() == [path]


def test_outputs_other_files_and_hidden_ones_are_not_taken(
    watched: WatchedFolder, inbox: Path, clock: Clock
) -> None:
    for name in ("b.mkv", "below/a.mp4", "out/a.mp4", ".part.mp4", ".new/c.mp4", "notes.txt"):
        path = inbox / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    watched.look()
    clock.now += 5
    assert [str(path.relative_to(inbox)) for path in watched.look()] == [
        "b.mkv",
        str(Path("below/a.mp4")),
    ]


def test_those_that_came_first_are_first(watched: WatchedFolder, inbox: Path, clock: Clock) -> None:
    for name in ("z.mp4", "a.mp4"):
        (inbox / name).write_bytes(b"x")
        watched.look()
        clock.now += 10
    assert [path.name for path in watched.look()] == ["z.mp4", "a.mp4"]


def test_a_folder_that_goes_away_is_waited_for(
    watched: WatchedFolder, inbox: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    done, arriving = inbox / "done.mp4", inbox / "arriving.mp4"
    done.write_bytes(b"x")
    watched.look()
    clock.now += 5
    watched.look()
    watched.take(done)

    away = inbox.rename(inbox.with_name("away"))
    with caplog.at_level(logging.WARNING):
        assert watched.look() == watched.look() == []
    assert caplog.text.count("still trying") == 1
    assert not watched.is_settled, "nobody knows what is in it"

    away.rename(inbox)
    arriving.write_bytes(b"x")
    assert watched.look() == []
    clock.now += 5
    assert watched.look() == [arriving], "what was taken before is remembered"


@pytest.mark.parametrize(
    ("error", "is_refused"),
    [(PermissionError, False), (FileNotFoundError, False), (TimeoutError, True)],
)
def test_a_folder_below_that_cannot_be_read(
    error: type[OSError],
    is_refused: bool,
    inbox: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (inbox / "a.mp4").write_bytes(b"x")
    (inbox / "closed").mkdir()
    scandir = os.scandir

    def scan(path: str) -> object:
        if Path(path).name == "closed":
            raise error(1, "cannot be read", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    if is_refused:
        with pytest.raises(error):
            find_videos(inbox, None)
    else:
        assert find_videos(inbox, None) == [inbox / "a.mp4"]


def test_folders_that_cannot_be_are_refused(inbox: Path, tmp_path: Path) -> None:
    with pytest.raises(InputVideoError, match="there is no folder"):
        WatchedFolder(tmp_path / "absent", tmp_path / "out", settle_seconds=1)
    with pytest.raises(UsageError, match="enlarged again"):
        WatchedFolder(inbox, inbox / ".", settle_seconds=1)
    (inbox / "clip.mp4").write_bytes(b"a file")
    with pytest.raises(UsageError, match="only folders are watched"):
        WatchedFolder(inbox / "clip.mp4", tmp_path / "out", settle_seconds=1)
