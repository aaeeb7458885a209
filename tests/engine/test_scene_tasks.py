"""Scenes are grouped into tasks that cover the stream once, in order, and end at cuts."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.engine.scene_tasks import KnownScenes, group_scenes, scene_lengths
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from tests.engine.fakes import CPU, SMALL, MovingSumNetwork, cuts_at, random_frames

LENGTHS = st.lists(st.integers(1, 50), max_size=30)


@given(LENGTHS, st.integers(1, 60))
def test_tasks_cover_every_scene_once_and_none_but_the_last_is_short(
    lengths: list[int], least: int
) -> None:
    tasks = list(group_scenes(lengths, least_frames=least))
    assert [frames for task in tasks for frames in task.scene_frames] == lengths
    assert [index for task in tasks for index in task.span] == list(range(sum(lengths)))
    assert all(task.frames >= least for task in tasks[:-1])
    # Without its last scene each would be too short: none is longer than it must be.
    assert all(sum(task.scene_frames[:-1]) < least for task in tasks)


@given(LENGTHS, st.integers(1, 60), st.integers(0, 29))
def test_what_follows_a_task_does_not_depend_on_what_came_before(
    lengths: list[int], least: int, number: int
) -> None:
    tasks = list(group_scenes(lengths, least_frames=least))
    first = tasks[number % len(tasks)].first_frame if tasks else 0
    passed = sum(len(task.scene_frames) for task in tasks if task.first_frame < first)
    rest = list(group_scenes(lengths[passed:], least_frames=least))
    assert [task.scene_frames for task in rest] == [
        task.scene_frames for task in tasks if task.first_frame >= first
    ]


def test_a_task_ends_where_it_must() -> None:
    tasks = group_scenes([4, 4, 4, 20], least_frames=10, breaks=frozenset({8, 10}))
    assert [task.scene_frames for task in tasks] == [(4, 4), (4, 20)]


def test_a_task_knows_where_its_scenes_start() -> None:
    first, second = group_scenes([3, 9, 2, 2], least_frames=10)
    assert list(first.scene_starts) == [0, 3]
    assert list(second.scene_starts) == [12, 14]


@pytest.mark.parametrize(("lengths", "least"), [([0], 4), ([4], 0)])
def test_lengths_that_cannot_be_are_refused(lengths: list[int], least: int) -> None:
    with pytest.raises(ValueError, match=r"expected|at least"):
        list(group_scenes(lengths, least_frames=least))


@given(LENGTHS)
def test_lengths_follow_from_starts(lengths: list[int]) -> None:
    starts = [index == 0 for frames in lengths for index in range(frames)]
    assert list(scene_lengths(starts)) == lengths


def made(frames: list[Frame], finished: list[range], cuts: list[int]) -> list[int]:
    """The times of the frames that come out."""
    stream = upscale_stream(
        frames,
        MovingSumNetwork(1),
        size=SMALL,
        plan=StreamPlan(window=4, look_ahead=0),
        device=CPU,
        mark_scenes=cuts_at(cuts),
        finished=finished,
    )
    return [frame.pts for frame in stream]


@pytest.mark.parametrize(
    "finished", [[range(5)], [range(5, 12)], [range(5), range(12, 20)], [range(20)], []]
)
def test_finished_scenes_are_read_and_not_made(finished: list[range]) -> None:
    frames = random_frames(20)
    expected = [
        frame.pts
        for index, frame in enumerate(frames)
        if not any(index in span for span in finished)
    ]
    assert made(frames, finished, [5, 12]) == expected


def test_the_rest_is_what_it_would_have_been() -> None:
    frames = random_frames(20)
    cuts = cuts_at([5, 12])

    def pictures(finished: list[range]) -> list[torch.Tensor]:
        stream = upscale_stream(
            frames,
            MovingSumNetwork(2),
            size=SMALL,
            plan=StreamPlan(window=4, look_ahead=2),
            device=CPU,
            mark_scenes=cuts,
            finished=finished,
        )
        return [frame.pixels for frame in stream]

    whole = pictures([])
    assert torch.equal(torch.stack(pictures([range(5, 12)])), torch.stack(whole[:5] + whole[12:]))


def test_scenes_that_are_known_are_marked_and_others_found_where_asked_for() -> None:
    frames = random_frames(6)
    known = KnownScenes(starts=frozenset({2, 4}))
    assert [starts for _, starts in known(frames)] == [True, False, True, False, True, False]
    dark, bright = torch.zeros(3, 12, 16), torch.rand(3, 12, 16)
    cut = [Frame(pixels=dark, pts=n) for n in range(8)]
    cut += [Frame(pixels=bright, pts=n) for n in range(8, 16)]
    found = KnownScenes(starts=frozenset({3}), complete=False)(cut)
    assert [frame.pts for frame, starts in found if starts] == [0, 3, 8]
