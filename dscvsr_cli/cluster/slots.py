"""Slots: which machines of a cluster get how many workers, from what Ray says they have."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dscvsr_cli.errors import DeviceError, UsageError

_LEAST_MEMORY: Final = 2 * 2**30
"""Bytes of main memory that a worker on processors gets; if cores have less, it takes more of
them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What each worker of a cluster gets."""

    device: str
    """What workers are asked to use: "auto" or "cuda" if each has a card, "cpu" elsewhere."""
    cards: int
    """Graphics cards of each worker, 1 or 0."""
    cores: int
    """Cores that Ray sets aside for each."""

    @property
    def scan_threads(self) -> int:
        """Threads of a process that looks for scenes: beside cards it must not be the slowest."""
        return 4 if self.cards else 1

    def count(self, nodes: Iterable[Mapping[str, Any]]) -> int:
        """Return how many workers the machines have room for."""
        return sum(self._on(node) for node in nodes if node["Alive"])

    def cores_each(self, node: Mapping[str, Any]) -> int:
        """Return the cores that a worker on this machine may keep busy."""
        cores = int(node["Resources"].get("CPU", 1))
        return max(1, cores // self._on(node)) if self.cards and self._on(node) else self.cores

    def on_node(self, node: Mapping[str, Any]) -> int:
        """Return how many workers one machine has room for."""
        return self._on(node)

    def _on(self, node: Mapping[str, Any]) -> int:
        resources = node["Resources"]
        if self.cards:
            return int(resources.get("GPU", 0))
        return int(resources.get("CPU", 0)) // self.cores


def choose_slots(device: str, nodes: Iterable[Mapping[str, Any]]) -> Slots:
    """Decide what workers are.

    If any machine has a graphics card, there is one worker per card, and machines without one are
    left out: they would be slow, and their frames would differ in the last bits. Otherwise there is
    one worker per core, or per few cores if memory is short.

    Args:
        device: As on the command line.
        nodes: What ``ray.nodes()`` says.

    Raises:
        UsageError: A device that cannot be one for every worker.
        DeviceError: No machine has such a device.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    cards = any(resources.get("GPU", 0) >= 1 for resources in alive)
    if device.partition(":")[2] or device == "mps":
        raise UsageError(
            f"--device {device} cannot be the device of every worker",
            hint="use --device auto, cuda or cpu: Ray gives every worker a card of its own",
        )
    if device in ("cuda", "xpu") and not cards:
        raise DeviceError(
            "no machine of the cluster offers a graphics card",
            hint="start Ray there with --num-gpus, or use --device cpu",
        )
    if cards and device != "cpu":
        return Slots(device=device, cards=1, cores=1)
    with_cores = [resources for resources in alive if resources.get("CPU", 0) >= 1]
    if not with_cores:
        raise DeviceError(
            "no machine of the cluster offers a core", hint="start Ray there with --num-cpus"
        )
    cores = max(
        math.ceil(_LEAST_MEMORY * one["CPU"] / max(one.get("memory", 0), 1)) for one in with_cores
    )
    return Slots(device="cpu", cards=0, cores=min(cores, int(min(o["CPU"] for o in with_cores))))
