"""Frames cross threads in order; errors and early ends cross them too."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from dscvsr_cli.engine.background import BackgroundThread, Drain, Prefetch, join_all


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("dscvsr-")]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited for five seconds"
        time.sleep(0.001)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert own_threads() == []


def test_items_come_in_order_and_end() -> None:
    with Prefetch(range(100), depth=3) as items:
        assert list(items) == list(range(100))
        assert list(items) == []


def test_reading_ahead_runs_in_another_thread_and_is_bounded() -> None:
    made: list[int] = []
    threads: set[str] = set()

    def produce() -> Iterator[int]:
        for i in range(50):
            threads.add(threading.current_thread().name)
            made.append(i)
            yield i

    with Prefetch(produce(), depth=3) as items:
        for i in items:
            # Three wait, one is in the producer's hand.
            wait_until(lambda i=i: len(made) == min(i + 1 + 4, 50))  # type: ignore[misc]
            assert len(made) <= i + 5
    assert threads == {"dscvsr-prefetch"}


def test_what_the_producer_raises_comes_after_its_items() -> None:
    def produce() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    with Prefetch(produce()) as items:
        assert [next(items), next(items)] == [1, 2]
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)
        assert next(items, "ended") == "ended"


def test_leaving_early_stops_and_closes_the_producer() -> None:
    closed: list[str] = []

    def produce() -> Iterator[int]:
        try:
            i = 0
            while True:
                yield i
                i += 1
        finally:
            closed.append(threading.current_thread().name)

    with Prefetch(produce(), depth=2) as items:
        assert next(items) == 0
    assert closed == ["dscvsr-prefetch"]
    assert next(items, "ended") == "ended"


def test_an_error_of_the_consumer_stops_the_producer() -> None:
    def give_up() -> None:
        with Prefetch(iter(int, 1), depth=2) as items:
            next(items)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        give_up()


def test_everything_put_is_consumed_in_order() -> None:
    consumed: list[int] = []
    with Drain(consumed.append, depth=2) as drain:
        for i in range(50):
            drain.put(i)
    assert consumed == list(range(50))


def test_a_slow_consumer_holds_the_caller_back() -> None:
    gate = threading.Event()
    put: list[int] = []

    def consume(_: int) -> None:
        gate.wait(5)

    def fill() -> None:
        with Drain(consume, depth=2) as drain:
            for i in range(10):
                drain.put(i)
                put.append(i)

    thread = threading.Thread(target=fill)
    thread.start()
    wait_until(lambda: len(put) == 3)
    time.sleep(0.02)
    assert len(put) == 3
    gate.set()
    thread.join(5)
    assert len(put) == 10


def test_what_the_consumer_raises_reaches_the_caller() -> None:
    put: list[int] = []

    def consume(item: int) -> None:
        if item == 3:
            raise OSError("no space left")

    def fill() -> None:
        with Drain(consume, depth=1) as drain:
            for i in range(1000):
                put.append(i)
                drain.put(i)

    with pytest.raises(OSError, match="no space left"):
        fill()
    assert len(put) < 10


def test_an_error_on_the_last_item_is_not_lost() -> None:
    def consume(_: int) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"), Drain(consume) as drain:
        drain.put(1)


def test_an_error_of_the_caller_drops_what_waits() -> None:
    gate = threading.Event()
    consumed: list[int] = []

    def consume(item: int) -> None:
        gate.wait(5)
        consumed.append(item)

    def give_up() -> None:
        with Drain(consume, depth=4) as drain:
            for i in range(4):
                drain.put(i)
            gate.set()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        give_up()
    assert consumed == list(range(len(consumed)))


def test_putting_after_the_end_is_refused() -> None:
    with Drain(print) as drain:
        pass
    with pytest.raises(ValueError, match="after the end"):
        drain.put(1)


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_that_holds_nothing_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match="depth"):
        Prefetch([1], depth=depth)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of one thread")
def test_ctrl_c_in_the_last_wait_leaves_no_thread_behind() -> None:
    main = threading.main_thread().ident
    assert main is not None
    consumed: list[int] = []

    leaving = threading.Event()

    def consume(item: int) -> None:
        leaving.wait(20)
        time.sleep(0.05)
        # The one who waits for the end is interrupted while this item is at work.
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.2)
        consumed.append(item)

    def give_all() -> None:
        with Drain(consume, depth=2) as drain:
            drain.put(1)
            drain.put(2)
            leaving.set()

    with pytest.raises(KeyboardInterrupt):
        give_all()
    assert consumed == [1]
    assert not [one for one in threading.enumerate() if one.name == "dscvsr-drain"]


def never_started(_start: Callable[[], None]) -> None:
    """Stand for Ctrl-C before there is a thread."""


def started(start: Callable[[], None]) -> None:
    """Stand for Ctrl-C when the thread is at work."""
    start()


def started_later(start: Callable[[], None]) -> None:
    """Stand for Ctrl-C when the system has the thread and has not run it yet."""
    timer = threading.Timer(0.05, start)
    timer.start()


@pytest.mark.parametrize("kind", [Prefetch, Drain])
@pytest.mark.parametrize("moment", [never_started, started, started_later])
def test_ctrl_c_while_a_thread_starts_leaves_none_behind(
    kind: type, moment: Callable[[Callable[[], None]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: list[str] = []

    def endless() -> Iterator[int]:
        at_work.append("begun")
        try:
            yield from iter(int, 1)
        finally:
            at_work.append("ended")

    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if not isinstance(thread, BackgroundThread):
            start(thread)
            return
        moment(lambda: start(thread))
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    background: AbstractContextManager[object] = (
        Prefetch(endless(), depth=2) if kind is Prefetch else Drain(print)
    )
    with pytest.raises(KeyboardInterrupt), background:
        pytest.fail("the block was entered")
    if moment is started_later:
        wait_until(lambda: not [one for one in threading.enumerate() if "Timer" in repr(one)])
        wait_until(lambda: own_threads() == [])
    assert own_threads() == []
    if moment is not started:
        assert at_work == []


def test_ctrl_c_before_the_threads_are_asked_to_end_makes_them_end_all_the_same() -> None:
    over = threading.Event()

    def work() -> None:
        over.wait(20)

    worker = BackgroundThread(work, name="dscvsr-test")
    worker.start()

    def ask() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        join_all([worker], ask=ask, give_up=over.set)
    assert worker.ended.is_set()
