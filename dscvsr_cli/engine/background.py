"""Background threads: read ahead and write behind, so decoder, network and encoder overlap.

Both helpers hold a bounded number of items, hand exceptions to the caller, and end their thread
before they return from ``with``.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Event, Lock, Thread
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

Item = TypeVar("Item")

_PATIENCE_SECONDS: Final = 0.2


class BackgroundThread(Thread):
    """A daemon thread that says itself when its work has ended.

    Until Python 3.13 a ``Thread`` counts as ended as soon as Ctrl-C has interrupted ``join``.
    """

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._is_taken = Lock()
        """Held by who decides first: the thread that it works, or ``start`` that it never does."""
        self.was_asked = False
        """Whether ``start`` was called, so that ``ended`` will be set."""
        self.ended = Event()

    def start(self) -> None:
        """Start the work; if this raises, as Ctrl-C may, ``ended`` still says when it is over.

        Whether there is a thread by then cannot be known. One that has not begun never does.
        """
        try:
            self.was_asked = True
            super().start()
        except BaseException:
            if self._is_taken.acquire(blocking=False):
                self.ended.set()
            raise

    def run(self) -> None:
        """Do the work; whatever comes of it, it has then ended."""
        if not self._is_taken.acquire(blocking=False):
            return
        try:
            self._work()
        finally:
            self.ended.set()

    def wait(self) -> None:
        """Wait until the work has ended."""
        if not self.was_asked:
            return
        while not self.ended.wait(_PATIENCE_SECONDS):
            # On Windows nothing interrupts a wait without a limit.
            pass
        if self.ident is not None:
            self.join()


def join_all(
    threads: Iterable[BackgroundThread],
    *,
    give_up: Callable[[], None],
    ask: Callable[[], None] | None = None,
) -> None:
    """Wait until all that were started have ended, even if Ctrl-C comes meanwhile.

    What they work with may be closed afterwards, so none must be left behind.

    Args:
        threads: Those to wait for.
        give_up: Called at Ctrl-C, to let them drop the work that they still have.
        ask: Called first, to let them end in order; None if they do so on their own.

    Raises:
        KeyboardInterrupt: Ctrl-C came; all have ended.
    """
    waiting = list(threads)
    interruption: KeyboardInterrupt | None = None
    step = ask
    while True:
        try:
            if step is not None:
                step()
            for thread in waiting:
                thread.wait()
            break
        except KeyboardInterrupt as error:
            interruption, step = error, give_up
    if interruption is not None:
        raise interruption


class Prefetch(Iterator[Item], Generic[Item]):
    """Runs an iterable in a thread, at most ``depth`` items ahead of the consumer.

    Use it in a ``with`` statement; leaving it stops the thread wherever it is. What the iterable
    raises is raised by ``next()``, after the items that came before. The iterable runs only in the
    thread, and if it is a generator it is closed there.

    Args:
        items: What to run through.
        depth: Most items that wait.
        interrupt: Called when the ``with`` statement is left, to end what the iterable waits for;
            None if it never waits long.
    """

    def __init__(
        self,
        items: Iterable[Item],
        *,
        depth: int = 4,
        interrupt: Callable[[], None] | None = None,
    ) -> None:
        self._items = items
        self._interrupt = interrupt
        self._channel: _Channel[Item] = _Channel(depth)
        self._error: BaseException | None = None
        self._thread = BackgroundThread(self._produce, name="dscvsr-prefetch")

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def __next__(self) -> Item:
        """Return the next item.

        Raises:
            StopIteration: The iterable has ended, or the ``with`` statement was left.
        """
        try:
            return self._channel.get()
        except _ChannelClosed:
            error, self._error = self._error, None
            if error is not None:
                raise error from None
            raise StopIteration from None

    def _end(self) -> None:
        join_all([self._thread], ask=self._give_up, give_up=self._give_up)

    def _give_up(self) -> None:
        self._channel.abandon()
        if self._interrupt is not None:
            self._interrupt()

    def _produce(self) -> None:
        iterator = iter(self._items)
        try:
            for item in iterator:
                self._channel.put(item)
        except _ChannelClosed:
            pass
        except BaseException as error:  # noqa: BLE001  handed to the consumer
            self._error = error
        finally:
            try:
                close = getattr(iterator, "close", None)
                if close is not None:
                    close()
            except BaseException as error:  # noqa: BLE001  handed to the consumer
                self._error = self._error or error
            self._channel.finish()


class Drain(Generic[Item]):
    """Hands items to ``consume`` in a thread, at most ``depth`` behind the caller.

    Use it in a ``with`` statement: leaving it waits until all items are consumed, or, when an
    exception leaves it, drops those still waiting. What ``consume`` raises is raised by the next
    ``put()`` or at the end, and nothing is consumed after it.
    """

    def __init__(self, consume: Callable[[Item], object], *, depth: int = 4) -> None:
        self._consume = consume
        self._channel: _Channel[Item] = _Channel(depth)
        self._error: BaseException | None = None
        self._thread = BackgroundThread(self._run, name="dscvsr-drain")

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except BaseException:
            join_all([self._thread], ask=self._channel.abandon, give_up=self._channel.abandon)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        join_all(
            [self._thread],
            ask=self._channel.finish if error is None else self._channel.abandon,
            give_up=self._channel.abandon,
        )
        # An exception on its way out says why we stop; one from the thread must not hide it.
        if error is None:
            self._raise_error()

    def put(self, item: Item) -> None:
        """Hand over one item; waits while ``depth`` items wait already."""
        try:
            self._channel.put(item)
        except _ChannelClosed:
            self._thread.join()
            self._raise_error()
            raise ValueError("put() after the end of the with statement") from None

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        try:
            while True:
                self._consume(self._channel.get())
        except _ChannelClosed:
            pass
        except BaseException as error:  # noqa: BLE001  handed to the caller
            self._error = error
        finally:
            self._channel.abandon()


class _ChannelClosed(Exception):  # noqa: N818  a signal between two threads, not an error
    """Nothing more can be put into, or taken from, the channel."""


class _Channel(Generic[Item]):
    """A bounded queue that either side can close (``queue.Queue`` cannot before Python 3.13)."""

    def __init__(self, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        self._depth = depth
        self._items: deque[Item] = deque()
        self._open = True
        self._changed = Condition()

    def put(self, item: Item) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._open or len(self._items) < self._depth)
            if not self._open:
                raise _ChannelClosed
            self._items.append(item)
            self._changed.notify_all()

    def get(self) -> Item:
        with self._changed:
            self._changed.wait_for(lambda: self._items or not self._open)
            if not self._items:
                raise _ChannelClosed
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def finish(self) -> None:
        """Take no more items; those inside can still be taken."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def abandon(self) -> None:
        """Take no more items and drop those inside."""
        with self._changed:
            self._open = False
            self._items.clear()
            self._changed.notify_all()
