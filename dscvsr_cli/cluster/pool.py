"""WorkerPool: the workers of a cluster, hired as machines come and go, and kept at work."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Lock
from typing import Any, Final

from dscvsr_cli.cluster.actor import Actor
from dscvsr_cli.cluster.hiring import Crew, Hired
from dscvsr_cli.cluster.ledger import Entry, Ledger
from dscvsr_cli.cluster.messages import Answer
from dscvsr_cli.engine.background import BackgroundThread
from dscvsr_cli.errors import DeviceError

_log: Final = logging.getLogger(__name__)

_TURN_SECONDS: Final = 0.25
_REPORT_SECONDS: Final = 0.5
"""Time between two looks at what the workers have made."""

_END_SECONDS: Final = 10.0
"""Time that workers have to end."""

_COUNT_SECONDS: Final = 2.0
"""Time between two looks at the machines of the cluster."""


class StoppedError(BaseException):
    """The pool was stopped; it ends what waits for a task, and is no error of it."""


class WorkerBugError(RuntimeError):
    """An error in a worker that is nobody's mistake but ours, with its traceback."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call of a worker's method, as it waits for a worker."""

    method: str
    arguments: Callable[["Hired"], tuple[Any, ...]]
    """What to pass, for the worker that gets it; made again for every attempt."""
    film: int
    future: "Future[Any]" = field(default_factory=Future)


class WorkerPool:
    """Gives calls to workers until each is answered, whatever happens to the workers.

    Args:
        ray: The module, connected.
        crew: Hires workers.
    """

    def __init__(self, ray: Any, crew: Crew) -> None:
        self.peak_memory_bytes = 0
        self._ray = ray
        self._crew = crew
        self._ledger: Ledger[Call] = Ledger()
        self._lock = Lock()
        self._stopping, self._stopped = Event(), Event()
        self._gone: SimpleQueue[str] = SimpleQueue()
        """Workers that did not answer, as other threads found."""
        self._answers: dict[Any, str] = {}
        self._reports: dict[Any, str] = {}
        self._reported_at = 0.0
        self._progress: dict[str, float] = {}
        self._said: set[str] = set()
        self._counted_at = time.monotonic()
        self._thread = BackgroundThread(self._run, name="dscvsr-pool")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work inside the block; afterwards all workers are gone."""
        for hired in self._crew.workers.values():
            self._ledger.join(hired.name)
        try:
            self._thread.start()
            yield
        finally:
            self.stop()

    @property
    def is_stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped.is_set()

    @property
    def running(self) -> int:
        """Tasks that are being worked on."""
        with self._lock:
            return len(self._ledger.running)

    def frames_in_work(self, film: int) -> float:
        """Return the frames that unfinished tasks of a film have made so far."""
        with self._lock:
            return sum(
                self._progress.get(worker, 0.0)
                for worker, entry in self._ledger.running.items()
                if entry.task.film == film
            )

    def submit(self, call: Call, *, first_frame: int = 0) -> "Future[Any]":
        """Queue a call; films and frames that come first are worked on first."""
        with self._lock:
            self._ledger.add(Entry(task=call, order=(call.film, first_frame)))
        return call.future

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method on any worker at once, beside what it is working on.

        Raises:
            DscvsrError: What the worker says.
            StoppedError: The pool was stopped.
        """
        while not self.is_stopped:
            worker = self._crew.anyone()
            if worker is not None:
                answer = self._answer_of(worker, method, *arguments)
                if answer is not None:
                    return _value(answer)
            time.sleep(_TURN_SECONDS)
        raise StoppedError

    def ask_each_machine(self, method: str, *arguments: Any) -> Iterator[tuple[Hired, Answer]]:
        """Call a method on one worker of every machine; those that die meanwhile are left out."""
        for worker in self._crew.one_per_node():
            answer = self._answer_of(worker, method, *arguments)
            if answer is not None:
                yield worker, answer

    def stop(self) -> None:
        """End all workers, and with ``StoppedError`` whoever waits for them."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.wait()
        self._crew.dismiss()
        if self._answers:
            # Whoever tidies up must not meet a worker that is still writing.
            at_work = list(self._answers)
            self._ray.wait(at_work, num_returns=len(at_work), timeout=_END_SECONDS)
        self._fail_everything(StoppedError())

    def _answer_of(self, worker: Hired, method: str, *arguments: Any) -> Answer | None:
        """Return what one worker answers; None if it has died."""
        reference = worker.actor.call.remote(method, *arguments)
        while not self.is_stopped:
            try:
                answer: Answer = self._ray.get(reference, timeout=_TURN_SECONDS)
            except self._ray.exceptions.GetTimeoutError:
                continue
            except self._ray.exceptions.RayError:
                self._gone.put(worker.name)
                return None
            return answer
        raise StoppedError

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._turn()
        except Exception as error:  # noqa: BLE001  raised by everybody who waits
            lost = DeviceError(
                f"the cluster does not answer any more: {error}",
                hint="see that it runs, then continue with --resume",
            )
            lost.__cause__ = error
            self._fail_everything(lost)

    def _fail_everything(self, error: BaseException) -> None:
        with self._lock:
            entries = [*self._ledger.give_up(), *self._ledger.running.values()]
        for entry in entries:
            if not entry.task.future.done():
                entry.task.future.set_exception(error)
        self._stopped.set()

    def _turn(self) -> None:
        while not self._gone.empty():
            self._bury(self._gone.get())
        self._hire()
        self._assign()
        self._inquire()
        pending = [*self._answers, *self._reports, *self._crew.pending]
        if not pending:
            time.sleep(_TURN_SECONDS)
            return
        ready, _ = self._ray.wait(pending, timeout=_TURN_SECONDS)
        for reference in ready:
            if reference in self._answers:
                self._take(reference)
            elif reference in self._reports:
                self._follow(reference)
            else:
                self._welcome(reference)

    def _hire(self) -> None:
        now = time.monotonic()
        if now - self._counted_at < _COUNT_SECONDS:
            return
        self._counted_at = now
        self._crew.fill_up()
        if not self._crew.workers and not self._crew.pending:
            self._warn("no machine has room for a worker; waiting for one")

    def _welcome(self, reference: Any) -> None:
        hired = self._crew.welcome(reference)
        if hired is not None:
            with self._lock:
                self._ledger.join(hired.name)

    def _assign(self) -> None:
        with self._lock:
            pairs = list(self._ledger.assignments())
        for name, entry in pairs:
            hired = self._crew.workers[name]
            self._progress[name] = 0.0
            call = entry.task
            reference = hired.actor.call.remote(call.method, *call.arguments(hired))
            self._answers[reference] = name

    def _inquire(self) -> None:
        """Ask busy workers now and then how far they are."""
        now = time.monotonic()
        if now - self._reported_at < _REPORT_SECONDS:
            return
        self._reported_at = now
        for name in set(self._answers.values()) - set(self._reports.values()):
            self._reports[self._crew.workers[name].actor.progress.remote()] = name

    def _follow(self, reference: Any) -> None:
        name = self._reports.pop(reference)
        # What ends a worker is noticed by its answer.
        with suppress(self._ray.exceptions.RayError):
            self._progress[name] = self._ray.get(reference)

    def _take(self, reference: Any) -> None:
        name = self._answers.pop(reference)
        try:
            answer: Answer = self._ray.get(reference)
        except self._ray.exceptions.RayError:
            self._bury(name)
            return
        for warning in answer.warnings:
            self._warn(warning)
        self.peak_memory_bytes = max(self.peak_memory_bytes, answer.peak_memory_bytes)
        if answer.error is None and not answer.bug:
            with self._lock:
                entry = self._ledger.done(name)
            entry.task.future.set_result(answer.value)
            return
        self._fail(name, answer)

    def _fail(self, name: str, answer: Answer) -> None:
        hired = self._crew.workers[name]
        with self._lock:
            given_up = self._ledger.failed(name)
            left_out = self._ledger.is_left_out(name)
            entries = [] if given_up is None else [given_up]
            if not self._ledger.has_hope:
                entries += self._ledger.give_up()
        said = answer.error.message if answer.error else answer.bug.strip().splitlines()[-1]
        if left_out:
            self._warn(f"{hired.facts} gets no more work: {said}")
        elif not entries:
            self._warn(f"a task failed on {hired.facts.host} and is given to another: {said}")
        for entry in entries:
            entry.task.future.set_exception(_error_of(answer))

    def _bury(self, name: str) -> None:
        """Note that a worker is gone, and give its task to another."""
        hired = self._crew.lose(name)
        if hired is None:
            return
        for reference in [one for one, worker in self._answers.items() if worker == name]:
            del self._answers[reference]
        with self._lock:
            given_up = self._ledger.died(name)
        self._warn(f"a worker on {hired.facts.host} ended; what it was doing is started again")
        if given_up is not None:
            given_up.task.future.set_exception(
                DeviceError(
                    f"{given_up.deaths} workers died on the same task",
                    hint="there may be too little memory for it; see Ray's logs on that machine",
                )
            )

    def _warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)


def _value(answer: Answer) -> Any:
    if answer.error is not None or answer.bug:
        raise _error_of(answer)
    return answer.value


def _error_of(answer: Answer) -> Exception:
    return answer.error or WorkerBugError(answer.bug)


def actor_class(ray: Any) -> Any:
    """Return the actor that workers are; several calls at once, of which one makes frames."""
    return ray.remote(max_restarts=0, max_task_retries=0, max_concurrency=4)(Actor)
