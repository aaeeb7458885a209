"""Workers are checked before they work, and those that differ from the others are left out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dscvsr_cli.cluster.hiring import Crew
from dscvsr_cli.cluster.messages import Answer, WorkerFacts
from dscvsr_cli.cluster.slots import Slots
from dscvsr_cli.errors import DeviceError, UsageError, WeightsError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob

FACTS = WorkerFacts(
    node="node 1",
    host="one",
    release="dscvsr 1",
    device="cuda",
    card="H100",
    dtype="bfloat16",
    runtime="torch",
    weights="abc",
    budget_bytes=8_000,
)


class DeadError(Exception):
    """Stands for Ray's errors about actors that are gone."""


class FakeActor:
    """Answers as a worker would."""

    def __init__(self, reply: "Answer | Exception") -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.call = SimpleNamespace(remote=self._call)
        self._reply = reply

    def _call(self, *arguments: Any) -> tuple["FakeActor", str]:
        self.calls.append(arguments)
        return self, arguments[0]

    def reply_to(self, method: str) -> Answer:
        if isinstance(self._reply, Exception):
            raise self._reply
        return self._reply if method == "describe" else Answer()


class FakeRay:
    """As much of Ray as hiring needs: machines with cards, and actors that answer at once."""

    exceptions = SimpleNamespace(RayError=DeadError)

    def __init__(self, replies: "Sequence[Answer | Exception]", cards: int) -> None:
        self.replies = list(replies)
        self.cards = cards
        self.actors: list[FakeActor] = []
        self.killed: list[FakeActor] = []

    def nodes(self) -> list[dict[str, Any]]:
        resources = {"CPU": 8, "GPU": self.cards}
        return [{"Alive": True, "NodeID": "node 1", "Resources": resources}]

    def options(self, **_: Any) -> "FakeRay":
        return self

    def remote(self) -> FakeActor:
        self.actors.append(FakeActor(self.replies.pop(0)))
        return self.actors[-1]

    def wait(self, pending: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return pending[:1], pending[1:]

    def get(self, reference: tuple[FakeActor, str], **_: Any) -> Answer:
        actor, method = reference
        return actor.reply_to(method)

    def kill(self, actor: FakeActor) -> None:
        self.killed.append(actor)


def crew(ray: FakeRay) -> Crew:
    return Crew(
        ray,
        ray,
        Slots(device="auto", cards=1, cores=1),
        UpscaleJob(source=Path("in.mp4")),
        release="dscvsr 1",
        weights="abc",
    )


def facts(**changed: Any) -> Answer:
    return Answer(value=replace(FACTS, **changed))


def test_every_card_gets_a_worker_with_its_share_of_the_cores() -> None:
    ray = FakeRay([facts(), facts(budget_bytes=6_000)], cards=2)
    hired = crew(ray)
    hired.start()
    assert [worker.slot for worker in hired.workers.values()] == [0, 1]
    assert [actor.calls[1] for actor in ray.actors] == [("settle", 4, 0), ("settle", 4, 1)]
    assert hired.least_budget == 6_000
    job = hired.settled(UpscaleJob(source=Path("in.mp4")))
    # Whether another runtime repays its start depends on the film.
    assert (job.device, job.dtype, job.runtime) == ("cuda", "bfloat16", "auto")


@pytest.mark.parametrize("dtype", ["auto", "int8"])
def test_workers_that_would_take_int8_for_a_long_film_leave_it_to_each_film(dtype: Any) -> None:
    ray = FakeRay([facts(device="cpu", dtype="int8", runtime="openvino")], cards=1)
    hired = crew(ray)
    hired.start()
    job = hired.settled(UpscaleJob(source=Path("in.mp4"), dtype=dtype))
    assert (job.device, job.dtype, job.runtime) == ("cpu", dtype, "auto")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"release": "dscvsr 2"}, "one runs dscvsr 2, and this machine dscvsr 1"),
        ({"weights": "def"}, "the weights on one are not those of this machine"),
    ],
)
def test_another_release_or_other_weights_are_refused(changed: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        crew(FakeRay([facts(), facts(**changed)], cards=2)).start()


def test_what_a_worker_cannot_find_is_said_in_its_own_words() -> None:
    missing = Answer(error=WeightsError("no weights and no file are called 'w'", hint="look"))
    with pytest.raises(WeightsError, match="no weights") as caught:
        crew(FakeRay([missing], cards=1)).start()
    assert caught.value.hint == "look"


def test_the_kind_of_most_workers_decides_and_the_others_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ray = FakeRay([facts(dtype="float16"), facts(), facts()], cards=3)
    hired = crew(ray)
    hired.start()
    assert len(hired.workers) == 2
    assert hired.kind == ("cuda", "bfloat16", "torch")
    assert "left out" in caplog.text
    # It keeps its card, so nobody is hired again for the same one.
    hired.fill_up()
    assert hired.pending == {}
    hired.dismiss()
    assert len(ray.killed) == 3


def test_workers_that_come_later_are_checked_as_well(caplog: pytest.LogCaptureFixture) -> None:
    ray = FakeRay([facts(), facts(release="dscvsr 2"), facts()], cards=1)
    hired = crew(ray)
    hired.start()
    ray.cards = 3
    hired.fill_up()
    welcomed = [hired.welcome(reference) for reference in list(hired.pending)]
    assert [worker is not None for worker in welcomed] == [False, True]
    assert "dscvsr 2" in caplog.text


def test_workers_that_die_while_they_start_are_replaced() -> None:
    ray = FakeRay([DeadError("killed"), DeadError("killed"), facts()], cards=1)
    hired = crew(ray)
    hired.start()
    assert len(hired.workers) == 1


def test_a_machine_without_dscvsr_is_reported_at_once() -> None:
    dead = DeadError("an error raised in its creation task\nNo module named 'dscvsr_cli'")
    with pytest.raises(DeviceError, match="No module named 'dscvsr_cli'"):
        crew(FakeRay([dead], cards=1)).start()
