"""Tasks reach workers in order, and failures and deaths have the consequences that are stated."""

import pytest

from dscvsr_cli.cluster.ledger import MOST_DEATHS, MOST_FAILURES, Entry, Ledger


def ledger(workers: str, *tasks: tuple[str, int, int]) -> Ledger[str]:
    """A ledger with workers of one letter, and tasks with film and first frame."""
    made: Ledger[str] = Ledger()
    for name in workers:
        made.join(name)
    for task, film, first_frame in tasks:
        made.add(Entry(task=task, order=(film, first_frame)))
    return made


def assigned(book: Ledger[str]) -> dict[str, str]:
    return {worker: entry.task for worker, entry in book.assignments()}


def test_the_first_film_and_its_first_frames_come_first() -> None:
    book = ledger("ab", ("later", 1, 0), ("second", 0, 50), ("first", 0, 0))
    assert assigned(book) == {"a": "first", "b": "second"}
    assert assigned(book) == {}
    book.done("b")
    assert assigned(book) == {"b": "later"}


def test_the_task_of_a_dead_worker_goes_to_another() -> None:
    book = ledger("ab", ("one", 0, 0), ("two", 0, 9), ("three", 0, 20))
    assigned(book)
    assert book.died("a") is None
    book.done("b")
    assert assigned(book) == {"b": "one"}


def test_a_worker_that_dies_idle_is_only_forgotten() -> None:
    book = ledger("ab")
    assert book.died("a") is None
    book.add(Entry(task="one", order=(0, 0)))
    assert assigned(book) == {"b": "one"}


def test_a_task_that_fails_is_tried_on_another_machine_first() -> None:
    book = ledger("ab", ("one", 0, 0), ("two", 0, 9), ("three", 0, 20))
    assert assigned(book) == {"a": "one", "b": "two"}
    assert book.failed("a") is None
    assert assigned(book) == {"a": "three"}
    book.done("b")
    assert assigned(book) == {"b": "one"}


def test_a_task_that_failed_everywhere_is_tried_again_until_it_is_given_up() -> None:
    book = ledger("ab", ("one", 0, 0))
    for worker in "aba"[:MOST_FAILURES]:
        # What else they do succeeds, so that they stay at work.
        book.add(Entry(task="other", order=(1, 0)))
        at_work = assigned(book)
        assert at_work[worker] == "one"
        given_up = book.failed(worker)
        book.done("b" if worker == "a" else "a")
    assert given_up is not None
    assert given_up.task == "one"
    assert assigned(book) == {}


def test_a_task_that_kills_its_workers_is_given_up() -> None:
    book = ledger("", ("one", 0, 0))
    for number in range(MOST_DEATHS):
        book.join(f"worker {number}")
        assigned(book)
        given_up = book.died(f"worker {number}")
        assert (given_up is None) == (number < MOST_DEATHS - 1)


def test_a_worker_that_fails_twice_in_a_row_is_left_out() -> None:
    book = ledger("ab", ("one", 0, 0), ("two", 0, 9), ("three", 0, 20))
    assigned(book)
    book.failed("a")
    assigned(book)
    book.failed("a")
    assert book.is_left_out("a")
    assert book.has_hope
    done = [book.done("b").task]
    while at_work := assigned(book):
        assert set(at_work) == {"b"}
        done.append(book.done("b").task)
    assert sorted(done) == ["one", "three", "two"]


def test_success_wipes_a_failure_out() -> None:
    book = ledger("a", ("one", 0, 0), ("two", 0, 9))
    assert assigned(book) == {"a": "one"}
    book.failed("a")
    assert assigned(book) == {"a": "one"}
    book.done("a")
    assert assigned(book) == {"a": "two"}
    book.failed("a")
    assert not book.is_left_out("a")


def test_there_is_no_hope_when_all_workers_are_left_out() -> None:
    book = ledger("a", ("one", 0, 0), ("two", 0, 9))
    for _ in range(2):
        assigned(book)
        book.failed("a")
    assert not book.has_hope
    assert [entry.task for entry in book.give_up()] == ["one", "two"]
    book.join("b")
    assert book.has_hope


@pytest.mark.parametrize("workers", ["a", "ab"])
def test_nothing_is_assigned_where_nothing_waits(workers: str) -> None:
    assert assigned(ledger(workers)) == {}
