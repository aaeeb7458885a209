"""Scenes that are made at the same time come out as if they had been made one after the other."""

import threading
from collections.abc import Iterator, Sequence
from typing import cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.engine.frame_network import FrameListener
from dscvsr_cli.engine.pictures import Picture, join_repeats
from dscvsr_cli.engine.scene_maker import Made, SceneMaker, SceneStart, StreamEvent
from dscvsr_cli.engine.scenes_at_once import ScenesAtOnce
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import StreamProgress, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.errors import WeightsError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from tests.engine.fakes import (
    CPU,
    SMALL,
    MovingSumNetwork,
    NearestNetwork,
    OverflowingNetwork,
    cuts_at,
    random_frames,
)

PLAN = StreamPlan(window=4, look_ahead=2, step=2)
Seen = Frame | StreamState | StreamEvent


def seen_of(
    frames: Sequence[Frame] | Iterator[Frame],
    network: MovingSumNetwork | NearestNetwork | RecurrentNetwork,
    *,
    at_once: int,
    cuts: Sequence[int],
    plan: StreamPlan = PLAN,
    resume: StreamState | None = None,
    finished: Sequence[range] = (),
) -> list[Seen]:
    """All that a stream gives and reports, in the order in which it does."""
    seen: list[Seen] = []
    here = threading.get_ident()

    def note(item: Seen) -> None:
        assert threading.get_ident() == here
        seen.append(item)

    for frame in upscale_stream(
        frames,
        network,
        size=SMALL,
        plan=plan,
        device=CPU,
        mark_scenes=cuts_at(cuts),
        resume=resume,
        finished=finished,
        on_boundary=note,
        on_event=note,
        at_once=at_once,
        ahead=7,
    ):
        note(frame)
    return seen


def assert_same(first: Sequence[Seen], second: Sequence[Seen]) -> None:
    assert [type(item) for item in first] == [type(item) for item in second]
    for one, other in zip(first, second, strict=True):
        if isinstance(one, Frame) and isinstance(other, Frame):
            assert torch.equal(one.pixels, other.pixels)
            assert (one.pts, one.duration) == (other.pts, other.duration)
        elif isinstance(one, StreamState) and isinstance(other, StreamState):
            assert (one.made, one.position) == (other.made, other.position)
            assert torch.equal(one.features, other.features)
        else:
            assert one == other


@settings(deadline=None, max_examples=40)
@given(
    total=st.integers(0, 40),
    cuts=st.sets(st.integers(1, 39), max_size=8),
    at_once=st.integers(2, 4),
    data=st.data(),
)
def test_frames_states_and_events_come_in_the_order_of_the_stream(
    total: int, cuts: set[int], at_once: int, data: st.DataObject
) -> None:
    frames, starts = random_frames(total), sorted(cuts)
    alone = seen_of(frames, MovingSumNetwork(3), at_once=1, cuts=starts)
    assert_same(seen_of(frames, MovingSumNetwork(3), at_once=at_once, cuts=starts), alone)
    states = [item for item in alone if isinstance(item, StreamState)]
    if states:
        state = data.draw(st.sampled_from(states))
        rest = [
            seen_of(frames, MovingSumNetwork(3), at_once=count, cuts=starts, resume=state)
            for count in (1, at_once)
        ]
        assert_same(rest[1], rest[0])


def test_scenes_that_were_made_elsewhere_are_left_out() -> None:
    frames, cuts = random_frames(40), [10, 15, 30]
    alone, together = (
        seen_of(
            frames,
            MovingSumNetwork(3),
            at_once=count,
            cuts=cuts,
            finished=[range(10, 15), range(30, 40)],
        )
        for count in (1, 3)
    )
    assert_same(together, alone)
    assert sum(isinstance(item, Frame) for item in together) == 25


def test_a_real_network_makes_the_same_bits(tiny_network: RecurrentNetwork) -> None:
    frames = random_frames(30, Size(12, 16))
    alone, together = (
        seen_of(frames, tiny_network, at_once=count, cuts=[7, 15, 22]) for count in (1, 3)
    )
    assert_same(together, alone)


def test_two_scenes_are_in_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)

    class Meeting(NearestNetwork):
        def backward_features(
            self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
        ) -> Tensor:
            # Ends only when two threads have come here.
            both.wait()
            return super().backward_features(frames, first_index=first_index, on_frame=on_frame)

    made = seen_of(random_frames(8), Meeting(), at_once=2, cuts=[4])
    assert sum(isinstance(item, Frame) for item in made) == 8


def test_what_is_held_is_bounded_by_the_scenes_at_once_and_not_by_the_stream() -> None:
    read, handed = 0, 0
    most = 0

    def source() -> Iterator[Frame]:
        nonlocal read, most
        for frame in random_frames(300):
            read += 1
            most = max(most, read - handed)
            yield frame

    for _ in upscale_stream(
        source(),
        NearestNetwork(),
        size=SMALL,
        plan=PLAN,
        device=CPU,
        mark_scenes=cuts_at(range(0, 300, 20)),
        at_once=2,
        ahead=10,
    ):
        handed += 1
    assert handed == 300
    # Waiting for the network, ready in the second scene, and in the hands of the caller.
    assert most <= 2 * 10 + 10 + 10


def test_an_unreadable_frame_ends_the_stream_where_it_is_missed() -> None:
    def source() -> Iterator[Frame]:
        yield from random_frames(13)
        raise OSError("unreadable")

    made: list[Frame] = []
    with pytest.raises(OSError, match="unreadable"):
        made.extend(
            upscale_stream(
                source(),
                NearestNetwork(),
                size=SMALL,
                plan=PLAN,
                device=CPU,
                mark_scenes=cuts_at([6]),
                at_once=2,
            )
        )
    assert len(made) == 10


def test_an_error_of_a_later_scene_comes_after_the_frames_before_it() -> None:
    frames = random_frames(16)
    frames[12] = Frame(pixels=torch.full((3, 4, 6), 0.5), pts=frames[12].pts)
    made: list[Frame] = []
    with pytest.raises(WeightsError, match="not finite at frame 12"):
        made.extend(
            upscale_stream(
                frames,
                OverflowingNetwork(1, poison=0.5),
                size=SMALL,
                plan=PLAN,
                device=CPU,
                mark_scenes=cuts_at([8]),
                at_once=3,
            )
        )
    assert len(made) == 12


def test_closing_the_stream_ends_its_threads_within_a_window() -> None:
    started = threading.Event()

    class Endless(NearestNetwork):
        def backward_features(
            self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
        ) -> Tensor:
            if frames.shape[1] > 4:
                started.set()
                while on_frame is not None:
                    on_frame()
            # Frames are read while the first scene is made, and not after its frame is there.
            assert started.wait(20)
            return super().backward_features(frames, first_index=first_index, on_frame=on_frame)

    stream = upscale_stream(
        random_frames(40),
        Endless(),
        size=SMALL,
        plan=StreamPlan(window=8, look_ahead=2),
        device=CPU,
        mark_scenes=cuts_at([4]),
        at_once=2,
    )
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("dscvsr-scene")]


def test_ctrl_c_while_the_threads_are_told_to_end_leaves_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Maker:
        plan = StreamPlan(window=4, look_ahead=2)

        def make(
            self, start: SceneStart, pictures: Iterator[Picture], *, on_progress: object
        ) -> Iterator[Made]:
            del start, on_progress
            yield from pictures

    close = ScenesAtOnce._close
    calls: list[ScenesAtOnce] = []

    def interrupted(self: ScenesAtOnce) -> None:
        calls.append(self)
        if len(calls) == 1:
            raise KeyboardInterrupt
        close(self)

    monkeypatch.setattr(ScenesAtOnce, "_close", interrupted)
    start = SceneStart(number=1, made=0, skipped=0, resume=None)
    at_once = ScenesAtOnce(cast("SceneMaker", Maker()), at_once=2, ahead=8)
    made = at_once.run([(start, join_repeats(random_frames(40)))])
    assert isinstance(next(made), Picture)
    with pytest.raises(KeyboardInterrupt):
        made.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("dscvsr-scene")]


def test_progress_of_all_windows_is_joined_and_reported_in_the_callers_thread() -> None:
    told: list[StreamProgress] = []
    here = threading.get_ident()

    def note(progress: StreamProgress) -> None:
        assert threading.get_ident() == here
        told.append(progress)

    frames = random_frames(24)
    list(
        upscale_stream(
            frames,
            MovingSumNetwork(2),
            size=SMALL,
            plan=PLAN,
            device=CPU,
            mark_scenes=cuts_at([8, 16]),
            on_progress=note,
            at_once=2,
        )
    )
    assert told
    made = [progress.made for progress in told]
    assert made == sorted(made)
    assert all(0 <= progress.backward <= 1 and progress.waiting <= 2 * 6 for progress in told)


def test_when_memory_runs_out_scenes_take_turns_before_the_plan_shrinks() -> None:
    class Crowded(MovingSumNetwork):
        """Has memory for a single step at a time."""

        def __init__(self) -> None:
            super().__init__(2)
            self.room = threading.Semaphore(1)
            self.both = threading.Barrier(2)
            self.crowded = False

        def backward_features(
            self, frames: Tensor, *, first_index: int, on_frame: FrameListener | None = None
        ) -> Tensor:
            if not self.crowded:
                # The first two steps meet; one of them finds no room.
                self.both.wait(timeout=20)
            if not self.room.acquire(blocking=False):
                self.crowded = True
                raise MemoryError
            try:
                while not self.crowded:
                    threading.Event().wait(0.001)
                return super().backward_features(frames, first_index=first_index, on_frame=on_frame)
            finally:
                self.room.release()

    frames = random_frames(12)
    alone = seen_of(frames, MovingSumNetwork(2), at_once=1, cuts=[6])
    together = seen_of(frames, Crowded(), at_once=2, cuts=[6])
    pictures = [[i for i in seen if isinstance(i, Frame)] for seen in (together, alone)]
    assert_same(*pictures)
    smaller = [i for i in together if isinstance(i, StreamEvent) and i.kind == "smaller"]
    assert [event.message.partition("; ")[2] for event in smaller] == [
        "continuing with one scene at a time"
    ]
