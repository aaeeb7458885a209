"""A place among several processes: clips are shared out whole, once, evenly."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.training.parallel import ALONE, Parallel


@given(st.integers(1, 8), st.integers(1, 8))
def test_every_clip_belongs_to_one_process_in_order(world: int, each: int) -> None:
    batch = world * each
    shares = [Parallel(rank=rank, world=world).share(batch) for rank in range(world)]
    assert [clip for share in shares for clip in share] == list(range(batch))
    assert {len(share) for share in shares} == {each}


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 7 cannot be shared by 2"):
        Parallel(rank=0, world=2).share(7)


@pytest.mark.parametrize(("rank", "world"), [(2, 2), (-1, 2), (0, 0)])
def test_places_that_do_not_exist_are_refused(rank: int, world: int) -> None:
    with pytest.raises(ValueError, match="rank < world"):
        Parallel(rank=rank, world=world)


def test_alone_nothing_is_exchanged() -> None:
    assert ALONE.leads
    assert ALONE.share(5) == range(5)
    assert ALONE.agree(1.5, device=torch.device("cpu")) == 1.5
    assert float(ALONE.mean(torch.tensor(2.5))) == 2.5
