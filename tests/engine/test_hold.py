"""Hold: still input gives still output, moving input is left to the network alone."""

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.engine.hold import CELL, Shown, hold_still


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def alternate(frames: list[torch.Tensor], factor: int = 2) -> list[torch.Tensor]:
    """Enlarge by repetition, with a texture that is another one in every second frame."""
    textures = [0.01 * noise(seed, 3, 40 * factor, 48 * factor) for seed in (1, 2)]
    return [
        frame.repeat_interleave(factor, 1).repeat_interleave(factor, 2) + textures[number % 2]
        for number, frame in enumerate(frames)
    ]


def hold(frames: list[torch.Tensor], pictures: list[torch.Tensor]) -> list[torch.Tensor]:
    shown: Shown | None = None
    held = []
    for frame, picture in zip(frames, pictures, strict=True):
        shown = hold_still(picture, frame, shown)
        held.append(shown.picture)
    return held


def change(pictures: list[torch.Tensor]) -> float:
    return float(torch.stack(pictures).diff(dim=0).abs().mean())


def test_what_alternates_over_a_still_input_is_steadied_ten_times() -> None:
    frames = [noise(0, 3, 40, 48)] * 48
    pictures = alternate(frames)
    held = hold(frames, pictures)
    assert torch.equal(held[0], pictures[0])
    assert change(held[:16]) < 0.1 * change(pictures[:16])
    # What it settles on is the mean of what alternates.
    mean = (pictures[0] + pictures[1]) / 2
    assert float((held[-1] - mean).abs().max()) < 0.25 * float((pictures[0] - mean).abs().max())


@given(seed=st.integers(0, 1000), levels=st.integers(2, 60))
def test_a_frame_that_changes_everywhere_is_the_networks_own(seed: int, levels: int) -> None:
    first = noise(seed, 3, 40, 48)
    second = first + levels / 255
    pictures = alternate([first, second])
    assert torch.equal(hold([first, second], pictures)[1], pictures[1])


def test_what_stands_near_something_that_moves_is_the_networks_own() -> None:
    first = noise(3, 3, 40, 48)
    second = first.clone()
    second[:, 10:14, 20:24] += 0.2
    pictures = alternate([first, second])
    held = hold([first, second], pictures)[1]
    near = CELL // 2
    rows = slice(2 * (10 - near) + 1, 2 * (14 + near) - 1)
    columns = slice(2 * (20 - near) + 1, 2 * (24 + near) - 1)
    assert torch.equal(held[:, rows, columns], pictures[1][:, rows, columns])
    far = (held - pictures[1])[:, :, -20:].abs()
    assert float(far.mean()) > 0.001


def test_a_change_of_one_level_here_and_there_is_none() -> None:
    first = noise(4, 3, 40, 48).mul(255).round() / 255
    second = first + (noise(5, 3, 40, 48) * 1.25 - 0.125).floor() / 255
    pictures = alternate([first, second])
    held = hold([first, second], pictures)[1]
    assert change([pictures[0], held]) < 0.2 * change(pictures)


def test_any_factor_will_do() -> None:
    frame = noise(5, 3, 21, 26)
    pictures = [noise(6, 3, 54, 65), noise(7, 3, 54, 65)]
    held = hold([frame, frame], pictures)[1]
    assert held.shape == (3, 54, 65)
    assert float((held - pictures[0]).abs().mean()) < float((held - pictures[1]).abs().mean())


@given(levels=st.floats(0.05, 1.5), count=st.integers(8, 40))
def test_a_slow_fade_is_followed_to_within_a_level(levels: float, count: int) -> None:
    frames = [torch.full((3, 12, 12), number * levels / 255) for number in range(count)]
    held = hold(frames, frames)
    behind = torch.stack([frame - picture for frame, picture in zip(frames, held, strict=True)])
    assert float(behind.abs().max()) < 0.01 / 255


def test_a_slow_fade_of_a_picture_goes_on_in_every_frame() -> None:
    picture = noise(9, 3, 40, 48)
    frames = [picture * (1 - number / 256) for number in range(48)]
    held = hold(frames, frames)
    behind = torch.stack([frame - shown for frame, shown in zip(frames, held, strict=True)])
    assert float(behind.abs().max()) <= 1.51 / 255
    for before, after in pairwise(held):
        assert 0.2 < float((before - after).mean()) * 255 < 0.8


def test_a_slow_movement_is_followed() -> None:
    ramp = torch.linspace(0, 1, 600)
    frames = [ramp[number : number + 48].expand(3, 40, 48) for number in range(60)]
    held = hold(frames, frames)
    behind = torch.stack([frame - shown for frame, shown in zip(frames, held, strict=True)])
    assert float(behind.abs().max()) <= 1.51 / 255


def test_frames_that_are_a_level_off_now_and_then_stay_still() -> None:
    first = noise(8, 3, 40, 48).mul(255).round() / 255
    frames = [first + (noise(seed, 3, 40, 48) * 2).floor() / 255 for seed in range(20)]
    pictures = alternate(frames)
    assert change(hold(frames, pictures)[4:]) < 0.2 * change(pictures[4:])
