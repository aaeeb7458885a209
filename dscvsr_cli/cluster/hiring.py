"""Crew: workers hired on the machines that a cluster has, and checked before they may work."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from dscvsr_cli.cluster.messages import Answer, WorkerFacts
from dscvsr_cli.cluster.slots import Slots
from dscvsr_cli.errors import DeviceError, DscvsrError, UsageError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob

_log: Final = logging.getLogger(__name__)

_START_SECONDS: Final = 300.0
"""Time in which the first worker must be ready; starting one loads torch over a network drive."""

_SETTLE_SECONDS: Final = 10.0
"""Time that the first workers wait for the others before it is decided what all compute in."""


_MOST_DEATHS: Final = 10
"""Workers that may die before there is a first one."""

_IN_CREATION: Final = "creation task"
"""Part of Ray's message if an actor cannot even be made, as without dscvsr on its machine."""

_START_HINT: Final = (
    "install dscvsr on all machines as it is here; `ray status` says what is free, and `ray logs` "
    "why none starts"
)


@dataclass(frozen=True, slots=True, eq=False)
class Hired:
    """A worker that may work."""

    name: str
    actor: Any
    facts: WorkerFacts
    slot: int
    """Which of the workers of its machine it is."""
    budget_bytes: int
    """Its share of the memory."""


class Crew:
    """Hires as many workers as there is room for, and knows which of them fit together.

    Args:
        ray: The module, connected.
        actor: The actor's class.
        slots: What each worker gets.
        job: A job of the run, for the settings that all its jobs share.
        release: What this machine runs, which all others must run as well.
        weights: SHA-256 of the weights of this machine.
    """

    def __init__(
        self, ray: Any, actor: Any, slots: Slots, job: UpscaleJob, *, release: str, weights: str
    ) -> None:
        self.workers: dict[str, Hired] = {}
        self.pending: dict[Any, Any] = {}
        """Actors that are still to say what they are, by the reference to their answer."""
        self._ray = ray
        self._actor = actor.options(
            num_cpus=slots.cores, num_gpus=slots.cards, scheduling_strategy="SPREAD"
        )
        self._slots = slots
        self._asked = replace(job, device=slots.device)
        self._release = release
        self._weights = weights
        self._unfit: list[Any] = []
        self._kind: tuple[str, str, str] | None = None
        self._names = map(str, count(1))

    @property
    def kind(self) -> tuple[str, str, str]:
        """Device, dtype and runtime that all workers compute with."""
        if self._kind is None:
            raise ValueError("no worker has been hired yet")
        return self._kind

    def settled(self, job: UpscaleJob) -> UpscaleJob:
        """Return a job with the device and dtype of the workers; its plan decides the runtime.

        int8 comes with a runtime that only long films repay, so the plan decides on that as well.
        """
        device, dtype, _ = self.kind
        if dtype == "int8":
            return replace(job, device=device)
        return replace(job, device=device, dtype=dtype)  # type: ignore[arg-type]

    @property
    def least_budget(self) -> int:
        """Memory that a plan may use on every worker, as they are now."""
        return min(hired.budget_bytes for hired in self.workers.values())

    def start(self) -> None:
        """Hire the first workers, and decide by the most of them what all compute in.

        Raises:
            UsageError: A worker runs another release, or cannot read the weights.
            DeviceError: No worker can be hired.
        """
        self.fill_up()
        found = self._first_workers()
        if not found:
            raise DeviceError("no worker could be started on the cluster", hint=_START_HINT)
        kinds = Counter(facts.kind for _, facts in found)
        self._kind = max(kinds, key=lambda kind: (kinds[kind], kind))
        for actor, facts in found:
            self._take(actor, facts)

    def _first_workers(self) -> list[tuple[Any, WorkerFacts]]:
        """Wait for the workers that start in time, and start others for those that die."""
        found: list[tuple[Any, WorkerFacts]] = []
        deaths = 0
        deadline = time.monotonic() + _START_SECONDS
        while self.pending and time.monotonic() < deadline:
            ready, _ = self._ray.wait(list(self.pending), timeout=0.5)
            for reference in ready:
                actor = self.pending.pop(reference)
                try:
                    found.append((actor, self._checked(self._ask(reference))))
                except self._ray.exceptions.RayError as error:
                    deaths += 1
                    if deaths > _MOST_DEATHS or _IN_CREATION in str(error):
                        said = _last_line(str(error))
                        raise DeviceError(
                            f"no worker can be started on the cluster: {said}", hint=_START_HINT
                        ) from error
                    self.fill_up(besides=len(found))
                if len(found) == 1:
                    deadline = min(deadline, time.monotonic() + _SETTLE_SECONDS)
        return found

    def fill_up(self, *, besides: int = 0) -> None:
        """Hire workers for the room that there is now, less what others ``besides`` ours take."""
        wanted = self._slots.count(self._ray.nodes()) - besides
        present = len(self.workers) + len(self.pending) + len(self._unfit)
        for _ in range(wanted - present):
            actor = self._actor.remote()
            self.pending[actor.call.remote("describe", self._asked)] = actor

    def welcome(self, reference: Any) -> Hired | None:
        """Take in a worker that came later; None if it does not fit the others."""
        actor = self.pending.pop(reference)
        try:
            facts = self._checked(self._ask(reference))
        except DscvsrError as error:
            self._leave_out(actor, error.message)
            return None
        except self._ray.exceptions.RayError:
            return None
        return self._take(actor, facts)

    def lose(self, name: str) -> Hired | None:
        """Forget a worker that is gone, and see that it is; None if that was known."""
        hired = self.workers.pop(name, None)
        if hired is not None:
            self._ray.kill(hired.actor)
        return hired

    def dismiss(self) -> None:
        """End all workers."""
        actors = [hired.actor for hired in self.workers.values()]
        for actor in (*actors, *self.pending.values(), *self._unfit):
            self._ray.kill(actor)
        self.workers, self.pending, self._unfit = {}, {}, []

    def anyone(self) -> Hired | None:
        """Return some worker; None if there is none."""
        return next(iter(list(self.workers.values())), None)

    def one_per_node(self) -> Iterator[Hired]:
        """Yield one worker of every machine."""
        yield from {hired.facts.node: hired for hired in list(self.workers.values())}.values()

    def _ask(self, reference: Any) -> WorkerFacts:
        answer: Answer = self._ray.get(reference)
        if answer.error is not None:
            raise answer.error
        if not isinstance(answer.value, WorkerFacts):
            raise DeviceError(
                f"a worker cannot start: {_last_line(answer.bug)}",
                hint="see whether dscvsr runs on each machine by itself, without --ray",
            )
        return answer.value

    def _checked(self, facts: WorkerFacts) -> WorkerFacts:
        if facts.release != self._release:
            raise UsageError(
                f"{facts.host} runs {facts.release}, and this machine {self._release}",
                hint="install the same releases on all machines of the cluster",
            )
        if facts.weights != self._weights:
            raise UsageError(
                f"the weights on {facts.host} are not those of this machine",
                hint="give --weights a file on storage that all machines share",
            )
        return facts

    def _take(self, actor: Any, facts: WorkerFacts) -> Hired | None:
        if facts.kind != self._kind:
            self._leave_out(actor, "its frames would not be those of the other workers")
            return None
        slot = self._free_slot(facts.host)
        node = next(one for one in self._ray.nodes() if one["NodeID"] == facts.node)
        shared = 1 if self._slots.cards else max(1, self._slots.on_node(node))
        given = self._asked.memory_bytes
        hired = Hired(
            name=next(self._names),
            actor=actor,
            facts=facts,
            slot=slot,
            budget_bytes=given or facts.budget_bytes // shared,
        )
        try:
            self._ray.get(actor.call.remote("settle", self._slots.cores_each(node), slot))
        except self._ray.exceptions.RayError:
            return None
        self.workers[hired.name] = hired
        return hired

    def _leave_out(self, actor: Any, reason: str) -> None:
        # It keeps its place, which would be given to a worker of the same kind.
        self._unfit.append(actor)
        _log.warning("a worker is left out: %s", reason)

    def _free_slot(self, host: str) -> int:
        taken = {hired.slot for hired in self.workers.values() if hired.facts.host == host}
        return next(slot for slot in count() if slot not in taken)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1].strip()
