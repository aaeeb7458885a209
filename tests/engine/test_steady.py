"""Steady: noise that differs from frame to frame is averaged out, and no picture is lost by it."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dscvsr_cli.engine.hold import Shown
from dscvsr_cli.engine.scene_maker import StreamEvent
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.steady import USUAL_STEP, Chain, Steadying, least_step_if, steady
from dscvsr_cli.engine.stream import upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from tests.engine.fakes import (
    CPU,
    SMALL,
    HungryNetwork,
    MovingSumNetwork,
    OverflowingNetwork,
    cuts_at,
    random_frames,
    run_with_states,
    stacked,
)

PICTURE = Size(40, 48)


def no_motion(target: Tensor, _source: Tensor) -> Tensor:
    return target.new_zeros((target.shape[0], 2, *target.shape[-2:]))


def noise(seed: int, size: Size) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((3, size.height, size.width), generator=generator)


def smooth(size: Size, *, shift: float = 0.0) -> Tensor:
    """A pattern of waves, moved to the right by so many pixels."""
    rows = torch.linspace(0, 3, size.height)[:, None]
    columns = (torch.arange(size.width) - shift) * (8.0 / size.width)
    return (0.5 + 0.3 * torch.sin(columns) * torch.cos(rows)).expand(3, -1, -1).contiguous()


def noisy(clean: Tensor, seed: int, levels: float = 4.0) -> Tensor:
    grey = noise(seed, Size(*clean.shape[-2:]))[:1]
    return (clean + (grey - 0.5) * 2 * levels / 255).clamp(0, 1)


def steadied(
    shown: Sequence[Shown], steps: Sequence[int] = (), *, least: float = 0.0
) -> list[Tensor]:
    """Steady the pictures of one window, which come in steps of so many."""
    chain, made, place = Chain(), [], 0
    for length in [*steps, len(shown)]:
        following = shown[place : place + length]
        place += len(following)
        if following:
            found = steady(chain, following, Steadying(no_motion, least), last=place == len(shown))
            made += found.pictures
            chain = found.chain
    return made


def error(pictures: Sequence[Tensor] | Tensor, truth: Tensor) -> float:
    return float((torch.stack(list(pictures)) - truth).square().mean().sqrt())


def test_what_differs_from_frame_to_frame_is_averaged_out() -> None:
    clean, enlarged = smooth(PICTURE), smooth(Size(80, 96))
    shown = [Shown(noisy(clean, n), noisy(enlarged, 50 + n)) for n in range(6)]
    pictures = [one.picture for one in shown]
    assert error(steadied(shown), enlarged) < 0.75 * error(pictures, enlarged)


def shown_after(step: float | None) -> list[Shown]:
    """One picture with other noise in every frame, as a codec with such a step might give it."""
    clean, enlarged = smooth(PICTURE), smooth(Size(80, 96))
    return [
        Shown(noisy(clean, n, levels=6.0), noisy(enlarged, 50 + n), quantiser_step=step)
        for n in range(6)
    ]


def test_the_more_coarsely_a_codec_rounded_the_more_is_averaged() -> None:
    enlarged = smooth(Size(80, 96))
    left = [error(steadied(shown_after(step)), enlarged) for step in (0.6, 4.0, 17.0, 60.0)]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.7 * left[0]


def test_what_lost_nothing_is_left_alone() -> None:
    shown = shown_after(0.625)
    for made, one in zip(steadied(shown), shown, strict=True):
        assert float((made - one.picture).abs().max()) < 0.5 / 255


def test_a_step_that_is_not_known_is_the_usual_one() -> None:
    unknown, usual = (steadied(shown_after(step)) for step in (None, USUAL_STEP))
    assert torch.equal(torch.stack(unknown), torch.stack(usual))


def test_who_asks_for_steady_pictures_gets_at_least_the_usual_averaging() -> None:
    least = least_step_if(asked=True)
    for step, as_if in ((0.625, USUAL_STEP), (USUAL_STEP, USUAL_STEP), (60.0, 60.0)):
        asked = steadied(shown_after(step), least=least)
        expected = steadied(shown_after(as_if))
        assert torch.equal(torch.stack(asked), torch.stack(expected))
    assert least_step_if(asked=None) == 0


def test_a_picture_is_fetched_along_the_motion() -> None:
    size, moved = Size(80, 96), [2.0 * n for n in range(5)]
    shown = [
        Shown(smooth(PICTURE, shift=shift), noisy(smooth(size, shift=2 * shift), n))
        for n, shift in enumerate(moved)
    ]
    truth = torch.stack([smooth(size, shift=2 * shift) for shift in moved])

    def follow(target: Tensor, source: Tensor) -> Tensor:
        flow = no_motion(target, source)
        # At half of the size the pattern moves by one pixel.
        flow[0::2, 0], flow[1::2, 0] = 1.0, -1.0
        return flow

    made = torch.stack(steady(Chain(), shown, Steadying(follow), last=True).pictures)
    given = torch.stack([one.picture for one in shown])
    inner = (..., slice(12, -12))
    assert error(made[inner], truth[inner]) < 0.75 * error(given[inner], truth[inner])


def test_the_way_there_and_the_way_back_correct_each_other() -> None:
    shown = [
        Shown(smooth(PICTURE, shift=2.0 * n), smooth(Size(80, 96), shift=4.0 * n)) for n in range(4)
    ]

    def harm(there: float, back: float) -> float:
        """Return how far pictures without noise are from themselves, averaged along a motion."""

        def follow(target: Tensor, source: Tensor) -> Tensor:
            flow = no_motion(target, source)
            # At half of the size.
            flow[0::2, 0], flow[1::2, 0] = there, back
            return flow

        inner = (..., slice(12, -12))
        made = torch.stack(steady(Chain(), shown, Steadying(follow), last=True).pictures)
        return error(made[inner], torch.stack([one.picture for one in shown])[inner])

    assert harm(1.05, -0.95) < 0.2 * harm(1.05, -1.05)


@pytest.mark.parametrize("levels", [1.3, 4.0, -4.0])
def test_a_fade_stays_even_where_there_is_one_neighbour_alone(levels: float) -> None:
    def fading(size: Size, frame: int) -> Tensor:
        """A still picture with noise, which becomes brighter: what is bright sooner."""
        return noisy(smooth(size), frame) * (1.0 + frame * levels / 128)

    shown = [
        Shown(fading(PICTURE, n), fading(Size(80, 96), n), quantiser_step=30.0) for n in range(6)
    ]
    for made, one in zip(steadied(shown), shown, strict=True):
        halves = (made - one.picture)[..., :48].mean(), (made - one.picture)[..., 48:].mean()
        assert max(abs(float(half)) for half in halves) < 0.25 / 255


def test_pictures_of_something_else_are_left_alone() -> None:
    shown = [Shown(noise(n, PICTURE), noise(9 + n, PICTURE)) for n in range(3)]
    for made, one in zip(steadied(shown), shown, strict=True):
        assert float((made - one.picture).abs().max()) < 1e-3


def test_where_no_motion_is_found_the_picture_stays_as_it_is() -> None:
    shown = [Shown(noisy(smooth(PICTURE), n), noise(n, PICTURE)) for n in range(3)]

    def lost(target: Tensor, source: Tensor) -> Tensor:
        return no_motion(target, source) + torch.nan

    made = steady(Chain(), shown, Steadying(lost), last=True).pictures
    for picture, one in zip(made, shown, strict=True):
        assert torch.allclose(picture, one.picture, atol=1e-6)


@given(steps=st.lists(st.integers(1, 4), max_size=8), length=st.integers(1, 9))
@settings(deadline=None, max_examples=30)
def test_steps_of_a_window_make_no_difference(steps: list[int], length: int) -> None:
    clean = smooth(PICTURE)
    shown = [Shown(noisy(clean, n), noisy(clean, 20 + n)) for n in range(length)]
    apart, whole = steadied(shown, steps), steadied(shown)
    assert len(apart) == length
    assert torch.equal(torch.stack(apart), torch.stack(whole))


@pytest.mark.parametrize("size", [Size(1, 1), Size(2, 3), Size(7, 5)])
def test_the_smallest_pictures_go_through(size: Size) -> None:
    shown = [Shown(noise(n, size), noise(n, Size(3 * size.height, 2 * size.width))) for n in (1, 2)]
    assert [picture.shape for picture in steadied(shown)] == [one.picture.shape for one in shown]


def still(count: int, size: Size = SMALL) -> list[Frame]:
    """One picture with other noise in every frame, and rounded more or less coarsely."""
    first = noise(0, size) * 0.8 + 0.1
    return [
        Frame(pixels=noisy(first, n, levels=3.0), pts=n, quantiser_step=3.0 + 4.0 * (n % 3))
        for n in range(count)
    ]


def run(
    frames: Sequence[Frame], plan: StreamPlan, *, resume: StreamState | None = None
) -> tuple[list[Frame], list[StreamState]]:
    network = MovingSumNetwork(3)
    return run_with_states(
        frames, network, plan, steadying=Steadying(no_motion), cuts=[11], resume=resume
    )


@pytest.mark.parametrize(("window", "step"), [(1, 1), (4, 1), (5, 2), (7, 4)])
def test_a_stream_goes_on_from_any_boundary_to_the_bit(window: int, step: int) -> None:
    frames = still(19)
    whole, states = run(frames, StreamPlan(window=window, look_ahead=2, step=step))
    assert [frame.pts for frame in whole] == [frame.pts for frame in frames]
    assert states[-1].made == len(frames)
    for state in states[:-1]:
        rest, _ = run(frames, StreamPlan(window=48), resume=state)
        assert torch.equal(stacked(rest), stacked(whole[state.made :]))


def test_a_stream_is_steadied_within_windows_and_across_them() -> None:
    frames = still(19)
    steady_frames, _ = run(frames, StreamPlan(window=6, look_ahead=2, step=2))
    plain, _ = run_with_states(
        frames, MovingSumNetwork(3), StreamPlan(window=6, look_ahead=2, step=2), cuts=[11]
    )
    changed = [
        not torch.equal(one.pixels, other.pixels)
        for one, other in zip(steady_frames, plain, strict=True)
    ]
    assert all(changed)


@pytest.mark.parametrize("trouble", ["memory", "overflow"])
def test_what_goes_wrong_inside_a_window_costs_no_frame(trouble: str) -> None:
    size = Size(100, 120) if trouble == "memory" else SMALL
    frames = random_frames(15, size)
    events: list[StreamEvent] = []
    network = (
        HungryNetwork(2, most_pixels=7 * 64 * 64, error=MemoryError())
        if trouble == "memory"
        else OverflowingNetwork(2, poison=float(frames[4].pixels[0, 2, 3]))
    )
    made = list(
        upscale_stream(
            frames,
            network,
            size=size,
            plan=StreamPlan(window=10, look_ahead=3, step=2),
            device=CPU,
            float32_network=lambda: MovingSumNetwork(2),
            steadying=Steadying(no_motion),
            mark_scenes=cuts_at([11]),
            on_event=events.append,
        )
    )
    assert events
    assert [frame.pts for frame in made] == [frame.pts for frame in frames]
