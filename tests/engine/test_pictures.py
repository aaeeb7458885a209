"""Pictures that repeat go through the network once, and nobody can tell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.engine.pictures import MOST_FRAMES, join_repeats
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from tests.engine.fakes import (
    CPU,
    SMALL,
    MovingSumNetwork,
    NearestNetwork,
    cuts_at,
    random_frames,
    stacked,
    upscaled,
)

runs_of_pictures = st.lists(st.integers(1, 4), min_size=1, max_size=12)
"""How often each of several pictures is shown."""


def shown(runs: Sequence[int]) -> list[Frame]:
    """Frames that show one picture after the other, each so many times."""
    pictures = [
        one.pixels for one, run in zip(random_frames(12), runs, strict=False) for _ in range(run)
    ]
    times = random_frames(len(pictures))
    return [
        replace(time, pixels=pixels.clone()) for time, pixels in zip(times, pictures, strict=True)
    ]


@given(runs=st.lists(st.integers(1, 3 * MOST_FRAMES), min_size=1, max_size=5))
@settings(deadline=None)
def test_joining_repeats_loses_and_changes_nothing(runs: list[int]) -> None:
    frames = shown(runs)
    pictures = list(join_repeats(frames))
    assert len(pictures) == sum(-(-run // MOST_FRAMES) for run in runs)
    again = [frame for picture in pictures for frame in picture.shown()]
    assert [(frame.pts, frame.duration) for frame in again] == [
        (frame.pts, frame.duration) for frame in frames
    ]
    assert torch.equal(stacked(again), stacked(frames))


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (21, 30)])
def test_one_bit_of_one_pixel_makes_another_picture(place: tuple[int, int]) -> None:
    one = Frame(pixels=torch.full((3, 22, 31), 0.5), pts=0)
    other = replace(one, pixels=one.pixels.clone(), pts=1)
    assert len(list(join_repeats([one, other]))) == 1
    other.pixels[2, *place] = torch.nextafter(torch.tensor(0.5), torch.tensor(1.0))
    assert len(list(join_repeats([one, other]))) == 2


def test_a_frame_that_cannot_be_read_does_not_take_those_before_it_along() -> None:
    def source() -> Iterator[Frame]:
        yield from shown([1, 2])
        raise OSError("unreadable")

    pictures = join_repeats(source())
    assert [len(next(pictures).frames) for _ in range(2)] == [1, 2]
    with pytest.raises(OSError, match="unreadable"):
        next(pictures)


@given(runs=runs_of_pictures, window=st.integers(1, 5), at_once=st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_a_stream_with_repeats_is_that_of_its_pictures_each_as_often(
    runs: list[int], window: int, at_once: int
) -> None:
    frames = shown(runs)
    plan = StreamPlan(window=window, look_ahead=2, step=min(2, window))
    pictures = upscaled(random_frames(12)[: len(runs)], MovingSumNetwork(3), plan)
    made = list(
        upscale_stream(
            frames,
            MovingSumNetwork(3),
            size=SMALL,
            plan=plan,
            device=CPU,
            mark_scenes=cuts_at([]),
            at_once=at_once,
        )
    )
    assert [frame.pts for frame in made] == [frame.pts for frame in frames]
    assert torch.equal(stacked(made), pictures.repeat_interleave(torch.tensor(runs), dim=0))


def test_the_network_sees_every_picture_once() -> None:
    network = NearestNetwork()
    upscaled(shown([3, 1, 4, 2]), network, StreamPlan(window=8, look_ahead=2))
    assert sum(network.forward_lengths) == 4


def test_a_cut_between_equal_frames_is_still_a_cut() -> None:
    network = NearestNetwork()
    upscaled(shown([4]), network, StreamPlan(window=8, look_ahead=2), cuts=[2])
    assert network.forward_lengths == [1, 1]


def test_who_writes_to_a_frame_does_not_change_the_next() -> None:
    made = upscale_stream(
        shown([3]),
        NearestNetwork(),
        size=SMALL,
        plan=StreamPlan(),
        device=CPU,
        mark_scenes=cuts_at([]),
    )
    kept: list[Tensor] = []
    for frame in made:
        kept.append(frame.pixels.clone())
        frame.pixels.zero_()
    assert all(torch.equal(one, other) for one, other in pairwise(kept))
    assert kept[0].any()


@given(runs=runs_of_pictures, window=st.integers(1, 4), cuts=st.sets(st.integers(1, 30)))
@settings(deadline=None, max_examples=40)
def test_going_on_from_any_boundary_gives_the_rest_to_the_bit(
    runs: list[int], window: int, cuts: set[int]
) -> None:
    frames = shown(runs)
    plan = StreamPlan(window=window, look_ahead=2, step=min(2, window))

    def run(resume: StreamState | None) -> tuple[list[Frame], list[StreamState]]:
        states: list[StreamState] = []
        made = upscale_stream(
            frames,
            MovingSumNetwork(3),
            size=SMALL,
            plan=plan,
            device=CPU,
            mark_scenes=cuts_at(cuts),
            resume=resume,
            on_boundary=states.append,
        )
        return list(made), states

    whole, states = run(None)
    assert states[-1].made == len(frames)
    for state in states[:-1]:
        rest, later = run(state)
        assert [frame.pts for frame in rest] == [frame.pts for frame in frames[state.made :]]
        assert torch.equal(stacked(rest), stacked(whole[state.made :]))
        assert [one.made for one in later] == [one.made for one in states if one.made > state.made]
