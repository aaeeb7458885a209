"""A named pipe whose other end is missing is waited for, and that is said."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video import named_pipes
from dscvsr_cli.video.named_pipes import awaited_reader
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_pipes, "_PATIENCE_SECONDS", 0.5)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


class Said(logging.Handler):
    """Says when somebody is told of the wait."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()

    def emit(self, _: logging.LogRecord) -> None:
        self.event.set()


@pytest.fixture
def said() -> Iterator[threading.Event]:
    handler, logger = Said(), logging.getLogger(named_pipes.__name__)
    logger.addHandler(handler)
    yield handler.event
    logger.removeHandler(handler)


class Late:
    """Reads a pipe, or writes to it, once an event has come."""

    def __init__(
        self, pipe: Path, when: threading.Event | None = None, *, writes: bytes | None = None
    ) -> None:
        self.read = b""
        self._pipe, self._writes, self._when = pipe, writes, when
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Late":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _run(self) -> None:
        if self._when is not None:
            assert self._when.wait(60)
        if self._writes is None:
            self.read = self._pipe.read_bytes()
        else:
            self._pipe.write_bytes(self._writes)


@pytest.mark.parametrize("options", [(), ("--format", "matroska")])
def test_a_reader_that_comes_late_gets_everything_and_is_waited_for_aloud(
    pipe: Path,
    options: tuple[str, ...],
    weights: Path,
    said: threading.Event,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = render(Clip(width=32, height=32, pts=(0, 512)), pipe.parent)
    with Late(pipe, said) as late:
        words = ["upscale", source, "-o", pipe, "-s", "2", "-w", weights, "--device", "cpu"]
        assert main([*map(str, words), *options]) == 0
    begins = b"\x1a\x45\xdf\xa3" if options else b"YUV4MPEG2 W64 H64"
    assert late.read.startswith(begins)
    assert capfd.readouterr().err.count("nobody reads: waiting for a reader") == 1


def test_a_reader_that_is_there_is_no_news(pipe: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), Late(pipe) as late, awaited_reader(pipe):
        pipe.write_bytes(b"some")
        # The first writer has left, and the pipe is still open.
        pipe.write_bytes(b"thing")
    assert late.read == b"something"
    assert not caplog.records


def test_a_writer_that_comes_late_is_waited_for_aloud(
    pipe: Path, said: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    frames = b"YUV4MPEG2 W64 H48 F25:1 C420\n" + 2 * (b"FRAME\n" + bytes(64 * 48 * 3 // 2))
    with (
        caplog.at_level(logging.WARNING),
        Late(pipe, said, writes=frames),
        VideoReader(pipe) as reader,
    ):
        assert len(list(reader)) == 2
    assert [one.getMessage() for one in caplog.records] == [
        f"{pipe} is a named pipe that nobody writes to: waiting for a writer"
    ]
