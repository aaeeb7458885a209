"""A stream that is stopped between two windows and taken up again makes the same pictures."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.engine.scene_maker import StreamEvent
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.resume.state_file import load_state, save_state
from tests.engine.fakes import (
    CPU,
    SMALL,
    MovingSumNetwork,
    cuts_at,
    random_frames,
    run_with_states,
    stacked,
    still_frames,
)


@given(
    total=st.integers(1, 30),
    window=st.integers(1, 7),
    look_ahead=st.integers(0, 4),
    cuts=st.lists(st.integers(1, 29), max_size=3),
)
@settings(deadline=None, max_examples=40)
def test_going_on_from_any_boundary_gives_the_rest_to_the_bit(
    total: int, window: int, look_ahead: int, cuts: list[int]
) -> None:
    frames = random_frames(total)
    plan = StreamPlan(window=window, look_ahead=look_ahead, step=min(2, window))
    whole, states = run_with_states(frames, MovingSumNetwork(3), plan, cuts=cuts)
    assert states[-1].made == total
    for state in states[:-1]:
        rest, later = run_with_states(
            frames, MovingSumNetwork(3), StreamPlan(window=48), cuts=cuts, resume=state
        )
        assert torch.equal(stacked(rest), stacked(whole[state.made :]))
        assert [frame.pts for frame in rest] == [frame.pts for frame in whole[state.made :]]
        assert [one.made for one in later] == [one.made for one in states if one.made > state.made]


def test_what_stands_still_is_held_by_a_run_that_goes_on_as_well(
    tiny_network: RecurrentNetwork, tmp_path: Path
) -> None:
    frames = still_frames(12)
    plan = StreamPlan(window=4, look_ahead=2, step=2)
    whole, states = run_with_states(frames, tiny_network, plan)
    save_state(states[0], tmp_path / "state.safetensors")
    rest, _ = run_with_states(
        frames, tiny_network, plan, resume=load_state(tmp_path / "state.safetensors")
    )
    assert torch.equal(stacked(rest), stacked(whole[4:]))


def test_a_state_may_be_put_away_in_a_file(tiny_network: RecurrentNetwork, tmp_path: Path) -> None:
    frames = random_frames(14)
    plan = StreamPlan(window=4, look_ahead=2, step=2)
    whole, states = run_with_states(frames, tiny_network, plan, cuts=[9])
    path = tmp_path / "state.safetensors"
    for state in states[:-1]:
        save_state(state, path)
        kept = load_state(path)
        assert (kept.made, kept.position, kept.plan) == (state.made, state.position, state.plan)
        rest, _ = run_with_states(frames, tiny_network, plan, cuts=[9], resume=kept)
        assert torch.equal(stacked(rest), stacked(whole[state.made :]))


def test_nothing_comes_out_where_everything_was_made(tiny_network: RecurrentNetwork) -> None:
    frames = random_frames(5)
    plan = StreamPlan(window=4, look_ahead=2)
    _, states = run_with_states(frames, tiny_network, plan)
    assert run_with_states(frames, tiny_network, plan, resume=states[-1]) == ([], [])


def test_another_stream_than_the_state_came_from_is_noticed() -> None:
    frames = random_frames(12)
    plan = StreamPlan(window=4, look_ahead=0)
    _, states = run_with_states(frames, MovingSumNetwork(1), plan)
    with pytest.raises(ValueError, match="frames into a scene"):
        run_with_states(frames, MovingSumNetwork(1), plan, cuts=[2], resume=states[0])


def test_a_scene_that_was_switched_to_float32_goes_on_in_it() -> None:
    frames = random_frames(12)
    plan = StreamPlan(window=4, look_ahead=0)
    _, states = run_with_states(frames, MovingSumNetwork(1), plan)
    state = states[0]
    switched = StreamState(
        made=state.made,
        position=state.position,
        pictures=state.pictures,
        features=state.features,
        frame=state.frame,
        shown=state.shown,
        is_float32=True,
        plan=plan,
    )
    events: list[StreamEvent] = []
    built: list[MovingSumNetwork] = []

    def build() -> MovingSumNetwork:
        built.append(MovingSumNetwork(1))
        return built[-1]

    made = upscale_stream(
        frames,
        MovingSumNetwork(1),
        size=SMALL,
        plan=plan,
        device=CPU,
        mark_scenes=cuts_at([]),
        float32_network=build,
        resume=switched,
        on_event=events.append,
    )
    assert len(list(made)) == 8
    assert len(built) == 1
    assert [event.kind for event in events] == ["float32"]
