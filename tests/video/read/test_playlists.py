"""A list of other files opens nothing until somebody allows it, and then local files alone."""

import time
from pathlib import Path

import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render

ALLOWED = ReadOptions(allow_playlist=True)


def concat(video: Path) -> str:
    return f"ffconcat version 1.0\nfile '{video.name}'\n"


def hls(video: Path) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.3,\n{video.name}\n#EXT-X-ENDLIST\n"


def dash(video: Path) -> str:
    return (
        '<?xml version="1.0"?>\n<MPD type="static"><Period><AdaptationSet><Representation>'
        f"<BaseURL>{video.name}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return render(Clip(suffix=".ts", pts=(0, 512, 1024)), tmp_path)


@pytest.mark.parametrize("name", ["list.ffconcat", "list.m3u8", "list.mp4", "list"])
@pytest.mark.parametrize("kind", [concat, hls, dash])
def test_a_playlist_is_refused_whatever_its_name(kind: object, name: str, video: Path) -> None:
    assert callable(kind)
    path = video.with_name(name)
    path.write_text(kind(video))
    with pytest.raises(InputVideoError, match="is a playlist") as caught:
        probe(path)
    assert "--allow-playlist" in caught.value.hint


@pytest.mark.parametrize("kind", [concat, hls])
def test_a_playlist_is_read_where_it_is_allowed(kind: object, video: Path) -> None:
    assert callable(kind)
    path = video.with_name("list.m3u8" if kind is hls else "list.ffconcat")
    path.write_text(kind(video))
    with VideoReader(path, ALLOWED) as reader:
        assert reader.info.is_playlist
        assert len(list(reader)) == 3


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.ts", "tcp://127.0.0.1:9", "data:,x"])
def test_an_allowed_playlist_still_opens_no_address(address: str, video: Path) -> None:
    path = video.with_name("list.m3u8")
    path.write_text(hls(video).replace(video.name, address))
    with pytest.raises(InputVideoError):
        probe(path, ALLOWED)


def test_a_format_that_hides_its_beginning_is_not_opened_either(video: Path) -> None:
    # FFmpeg looks for this kind further on than our own look at the beginning.
    path = video.with_name("session.mp4")
    path.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n" * 3)
    with pytest.raises(InputVideoError, match="not a video"):
        probe(path)


def test_a_live_list_is_not_waited_for(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_OPEN_SECONDS", "_PLAYLIST_READ_SECONDS"):
        monkeypatch.setattr(f"dscvsr_cli.video.read.open_input.{name}", 0.5)
    path = video.with_name("live.m3u8")
    # It has no end, and its next part never comes.
    path.write_text(hls(video).replace("#EXT-X-ENDLIST\n", ""))
    started = time.monotonic()
    with VideoReader(path, ALLOWED) as reader:
        assert len(list(reader)) == 3
    assert time.monotonic() - started < 20


def test_a_single_file_of_any_usual_kind_stands_alone(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv", ".ts", ".avi", ".nut", ".flv"):
        source = render(Clip(suffix=suffix, pts=(0, 512)), tmp_path)
        assert not probe(source).is_playlist
