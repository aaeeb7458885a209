"""Prefetch: batches made ahead by other processes, so that a fast device never waits for data."""

import logging
import signal
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dscvsr_cli.training.data.sampler import Batch, BatchPlan, Sampler

_log = logging.getLogger(__name__)

BATCHES_AHEAD = 3
"""Batches that every worker makes before they are asked for."""

Packed = tuple[Tensor, Tensor, Tensor | None]
"""A batch on its way between processes: low, high as bytes (a quarter), and flow."""


def batches(
    sampler: Sampler,
    plans: Iterator[BatchPlan],
    share: range | None,
    *,
    workers: int,
    device: torch.device,
) -> Iterator[tuple[BatchPlan, Batch]]:
    """Yield every planned batch on ``device``, in order; the same whatever the number of workers.

    Workers may die at any moment: SIGTERM goes to whole groups of processes, and systems that are
    short of memory choose the largest. Their batches are then made here.

    Args:
        sampler: Makes the batches.
        plans: Endless; asked for some batches before they are used.
        share: Which clips of every batch to make; None makes all.
        workers: Processes that make batches ahead; with 0 each is made when it is asked for.
        device: Where the batches are needed.

    Raises:
        ValueError: Workers are wanted and the sampler's footage changes during the run.
    """
    if workers and not sampler.in_memory:
        raise ValueError("footage that is held in turns cannot be shared with workers")
    ahead = _Ahead(plans)
    if workers:
        yield from _made_by_workers(sampler, ahead, share, workers=workers, device=device)
    for plan in ahead.again():
        yield plan, sampler.make(plan, share).to(device)


class _Ahead(Iterator[BatchPlan]):
    """Plans; those that were taken and not used yet are known."""

    def __init__(self, plans: Iterator[BatchPlan]) -> None:
        self._plans = plans
        self._taken: deque[BatchPlan] = deque()

    def __next__(self) -> BatchPlan:
        plan = next(self._plans)
        self._taken.append(plan)
        # Without the state, which no worker needs: a tensor would be fetched from a thread of this
        # process, which prints a traceback when the worker dies meanwhile.
        return replace(plan, after=torch.empty(0, dtype=torch.uint8))

    def used(self) -> BatchPlan:
        """Return the plan that was taken first, and forget it."""
        return self._taken.popleft()

    def again(self) -> Iterator[BatchPlan]:
        """Yield what was taken and not used, and then all others."""
        yield from self._taken
        yield from self._plans


def _made_by_workers(
    sampler: Sampler, ahead: _Ahead, share: range | None, *, workers: int, device: torch.device
) -> Iterator[tuple[BatchPlan, Batch]]:
    """Yield batches that workers made, until one of these fails or the plans end."""
    loader = DataLoader(
        _Maker(sampler, share),
        sampler=ahead,  # Any iterable will do: plans are our indices.
        batch_size=None,
        num_workers=workers,
        prefetch_factor=BATCHES_AHEAD,
        pin_memory=device.type == "cuda",
        worker_init_fn=_leave_interrupts,
    )
    made = _without_alarm(loader)
    while True:
        try:
            low, high, flow = next(made)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001  raised again if the batch itself is at fault
            why = (str(error) or type(error).__name__).splitlines()[0]
            _log.warning("clips are no longer made ahead by other processes: %s", why)
            return
        yield ahead.used(), _unpack(low, high, flow, device)


def _without_alarm(loader: DataLoader[Packed]) -> Iterator[Packed]:
    """Start the workers; one that dies is noticed by who waits for it, and by nobody else.

    PyTorch raises an error at that moment, wherever the main thread is: in a step, or while it
    saves a checkpoint.
    """
    number = getattr(signal, "SIGCHLD", None)  # Windows has none.
    before = None if number is None else signal.getsignal(number)
    made = iter(loader)
    if number is not None and signal.getsignal(number) is not before:
        signal.signal(number, before)
    return made


class _Maker(Dataset[Packed]):
    """Makes batches in a worker, as a map from plans."""

    def __init__(self, sampler: Sampler, share: range | None) -> None:
        self._sampler = sampler
        self._share = share

    def __getitem__(self, plan: BatchPlan) -> Packed:
        batch = self._sampler.make(plan, self._share)
        return batch.low, batch.high.mul(255.0).round().to(torch.uint8), batch.flow


def _unpack(low: Tensor, high: Tensor, flow: Tensor | None, device: torch.device) -> Batch:
    def move(tensor: Tensor) -> Tensor:
        return tensor.to(device, non_blocking=True)

    return Batch(move(low), move(high).div(255.0), None if flow is None else move(flow))


def _leave_interrupts(_worker: int) -> None:
    # Ctrl-C reaches every process of the terminal; the run's own decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
