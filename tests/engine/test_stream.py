"""A stream of frames: each is made once, in order, as the whole clip would have been."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from dscvsr_cli.engine.scene_maker import StreamEvent
from dscvsr_cli.engine.stream import StreamProgress, one_scene, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from tests.engine.fakes import (
    CPU,
    SMALL,
    BoxNetwork,
    MovingSumNetwork,
    NearestNetwork,
    ParityNetwork,
    cuts_at,
    random_frames,
    still_frames,
    upscaled,
    whole_result,
)

windows = st.integers(1, 9)
steps = st.integers(1, 4)


@settings(deadline=None, max_examples=80)
@given(data=st.data(), total=st.integers(1, 24), window=windows, step=steps)
def test_a_stream_equals_the_whole_clip_when_it_looks_ahead_far_enough(
    data: st.DataObject, total: int, window: int, step: int
) -> None:
    reach = data.draw(st.integers(0, 4), label="reach")
    look_ahead = data.draw(st.integers(reach, 6), label="look ahead")
    cuts = sorted(data.draw(st.sets(st.integers(1, total)), label="cuts") - {total})
    frames = random_frames(total)
    network = MovingSumNetwork(reach)
    first = data.draw(st.none() | windows, label="first window")
    plan = StreamPlan(window=window, first_window=first, look_ahead=look_ahead, step=step)
    torch.testing.assert_close(
        upscaled(frames, network, plan, cuts=cuts), whole_result(network, frames, cuts)
    )


def test_a_look_ahead_that_is_too_short_changes_only_the_ends_of_windows() -> None:
    frames = random_frames(12)
    network = MovingSumNetwork(2)
    pictures = upscaled(frames, network, StreamPlan(window=5, look_ahead=1, step=2))
    wrong = (pictures - whole_result(network, frames, [])).abs().amax(dim=(1, 2, 3)) > 1e-5
    assert wrong.nonzero().flatten().tolist() == [4, 9]


def test_a_short_first_window_gives_its_frames_before_a_whole_one_has_been_read() -> None:
    read = 0

    def frames() -> Iterator[Frame]:
        nonlocal read
        for frame in random_frames(30):
            read += 1
            yield frame

    plan = StreamPlan(window=12, first_window=3, look_ahead=2, step=2)
    made = upscale_stream(
        frames(),
        NearestNetwork(),
        size=Size(11, 13),
        plan=plan,
        device=CPU,
        mark_scenes=one_scene,
    )
    next(made)
    # Its three frames, two that warm it up, one that shows that the scene goes on, and one that
    # shows that this is no repeat of the one before.
    assert read == 7
    assert sum(1 for _ in made) == 29


@settings(deadline=None, max_examples=40)
@given(data=st.data(), total=st.integers(0, 24), window=windows, look_ahead=st.integers(0, 5))
def test_every_frame_is_kept_once_and_in_order(
    data: st.DataObject, total: int, window: int, look_ahead: int
) -> None:
    cuts = data.draw(st.sets(st.integers(1, 24)), label="cuts")
    frames = random_frames(total)
    made = list(
        upscale_stream(
            iter(frames),
            NearestNetwork(),
            size=Size(11, 13),
            plan=StreamPlan(window=window, look_ahead=look_ahead, step=3),
            device=CPU,
            mark_scenes=cuts_at(cuts),
        )
    )
    assert [(frame.pts, frame.duration) for frame in made] == [
        (frame.pts, frame.duration) for frame in frames
    ]
    for source, frame in zip(frames, made, strict=True):
        expected = functional.interpolate(source.pixels[None], (11, 13), mode="nearest")[0]
        assert torch.equal(frame.pixels, expected)


@settings(deadline=None, max_examples=40)
@given(data=st.data(), total=st.integers(1, 20), window=windows, step=steps)
def test_parity_counts_from_the_scenes_first_frame(
    data: st.DataObject, total: int, window: int, step: int
) -> None:
    cut = data.draw(st.integers(0, total - 1), label="cut")
    plan = StreamPlan(window=window, look_ahead=2, step=step)
    pictures = upscaled(random_frames(total), ParityNetwork(), plan, cuts=[cut] if cut else [])
    index = torch.tensor([i - cut if i >= cut else i for i in range(total)])
    expected = 0.9 * (index % 2)[:, None, None, None] * torch.ones(1, 3, 4, 6)
    torch.testing.assert_close(pictures, expected)


def test_nothing_of_a_scene_reaches_the_next() -> None:
    frames = random_frames(14)
    other = random_frames(14, seed=1)
    plan = StreamPlan(window=4, look_ahead=3, step=2)
    network = MovingSumNetwork(3)
    first = upscaled(frames[:7] + frames[7:], network, plan, cuts=[7])
    second = upscaled(other[:7] + frames[7:], network, plan, cuts=[7])
    assert torch.equal(first[7:], second[7:])
    assert not torch.equal(first[:7], second[:7])


@settings(deadline=None, max_examples=20)
@given(window=windows, step=steps)
def test_what_stands_still_does_so_from_window_to_window(window: int, step: int) -> None:
    plan = StreamPlan(window=window, look_ahead=2, step=min(step, window))
    # The network alone goes from 0 to 0.9 and back.
    changes = upscaled(still_frames(24), ParityNetwork(), plan).diff(dim=0).abs()
    assert 0 < float(changes.max()) < 0.1


def test_cuts_are_found_without_being_told() -> None:
    dark, light = torch.zeros(3, 16, 16), torch.ones(3, 16, 16)
    dark[:, :8], light[:, :, :8] = 0.4, 0.6
    # Flickering, for what stands still is held (see ``hold``).
    frames = [
        Frame(pixels=(dark if i < 8 else light - 0.1) + 0.02 * (i % 2), pts=i) for i in range(16)
    ]
    events: list[StreamEvent] = []
    network = MovingSumNetwork(2)
    plan = StreamPlan(window=5, look_ahead=2)
    made = upscale_stream(
        frames, network, size=Size(16, 16), plan=plan, device=CPU, on_event=events.append
    )
    pictures = torch.stack([frame.pixels for frame in made])
    torch.testing.assert_close(pictures, whole_result(network, frames, [8]))
    assert [(event.kind, event.frame) for event in events] == [("scene", 8)]


@settings(deadline=None, max_examples=12)
@given(
    height=st.integers(40, 150),
    width=st.integers(40, 150),
    tile=st.sampled_from([64, 80, 104]),
    step=st.integers(1, 3),
)
def test_tiles_leave_no_trace_when_their_overlap_covers_the_reach(
    height: int, width: int, tile: int, step: int
) -> None:
    # A backward pass over 3 + 4 frames feels an edge 7 pixels away; a quarter of 32 does not count.
    frames = random_frames(9, Size(height, width))
    whole, tiled = (
        upscaled(
            frames,
            BoxNetwork(),
            StreamPlan(window=3, look_ahead=4, step=step, tile=side, overlap=32),
            scale=2,
        )
        for side in (None, tile)
    )
    torch.testing.assert_close(tiled, whole)


def test_memory_stays_bounded_on_a_long_stream() -> None:
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0

    class TrackedFrame(Frame):
        __slots__ = ("__weakref__",)

    def source() -> Iterator[Frame]:
        nonlocal most
        for i in range(120):
            frame = TrackedFrame(pixels=torch.rand(3, 4, 4), pts=i)
            alive.add(frame)
            most = max(most, len(alive))
            yield frame

    plan = StreamPlan(window=6, look_ahead=3, step=2)
    network = NearestNetwork()
    made = upscale_stream(
        source(), network, size=Size(4, 4), plan=plan, device=CPU, mark_scenes=one_scene
    )
    assert sum(1 for _ in made) == 120
    gc.collect()
    assert most <= 6 + 3 + 4
    assert max(network.backward_lengths) == 9
    assert max(network.forward_lengths) == 2


def test_frames_come_out_as_soon_as_their_window_is_known() -> None:
    read = 0

    def source() -> Iterator[Frame]:
        nonlocal read
        for frame in random_frames(40):
            read += 1
            yield frame

    made = upscale_stream(
        source(),
        NearestNetwork(),
        size=Size(4, 6),
        plan=StreamPlan(window=6, look_ahead=3, step=2),
        device=CPU,
        mark_scenes=one_scene,
    )
    next(made)
    assert read == 11
    for _ in range(5):
        next(made)
    assert read == 11


def test_pictures_are_clamped_float32_and_the_callers_own() -> None:
    class Loud(NearestNetwork):
        def reconstruct(
            self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
        ) -> Tensor:
            picture = super().reconstruct(frames, backward, forward, size=size)
            return (4 * picture - 2).to(torch.bfloat16)

    pictures = []
    for frame in upscale_stream(
        random_frames(5), Loud(), size=Size(8, 12), plan=StreamPlan(), device=CPU
    ):
        assert frame.pixels.dtype == torch.float32
        assert not torch.is_inference_mode_enabled()
        assert not frame.pixels.is_inference()
        pictures.append(frame.pixels)
    joined = torch.stack(pictures)
    assert (joined.min().item(), joined.max().item()) == (0.0, 1.0)
    joined[0] += 1


def test_a_frame_of_another_size_is_refused() -> None:
    frames = [*random_frames(3), *random_frames(1, Size(5, 6))]
    with pytest.raises(ValueError, match="expected frames of 6x4, got 6x5"):
        upscaled(frames, NearestNetwork(), StreamPlan())


def test_a_network_that_gives_another_size_is_refused() -> None:
    class Small(NearestNetwork):
        def reconstruct(
            self, frames: Tensor, backward: Tensor, forward: Tensor, *, size: Size
        ) -> Tensor:
            del backward, forward, size
            return frames

    with pytest.raises(ValueError, match="of the network"):
        upscaled(random_frames(3), Small(), StreamPlan(), scale=2)


@settings(deadline=None, max_examples=40)
@given(data=st.data(), total=st.integers(1, 20), window=windows, step=steps)
def test_progress_is_reported_after_every_frame_of_both_passes(
    data: st.DataObject, total: int, window: int, step: int
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, 20)), label="cuts"))
    seen: list[StreamProgress] = []
    network = NearestNetwork()
    for _ in upscale_stream(
        random_frames(total),
        network,
        size=SMALL,
        plan=StreamPlan(window=window, look_ahead=2, step=step, tile=None),
        device=CPU,
        mark_scenes=cuts_at(cuts),
        on_progress=seen.append,
    ):
        pass
    assert len(seen) == sum(network.backward_lengths) + sum(network.forward_lengths)
    # What is done, with both passes counted as half: it only ever grows, and ends at the total.
    done = [one.made + 0.5 * one.waiting * one.backward + 0.5 * one.forward for one in seen]
    assert done == sorted(done)
    assert seen[-1].made + seen[-1].waiting == total
    assert all(0 <= one.backward <= 1 and 0 <= one.forward <= step for one in seen)
