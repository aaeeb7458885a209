"""Ctrl-C and SIGTERM: the first ends the work in order, the second ends the program at once."""

import contextlib
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.errors import INTERRUPTED

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_PATIENCE_SECONDS: Final = 3.0
"""Time after which somebody who is still waiting is told that there is a quicker way."""

_ECHO_SECONDS: Final = 0.2
"""Time in which more signals are the same request: ``timeout`` sends its signal to the program and
then to the whole group of processes, and launchers pass on what the terminal sends as well."""

_SHOW_CURSOR: Final = b"\x1b[?25h"


class Asked(KeyboardInterrupt):
    """Somebody has asked for the end.

    It has its own class for a reason. If a plain ``KeyboardInterrupt`` passes through code that
    Python compiled from a string, as namedtuple does, the process later ends by SIGINT instead of
    with its exit code, even if the exception was caught.
    """


@contextlib.contextmanager
def ends_in_order(*, exits_next: bool = False) -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` in the block at the first Ctrl-C or SIGTERM, and exit at another.

    A thread notices the second one, so it works even while the main thread waits in C code for a
    pipe or a drive that never answers. Signals that follow each other faster than anybody asks
    twice are one. Work that can be continued is safe at every moment: no more is lost than by a
    power cut. Signals that are ignored stay so, as in a shell's background jobs. Outside the main
    thread nothing happens.

    Args:
        exits_next: Whether the process exits after the block. Its exit code is decided then, and
            signals are ignored until the process is gone; otherwise they do what they did before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = (signal.default_int_handler, signal.SIG_DFL)
    own = [number for number in _SIGNALS if signal.getsignal(number) in usual]
    watch = _Watch(own)
    before = {number: signal.signal(number, _end) for number in own}
    try:
        yield
    finally:
        _state.is_over = True
        for number, handler in before.items():
            # While Python shuts down it takes back handlers of its own, but not this one.
            signal.signal(number, signal.SIG_IGN if exits_next else handler)
        watch.close()
        came_late = _state.came_late and not exits_next
        _state.reset()
        if came_late:
            raise Asked


@contextlib.contextmanager
def first_asks(listener: Callable[[], None]) -> Iterator[None]:
    """Call a function at the first Ctrl-C or SIGTERM in the block, which raises nothing then."""
    _state.listener = listener
    try:
        yield
    finally:
        _state.listener = None


def go_on() -> None:
    """Return if nobody has asked for the end.

    An exception that arrives while C code calls Python can be dropped there, unseen. Long work asks
    here as well, so that Ctrl-C is never lost.

    Raises:
        KeyboardInterrupt: Somebody has.
    """
    if _state.asked:
        raise Asked


class _Requests:
    """Tells a request from the echo of the one before."""

    def __init__(self) -> None:
        self._last = -math.inf

    def is_new(self) -> bool:
        """Return whether the signal that has just come is another request."""
        now = time.monotonic()
        if now - self._last < _ECHO_SECONDS:
            return False
        self._last = now
        return True


class _State:
    """What was asked; there is one program, and one answer."""

    def __init__(self) -> None:
        self.listener: Callable[[], None] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget what was asked."""
        self.asked = False
        self.heard = 0
        """Requests that a listener has taken."""
        self.requests = _Requests()
        self.is_over = False
        """Whether the block is being left."""
        self.came_late = False
        """Whether somebody asked meanwhile."""


_state = _State()


def _end(_number: int, _frame: FrameType | None) -> None:
    if not _state.requests.is_new():
        return
    if _state.is_over:
        _state.came_late = True
        return
    listener, _state.listener = _state.listener, None
    if listener is not None:
        _state.heard += 1
        listener()
        return
    _state.asked = True
    raise Asked


class _Watch:
    """A thread that counts requests, and exits the program when it is asked again.

    Args:
        numbers: The signals to count.
    """

    def __init__(self, numbers: list[signal.Signals]) -> None:
        self._numbers = numbers
        self._reading, self._writing = socket.socketpair()
        self._writing.setblocking(False)
        self._thread = threading.Thread(target=self._count, name="dscvsr-signals", daemon=True)
        self._thread.start()
        # Last: from here on the thread keeps the socket open that signals are written to.
        self._before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """End the thread."""
        signal.set_wakeup_fd(self._before)
        self._writing.close()
        self._thread.join()
        self._reading.close()

    def _count(self) -> None:
        count, requests = 0, _Requests()
        while True:
            try:
                data = self._reading.recv(1)
            except TimeoutError:
                self._reading.settimeout(None)
                if _state.asked:
                    Terminal().note("still ending; Ctrl-C again ends at once")
                continue
            if not data:
                return
            if data[0] in self._numbers and requests.is_new():
                count += 1
                if count - _state.heard > 1:
                    _leave()
                self._reading.settimeout(_PATIENCE_SECONDS)


def _leave() -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(INTERRUPTED)
