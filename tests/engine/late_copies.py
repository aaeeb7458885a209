"""Stand-ins for CUDA's streams and events, with which every copy comes as late as it may.

A copy that waits for nobody is only queued; it runs when somebody waits for an event behind it. So
whoever reads too early reads what was there before: not a number.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from dscvsr_cli.engine import transfer


class LateStream:
    """Work in the order in which it was queued."""

    def __init__(self, _: torch.device | None = None) -> None:
        self.queue: list[Callable[[], object]] = []

    def wait_stream(self, other: "LateStream") -> None:
        assert other is not self

    def run(self, count: int) -> None:
        for _ in range(count):
            self.queue.pop(0)()


class LateEvent:
    """A place in a stream's queue; one at a time, which is enough for a stream of copies."""

    def __init__(self) -> None:
        self._left: list[Callable[[], object]] = []
        self._stream: LateStream | None = None

    def record(self, stream: LateStream) -> None:
        self._stream, self._left = stream, list(stream.queue)

    def synchronize(self) -> None:
        assert self._stream is not None
        self._stream.run(sum(1 for work in self._left if work in self._stream.queue))


class LateCopies:
    """What was queued, and where."""

    def __init__(self) -> None:
        self.usual = LateStream()
        self._here = threading.local()
        self.streams: list[LateStream] = []
        self.recorded: list[Tensor] = []

    @property
    def current(self) -> LateStream:
        """The stream that this thread queues on, as CUDA has it."""
        found: LateStream = getattr(self._here, "stream", self.usual)
        return found

    @property
    def outstanding(self) -> int:
        """Copies that are still to be made."""
        return sum(len(stream.queue) for stream in self.streams)

    def stream(self, device: torch.device | None = None) -> LateStream:
        self.streams.append(LateStream(device))
        return self.streams[-1]

    @contextmanager
    def inside(self, stream: LateStream) -> Iterator[None]:
        before, self._here.stream = self.current, stream
        try:
            yield
        finally:
            self._here.stream = before


def copy_late(monkeypatch: pytest.MonkeyPatch) -> LateCopies:
    """Let transfers believe that every device copies beside its work, and copy late."""
    late = LateCopies()
    copy = Tensor.copy_

    def copy_later(made: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
        if non_blocking and late.current is not late.usual:
            late.current.queue.append(lambda: copy(made, source))
            return made
        return copy(made, source)

    def pinned(like: Tensor) -> Tensor:
        return torch.full(like.shape, torch.nan, dtype=like.dtype)

    monkeypatch.setattr(transfer, "copies_beside", lambda _: True)
    monkeypatch.setattr(transfer, "_new_pinned", pinned)
    monkeypatch.setattr(torch.cuda, "Stream", late.stream)
    monkeypatch.setattr(torch.cuda, "Event", LateEvent)
    monkeypatch.setattr(torch.cuda, "stream", late.inside)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: late.usual)
    monkeypatch.setattr(Tensor, "copy_", copy_later)
    monkeypatch.setattr(Tensor, "record_stream", lambda tensor, _: late.recorded.append(tensor))
    return late
