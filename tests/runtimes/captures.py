"""A stand-in for captured graphs, where there is no GPU: it repeats Python on the same memory."""

from collections.abc import Callable

from dscvsr_cli.runtimes.captured_step import Capture, Replay


class Repeated:
    """Repeats a function, as a graph repeats kernels."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.replay = work


class Captures:
    """Starts captures that repeat, and counts what was captured since."""

    def __init__(self) -> None:
        self.count = 0
        self.starts = 0
        self.error: Exception | None = None

    def start(self) -> Capture:
        self.starts += 1
        return self.capture

    def capture(self, work: Callable[[], None]) -> Replay:
        work()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.count += 1
        return Repeated(work)
