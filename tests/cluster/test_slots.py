"""How many workers a cluster gets, and on which of its machines, follows from what they have."""

from typing import Any

import pytest

from dscvsr_cli.cluster.slots import Slots, choose_slots
from dscvsr_cli.errors import DeviceError, UsageError

GIB = 2**30


def node(*, alive: bool = True, **resources: float) -> dict[str, Any]:
    return {"Alive": alive, "Resources": resources}


CPUS = node(CPU=16, memory=64 * GIB)
CARDS = node(CPU=32, GPU=4, memory=128 * GIB)


def test_there_is_a_worker_for_every_core() -> None:
    slots = choose_slots("auto", [CPUS, CPUS])
    assert (slots.device, slots.cards, slots.cores) == ("cpu", 0, 1)
    assert slots.count([CPUS, CPUS, node(CPU=2)]) == 34


def test_where_any_machine_has_cards_the_others_are_left_out() -> None:
    nodes = [CPUS, CARDS, node(CPU=8, GPU=1)]
    slots = choose_slots("auto", nodes)
    assert slots.cards == 1
    assert slots.count(nodes) == 5
    assert [slots.on_node(one) for one in nodes] == [0, 4, 1]
    assert [slots.cores_each(one) for one in nodes[1:]] == [8, 8]


def test_cards_can_be_left_out() -> None:
    nodes = [CPUS, CARDS]
    assert choose_slots("cpu", nodes).count(nodes) == 48


def test_workers_get_more_cores_where_memory_is_short() -> None:
    slots = choose_slots("auto", [CPUS, node(CPU=64, memory=32 * GIB)])
    assert slots.cores == 4
    assert slots.count([CPUS, node(CPU=64)]) == 20


def test_machines_that_have_left_do_not_count() -> None:
    nodes = [CPUS, node(CPU=8, GPU=8, alive=False)]
    slots = choose_slots("auto", nodes)
    assert slots == Slots(device="cpu", cards=0, cores=1)
    assert slots.count(nodes) == 16


@pytest.mark.parametrize(
    ("device", "error"),
    [("cuda", DeviceError), ("cuda:1", UsageError), ("mps", UsageError)],
)
def test_a_device_that_no_worker_can_have_is_refused(device: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        choose_slots(device, [CPUS])


def test_a_cluster_without_anything_is_refused() -> None:
    with pytest.raises(DeviceError, match="offers a core"):
        choose_slots("auto", [node(memory=GIB)])
