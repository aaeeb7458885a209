"""Ctrl-C in a test, at a moment that does not depend on how fast the machine is."""

import time
from collections.abc import Callable
from pathlib import Path

from dscvsr_cli.pipelines.resume.work_folder import read_manifest

_PATIENCE_SECONDS = 60.0


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
