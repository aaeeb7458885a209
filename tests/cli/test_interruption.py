"""Ctrl-C: never lost, in order the first time and at once the second."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dscvsr_cli.cli.interruption import ends_in_order, first_asks, go_on
from dscvsr_cli.video.read.reader import VideoReader
from tests.clips import Clip, render

HALF_OF_A_PIPE = 1 << 15
"""Bytes: more than a header, and less than the pipes of Linux and macOS hold."""

ECHO_SECONDS = "dscvsr_cli.cli.interruption._ECHO_SECONDS"

posix = pytest.mark.skipif(os.name != "posix", reason="signals of a shell's kind")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_that_c_code_has_dropped_is_heard_at_the_next_step(number: int) -> None:
    with ends_in_order():
        go_on()
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            pass
        else:
            pytest.fail("nothing was raised")
        with pytest.raises(KeyboardInterrupt):
            go_on()
    go_on()


def test_signals_do_afterwards_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with ends_in_order():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ends_in_order():
            signal.raise_signal(signal.SIGINT)
            go_on()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_listener_hears_the_first_and_the_second_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ECHO_SECONDS, 0.0)
    heard = []
    with ends_in_order(), first_asks(lambda: heard.append(True)):
        signal.raise_signal(signal.SIGINT)
        go_on()
        assert heard == [True]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert heard == [True]


def test_a_signal_that_comes_twice_at_once_is_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """``timeout`` sends its signal to the program, and then to the group that it is in."""
    monkeypatch.setattr(ECHO_SECONDS, 60.0)
    heard = []
    with ends_in_order(), first_asks(lambda: heard.append(True)):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        # The thread that exits at a second request would have done so by then.
        time.sleep(0.1)
        go_on()
    assert heard == [True]


def test_cleaning_up_is_not_disturbed_by_the_echo_of_a_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ECHO_SECONDS, 60.0)
    cleaned = []

    @contextlib.contextmanager
    def cleaning_up() -> Iterator[None]:
        try:
            yield
        finally:
            signal.raise_signal(signal.SIGTERM)
            time.sleep(0.1)
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt), ends_in_order(), cleaning_up():
        signal.raise_signal(signal.SIGTERM)
    assert cleaned == [True]


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_exit_code_is_decided_when_the_work_is_done(number: int) -> None:
    """Python runs what is registered for its end, and later tears its modules down."""
    code = f"""
        import atexit, os, runpy, sys

        class Signals:
            def __del__(self, kill=os.kill, own=os.getpid()):
                kill(own, {int(number)})

        signals = Signals()
        atexit.register(Signals().__del__)
        sys.argv = ["dscvsr", "--version"]
        runpy.run_module("dscvsr_cli", run_name="__main__")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dscvsr ")


def test_a_request_while_the_block_is_left_is_heard_when_all_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    restore, late = signal.signal, [signal.SIGTERM]

    def signal_meanwhile(number: signal.Signals, handler: Callable[..., object]) -> object:
        result = restore(number, handler)
        if handler is before[0] and late:
            signal.raise_signal(late.pop())
        return result

    monkeypatch.setattr(signal, "signal", signal_meanwhile)
    with pytest.raises(KeyboardInterrupt), ends_in_order():
        go_on()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert not [one for one in threading.enumerate() if one.name == "dscvsr-signals"]
    go_on()


@posix
@pytest.mark.slow
def test_a_reader_that_takes_nothing_cannot_hold_the_program(tmp_path: Path, weights: Path) -> None:
    source = render(Clip(width=160, height=120, pts=tuple(range(0, 8 * 512, 512))), tmp_path)
    command = [sys.executable, "-m", "dscvsr_cli", "upscale", str(source), "-s", "4", "-o", "-"]
    with subprocess.Popen(
        [*command, "-w", str(weights)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        # A frame is longer than what a pipe holds, so that the program is stuck in the first.
        while _bytes_in(running.stdout.fileno()) < HALF_OF_A_PIPE:
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 130


@posix
@pytest.mark.parametrize("size", [300, 20_000])
def test_a_writer_that_stops_before_the_first_frame_cannot_hold_the_program(
    size: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    frames = b"YUV4MPEG2 W64 H48 F25:1 C420\n" + 10 * (b"FRAME\n" + bytes(64 * 48 * 3 // 2))
    source = tmp_path / "pipe"
    os.mkfifo(source)
    pipe = os.open(source, os.O_RDWR)
    is_over = threading.Event()

    def interrupt_when_it_waits() -> None:
        while _bytes_in(pipe) and not is_over.wait(0.02):
            pass
        os.kill(os.getpid(), signal.SIGINT)
        if not is_over.wait(10):
            os.write(pipe, frames)

    helper = threading.Thread(target=interrupt_when_it_waits)
    os.write(pipe, frames[:size])
    try:
        with ends_in_order():
            helper.start()
            with pytest.raises(KeyboardInterrupt):
                VideoReader(source)
    finally:
        is_over.set()
        helper.join()
        os.close(pipe)
    assert not capfd.readouterr().err


def _bytes_in(pipe: int) -> int:
    import fcntl  # noqa: PLC0415  not on Windows
    import termios  # noqa: PLC0415

    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@posix
@pytest.mark.slow
def test_a_writer_that_sends_nothing_more_cannot_hold_the_program(
    tmp_path: Path, weights: Path
) -> None:
    source = render(Clip(width=160, height=120, pts=tuple(range(0, 40 * 512, 512))), tmp_path)
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    upscale = [sys.executable, "-m", "dscvsr_cli", "upscale"]
    settings = ["-s", "2", "-w", str(weights)]
    piped = subprocess.run(
        [*upscale, str(source), *settings, "-o", "-"], capture_output=True, check=True
    ).stdout
    with subprocess.Popen(
        [*upscale, "-", *settings, "-o", str(target), "--overwrite"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin is not None
        running.stdin.write(piped[: len(piped) // 2])
        running.stdin.flush()
        # All of it has left for the program, which now waits for the rest.
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 130
        assert running.stderr is not None
        assert b"Traceback" not in running.stderr.read()
    assert target.read_bytes() == b"precious"
    assert not list(tmp_path.glob(".*.part")) + list(tmp_path.glob(".*.dscvsr"))
