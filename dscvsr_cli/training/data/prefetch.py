"""Prefetch: batches made ahead by other processes, so that a fast device never waits for data."""

import signal
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dscvsr_cli.training.data.sampler import Batch, BatchPlan, Sampler

BATCHES_AHEAD = 3
"""Batches that every worker makes before they are asked for."""

Packed = tuple[BatchPlan, Tensor, Tensor, Tensor | None]
"""A batch on its way between processes: its plan, low, high as bytes (a quarter), and flow."""


def batches(
    sampler: Sampler,
    plans: Iterator[BatchPlan],
    share: range | None,
    *,
    workers: int,
    device: torch.device,
) -> Iterator[tuple[BatchPlan, Batch]]:
    """Yield every planned batch on ``device``, in order; the same whatever the number of workers.

    Args:
        sampler: Makes the batches.
        plans: Endless; asked for some batches before they are used.
        share: Which clips of every batch to make; None makes all.
        workers: Processes that make batches ahead; with 0 each is made when it is asked for.
        device: Where the batches are needed.

    Raises:
        ValueError: Workers are wanted and the sampler's footage changes during the run.
    """
    if not workers:
        for plan in plans:
            yield plan, sampler.make(plan, share).to(device)
        return
    if not sampler.in_memory:
        raise ValueError("footage that is held in turns cannot be shared with workers")
    loader = DataLoader(
        _Maker(sampler, share),
        sampler=plans,  # Any iterable will do: plans are our indices.
        batch_size=None,
        num_workers=workers,
        prefetch_factor=BATCHES_AHEAD,
        pin_memory=device.type == "cuda",
        worker_init_fn=_leave_interrupts,
    )
    for plan, low, high, flow in loader:
        yield plan, _unpack(low, high, flow, device)


class _Maker(Dataset[Packed]):
    """Makes batches in a worker, as a map from plans."""

    def __init__(self, sampler: Sampler, share: range | None) -> None:
        self._sampler = sampler
        self._share = share

    def __getitem__(self, plan: BatchPlan) -> Packed:
        batch = self._sampler.make(plan, self._share)
        return plan, batch.low, batch.high.mul(255.0).round().to(torch.uint8), batch.flow


def _unpack(low: Tensor, high: Tensor, flow: Tensor | None, device: torch.device) -> Batch:
    def move(tensor: Tensor) -> Tensor:
        return tensor.to(device, non_blocking=True)

    return Batch(move(low), move(high).div(255.0), None if flow is None else move(flow))


def _leave_interrupts(_worker: int) -> None:
    # Ctrl-C reaches every process of the terminal; the run's own decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
