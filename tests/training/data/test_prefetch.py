"""Prefetching: the batches, their order and the generator's states are those of no workers."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
import torch

from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.prefetch import batches
from dscvsr_cli.training.data.sampler import Batch, BatchPlan, Sampler
from dscvsr_cli.training.training_config import TrainingConfig

CPU = torch.device("cpu")


def plans(sampler: Sampler, seed: int = 3) -> Iterator[BatchPlan]:
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield sampler.plan(3, generator, noise=4.0)


def first(
    sampler: Sampler, count: int, *, workers: int, share: range | None = None
) -> list[tuple[BatchPlan, Batch]]:
    made = batches(sampler, plans(sampler), share, workers=workers, device=CPU)
    return list(islice(made, count))


@pytest.mark.parametrize("share", [None, range(1, 2)])
def test_workers_make_the_same_batches_in_the_same_order(
    footage: Footage, tiny_recipe: TrainingConfig, share: range | None
) -> None:
    config = replace(tiny_recipe, camera_weight=0.1, codec_share=0.3, photo_share=0.5)
    sampler = Sampler(footage, config)
    alone = first(sampler, 5, workers=0, share=share)
    ahead = first(sampler, 5, workers=2, share=share)
    for (plan, batch), (same_plan, same) in zip(alone, ahead, strict=True):
        assert (plan.side, plan.length, plan.seeds) == (
            same_plan.side,
            same_plan.length,
            same_plan.seeds,
        )
        assert torch.equal(plan.after, same_plan.after)
        torch.testing.assert_close(batch.low, same.low, rtol=0, atol=1e-6)
        torch.testing.assert_close(batch.high, same.high, rtol=0, atol=1e-6)
        torch.testing.assert_close(batch.flow, same.flow, rtol=0, atol=1e-5, equal_nan=True)


def test_a_generator_put_back_to_where_a_batch_left_it_goes_on_with_the_next(
    footage: Footage, tiny_recipe: TrainingConfig
) -> None:
    sampler = Sampler(footage, tiny_recipe)
    straight = first(sampler, 4, workers=2)
    generator = torch.Generator()
    generator.set_state(straight[1][0].after)
    assert sampler.plan(3, generator, noise=4.0).seeds == straight[2][0].seeds


def test_footage_held_in_turns_is_not_shared(tiny_recipe: TrainingConfig) -> None:
    class Turning:
        def next(self) -> Footage:
            return Footage((), ())

    sampler = Sampler(Turning(), tiny_recipe)
    with pytest.raises(ValueError, match="in turns"):
        next(batches(sampler, plans(sampler), None, workers=1, device=CPU))


@pytest.mark.skipif(os.name != "posix", reason="signals of one process")
def test_batches_of_workers_that_died_are_made_here(
    footage: Footage, tiny_recipe: TrainingConfig, caplog: pytest.LogCaptureFixture
) -> None:
    sampler = Sampler(footage, tiny_recipe)
    alone = first(sampler, 9, workers=0)
    made = batches(sampler, plans(sampler), None, workers=2, device=CPU)
    ahead = list(islice(made, 2))
    workers = multiprocessing.active_children()
    assert len(workers) == 2
    with caplog.at_level(logging.WARNING):
        for worker in workers:
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGTERM)
        while any(worker.is_alive() for worker in workers):
            # Whatever the main thread does meanwhile, a checkpoint for example, is not disturbed.
            time.sleep(0.01)
        ahead += islice(made, 7)
    assert "no longer made ahead" in caplog.text
    for (plan, batch), (same_plan, same) in zip(alone, ahead, strict=True):
        assert plan.seeds == same_plan.seeds
        torch.testing.assert_close(batch.low, same.low, rtol=0, atol=1e-6)
        torch.testing.assert_close(batch.high, same.high, rtol=0, atol=1 / 255)


def test_what_is_wrong_with_a_batch_is_raised_as_without_workers(
    footage: Footage, tiny_recipe: TrainingConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = Sampler(footage, tiny_recipe)

    def refuse(*_: object) -> Batch:
        raise ValueError("a bad clip")

    monkeypatch.setattr(sampler, "make", refuse)
    with pytest.raises(ValueError, match=r"^a bad clip$"):
        first(sampler, 1, workers=1)
