"""Join the group of processes that torchrun started, and find this one's place in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist

from dscvsr_cli.errors import UsageError
from dscvsr_cli.training.parallel import ALONE, Parallel


@contextmanager
def joined(device: torch.device) -> Iterator[Parallel]:
    """Join the processes that torchrun started, over NCCL or, on CPUs, gloo; alone without it.

    Raises:
        UsageError: torchrun's settings are broken.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield ALONE
        return
    try:
        # torchrun passes every process its place in environment variables, which this reads.
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    except (ValueError, RuntimeError) as error:
        raise UsageError(
            f"the processes of torchrun did not find each other: {error}",
            hint="torchrun --nproc-per-node 2 -m dscvsr_cli train ...",
        ) from error
    try:
        yield Parallel(rank=dist.get_rank(), world=dist.get_world_size())
        # Who leaves while another still talks can take gloo's threads down with a crash.
        dist.barrier()
    finally:
        dist.destroy_process_group()


def own_device(device: torch.device) -> torch.device:
    """Return the GPU that is this process's if several share a machine, else ``device``."""
    rank = os.environ.get("LOCAL_RANK")
    if device.type != "cuda" or rank is None:
        return device
    return torch.device("cuda", int(rank))
