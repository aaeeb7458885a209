"""Ctrl-C in a test, at a moment that does not depend on how fast the machine is."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from dscvsr_cli.pipelines.resume.work_folder import read_manifest

_PATIENCE_SECONDS = 60.0

TraceFunction = Callable[[FrameType, str, Any], Any]


class CtrlC(KeyboardInterrupt):
    """Stands for somebody's Ctrl-C; where nothing catches it, the test fails and others go on."""


def ctrl_c_at(count: int, target: Path | None) -> Callable[[int], None]:
    """Return an ``on_frame`` that interrupts the run when so many frames are made.

    The encoder works in a thread of its own and may be behind, so that nothing of them would be
    kept. The interruption waits until more is safe of ``target`` than before this call.
    """
    before = _kept(target)

    def on_frame(done: int) -> None:
        if done == count:
            _wait_until(lambda: _kept(target) > before)
            raise CtrlC

    return on_frame


def early_ctrl_c(_done: int) -> None:
    """Interrupt the run at its first frame; an ``on_frame``."""
    raise CtrlC


def comes_from_a_test(interruption: BaseException) -> bool:
    """Return whether an exception is a ``CtrlC``, or was raised because of one."""
    error: BaseException | None = interruption
    while error is not None and not isinstance(error, CtrlC):
        error = error.__cause__ or error.__context__
    return error is not None


def _kept(target: Path | None) -> int:
    if target is None:
        raise ValueError("nothing is kept of an output without a name")
    manifest = read_manifest(target)
    return 0 if manifest is None else manifest.frames


def _wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < end, "nothing was kept"
        time.sleep(0.01)


@contextmanager
def ctrl_c_before_line(number: int | None, folders: Sequence[str]) -> Iterator[list[str]]:
    """Interrupt a block just before the line that runs as its ``number``-th, counted from 0.

    Args:
        number: Which line, of those that this thread runs in ``folders``; None interrupts nothing.
        folders: Parts of the paths of the files whose lines count.

    Yields:
        The lines that have run, as "file:line".
    """
    lines: list[str] = []

    def trace_call(frame: FrameType, _event: str, _argument: object) -> TraceFunction | None:
        path = Path(frame.f_code.co_filename).as_posix()
        return trace_line if any(folder in path for folder in folders) else None

    def trace_line(frame: FrameType, event: str, _argument: object) -> TraceFunction:
        if event == "line":
            lines.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
            if len(lines) - 1 == number:
                raise CtrlC
        return trace_line

    before = sys.gettrace()
    sys.settrace(trace_call)
    try:
        yield lines
    finally:
        sys.settrace(before)
