"""JobProgress: how much of a job is done, how fast it goes, and when it will be finished.

Work is counted in frames: a share of each stands for its backward pass, the rest for its forward
pass and its reconstruction. The share is measured in every window, so that the rate is the same in
both halves of the next.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from dscvsr_cli.engine.stream import StreamProgress

_BACKWARD_SHARE = 0.4
"""Share of a frame's work in the backward pass, until it is measured."""

_RECONSTRUCTION_SHARE = 0.3
"""Share of the reconstruction in the work after the backward pass; it only smooths the bar."""

_MEMORY_SECONDS = 120.0
"""Time after which a change of speed has mostly arrived in the rate."""

_SETTLED_SECONDS = 1.0
"""Time before which a rate would be a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job is."""

    frames_done: int
    """Finished frames, those of earlier runs included."""

    frames_total: int | None
    """Frames in all, as far as the input says; None if it does not."""

    share: float | None
    """Share of the work that is done, in [0, 1]; None if the total is unknown."""

    frames_per_second: float | None
    """Frames' worth of work per second, both passes included; None before it is known."""

    seconds_left: float | None
    """Time until the last frame; None before it is known."""

    seconds: float
    """Time since the first frame of this run was asked for."""

    tasks_running: int | None = None
    """Tasks that a cluster is working on; None on one machine."""


JobProgressListener = Callable[[JobProgress], None]


class WorkMeter:
    """Turns what the engine reports into the progress of a job.

    Args:
        total: Frames of the job; None if unknown. A total that proves too small is dropped.
        already: Frames that an earlier run made.
        clock: Seconds that only grow.
    """

    def __init__(
        self, total: int | None, *, already: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total = total
        self._frames = already
        self._work = float(already)
        self._clock = clock
        self._start = self._last = clock()
        self._backward_share = _BACKWARD_SHARE
        self._backward_seconds = 0.0
        self._forward_seconds = 0.0
        self._started = False
        self._weighted_work = 0.0
        self._weighted_seconds = 0.0

    def step(self, at: StreamProgress) -> JobProgress:
        """Take note of a step of the network."""
        now = self._clock()
        if at.forward > 0:
            self._forward_seconds += now - self._last
        else:
            self._measure_share()
            self._backward_seconds += (now - self._last) * self._started
        ahead = at.waiting * self._backward_share * at.backward
        after = at.forward * (1 - self._backward_share) * (1 - _RECONSTRUCTION_SHARE)
        return self._advance(at.made + ahead + after, now)

    def frame(self, done: int) -> JobProgress:
        """Take note that ``done`` frames are finished."""
        now = self._clock()
        self._forward_seconds += now - self._last
        self._frames = done
        return self._advance(float(done), now)

    def reach(self, work: float, done: int) -> JobProgress:
        """Take note that ``work`` frames' worth of work is done, and ``done`` frames finished."""
        self._frames = done
        return self._advance(work, self._clock())

    def now(self) -> JobProgress:
        """Return the progress, with nothing new done."""
        return self._progress(self._clock())

    @property
    def frames_per_second(self) -> float | None:
        """The smoothed rate; None before there is one."""
        if self._weighted_seconds < _SETTLED_SECONDS:
            return None
        return self._weighted_work / self._weighted_seconds or None

    def _measure_share(self) -> None:
        """Measure the share of the backward pass, when that of the next window begins."""
        if self._forward_seconds > 0 and self._backward_seconds > 0:
            whole = self._backward_seconds + self._forward_seconds
            self._backward_share = min(0.9, max(0.05, self._backward_seconds / whole))
            self._backward_seconds = self._forward_seconds = 0.0

    def _advance(self, work: float, now: float) -> JobProgress:
        seconds = now - self._last
        # A window that is repeated with other settings takes nothing back.
        gained = max(0.0, work - self._work)
        # The first step waits for the reader and warms the network up.
        if self._started:
            fading = math.exp(-seconds / _MEMORY_SECONDS)
            self._weighted_work = self._weighted_work * fading + gained
            self._weighted_seconds = self._weighted_seconds * fading + seconds
        self._started = True
        self._work += gained
        self._last = now
        return self._progress(now)

    def _progress(self, now: float) -> JobProgress:
        if self._total is not None and self._work > self._total:
            self._total = None
        rate = self.frames_per_second
        left = None
        if self._total is not None and rate:
            left = (self._total - self._work) / rate
        return JobProgress(
            frames_done=self._frames,
            frames_total=self._total,
            share=self._work / self._total if self._total else None,
            frames_per_second=rate,
            seconds_left=left,
            seconds=now - self._start,
        )
