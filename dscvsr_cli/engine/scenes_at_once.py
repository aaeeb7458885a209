"""ScenesAtOnce: works on several scenes of a stream at the same time, in threads.

Nothing passes from one scene to the next, so the frames are the same as one scene after the other
would give. The caller's thread reads the pictures and hands over the results, in the order of the
stream. A later scene begins when the pictures before it have been read, and waits once as many of
its own results are ready as may be held.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Condition

from dscvsr_cli.engine.background import BackgroundThread, join_all
from dscvsr_cli.engine.pictures import Picture
from dscvsr_cli.engine.scene_maker import Made, SceneMaker, SceneStart
from dscvsr_cli.engine.scene_run import WindowProgress

ScenePictures = tuple[SceneStart, Iterator[Picture]]
"""Where a scene begins, and what its frames show that are still to be made."""

AllProgress = Callable[[int, list[WindowProgress]], None]
"""Takes the number of frames made of all scenes, and how far every open window is."""


class _Stopped(Exception):  # noqa: N818  a signal to a thread, not an error
    """The stream was closed: nobody needs this scene any more."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Scene:
    """A scene that has been read as far as ``waiting`` goes, and made as far as ``made`` does."""

    start: SceneStart
    waiting: deque[Picture] = field(default_factory=deque)
    is_read: bool = False
    read_error: Exception | None = None
    """Why no more could be read."""
    made: deque[Made] = field(default_factory=deque)
    held: int = 0
    """Pictures in ``made``."""
    is_done: bool = False
    error: BaseException | None = None
    window: WindowProgress | None = None


class ScenesAtOnce:
    """Hands scenes to threads, and yields the results in order.

    Args:
        maker: Makes the scenes.
        at_once: Threads, at least 1.
        ahead: Pictures of each scene that may wait for the network, and finished ones of each
            scene but the first that may be held. At least what a window and its look-ahead need.
        on_progress: Called with the progress of all scenes, in the caller's thread.
    """

    def __init__(
        self,
        maker: SceneMaker,
        *,
        at_once: int,
        ahead: int,
        on_progress: AllProgress | None = None,
    ) -> None:
        if at_once < 1 or ahead <= maker.plan.window + maker.plan.look_ahead:
            raise ValueError(
                f"expected a scene and a window's frames, got {at_once = }, {ahead = }"
            )
        self._maker = maker
        self._at_once = at_once
        self._ahead = ahead
        self._on_progress = on_progress
        self._changed = Condition()
        self._scenes: deque[_Scene] = deque()
        """Those not handed over yet, in order."""
        self._untouched: deque[_Scene] = deque()
        """Those of them that no thread works on yet."""
        self._waiting = 0
        """Pictures read and not enlarged."""
        self._frames_made = 0
        self._all_read = False
        self._closed = False
        self._moved = False
        """Whether there is progress to report."""

    def run(self, scenes: Iterable[ScenePictures]) -> Generator[Made, None, None]:
        """Make all scenes; closing this iterator stops the threads after the frame at hand.

        Raises:
            DscvsrError: Whatever a scene raises, after what was made before it.
        """
        threads = [
            BackgroundThread(self._work, name=f"dscvsr-scene-{place}")
            for place in range(self._at_once)
        ]
        try:
            for thread in threads:
                thread.start()
            yield from self._hand_over(self._read(scenes))
        finally:
            # Within its care: Ctrl-C at this very moment must not leave threads behind.
            join_all(threads, ask=self._close, give_up=self._close)

    def _close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _read(self, scenes: Iterable[ScenePictures]) -> Iterator[None]:
        """Read one picture of the stream at each step."""
        index = 0
        for start, pictures in scenes:
            scene = _Scene(start=start)
            with self._changed:
                # Frames in between were made elsewhere.
                self._frames_made += start.made - index
                self._scenes.append(scene)
                self._untouched.append(scene)
            index = start.made
            try:
                for picture in pictures:
                    index += len(picture.frames)
                    with self._changed:
                        scene.waiting.append(picture)
                        self._waiting += 1
                        self._changed.notify_all()
                    yield
            except Exception as error:  # noqa: BLE001  raised if the scene misses the picture
                scene.read_error = error
            with self._changed:
                scene.is_read = True
                self._changed.notify_all()
            if scene.read_error is not None:
                return

    def _hand_over(self, reading: Iterator[None]) -> Iterator[Made]:
        while True:
            if self._has_room() and next(reading, reading) is reading:
                with self._changed:
                    self._all_read = True
                    self._changed.notify_all()
            yield from self._take()
            if self._all_read and not self._scenes:
                return

    def _has_room(self) -> bool:
        return not self._all_read and self._waiting < self._at_once * self._ahead

    def _take(self) -> list[Made]:
        """Return what is ready of the first scene; wait for it if nothing can be read."""
        with self._changed:
            first = self._scenes[0] if self._scenes else None
            if first is None:
                return []
            self._changed.wait_for(
                lambda: first.made or first.is_done or self._moved or self._has_room()
            )
            taken = list(first.made)
            first.made.clear()
            first.held = 0
            failed = first.error is not None and not taken
            if first.is_done and (failed or first.error is None):
                self._scenes.popleft()
            windows = [scene.window for scene in self._scenes if scene.window is not None]
            made, moved, self._moved = self._frames_made, self._moved, False
            self._changed.notify_all()
        if moved and self._on_progress is not None:
            self._on_progress(made, windows)
        if failed and first.error is not None:
            raise first.error
        return taken

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._untouched or self._all_read or self._closed)
                if self._closed or not self._untouched:
                    return
                scene = self._untouched.popleft()
            try:
                self._make(scene)
            except _Stopped:
                return
            except BaseException as error:  # noqa: BLE001  raised in the caller's thread
                scene.error = error
            with self._changed:
                scene.is_done, scene.window = True, None
                self._changed.notify_all()

    def _make(self, scene: _Scene) -> None:
        def note(window: WindowProgress) -> None:
            with self._changed:
                self._stop_if_closed()
                scene.window = window
                self._moved = True
                self._changed.notify_all()

        for item in self._maker.make(scene.start, self._pictures_of(scene), on_progress=note):
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed or scene is self._scenes[0] or scene.held < self._ahead
                )
                self._stop_if_closed()
                scene.made.append(item)
                if isinstance(item, Picture):
                    scene.held += 1
                    self._waiting -= 1
                    self._frames_made += len(item.frames)
                    scene.window = None
                self._changed.notify_all()

    def _pictures_of(self, scene: _Scene) -> Iterator[Picture]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: scene.waiting or scene.is_read or self._closed)
                self._stop_if_closed()
                if not scene.waiting:
                    if scene.read_error is not None:
                        raise scene.read_error
                    return
                picture = scene.waiting.popleft()
            yield picture

    def _stop_if_closed(self) -> None:
        if self._closed:
            raise _Stopped
