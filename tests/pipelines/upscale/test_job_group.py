"""Jobs that run together share memory in the order in which they ask, and end together."""

import threading

import pytest

from dscvsr_cli.pipelines.upscale.job_group import JobGroup


def in_thread(work: "threading.Thread") -> threading.Thread:
    work.daemon = True
    work.start()
    return work


def test_who_does_not_fit_waits_until_enough_is_free() -> None:
    group = JobGroup(100)
    entered, leave = threading.Event(), threading.Event()

    def large() -> None:
        with group.room(60):
            entered.set()
            leave.wait(20)

    first = in_thread(threading.Thread(target=large))
    assert entered.wait(20)
    second_entered = threading.Event()

    def second() -> None:
        with group.room(50):
            second_entered.set()

    waiting = in_thread(threading.Thread(target=second))
    assert not second_entered.wait(0.1)
    leave.set()
    assert second_entered.wait(20)
    first.join(20)
    waiting.join(20)


def test_what_fits_beside_others_need_not_wait() -> None:
    group = JobGroup(100)
    with group.room(60), group.room(40):
        pass


def test_a_job_larger_than_everything_runs_alone() -> None:
    group = JobGroup(100)
    with group.room(1000):
        pass


def test_stopping_ends_jobs_that_wait_and_jobs_at_their_next_step() -> None:
    group = JobGroup(100)
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(KeyboardInterrupt), group.room(100):
            raise AssertionError("there was no room")
        ended.set()

    with group.room(100):
        thread = in_thread(threading.Thread(target=wait))
        group.raise_if_stopped()
        group.stop()
        assert ended.wait(20)
        thread.join(20)
    with pytest.raises(KeyboardInterrupt):
        group.raise_if_stopped()
