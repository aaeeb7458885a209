"""Cuts are found, and nothing else is taken for one."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from dscvsr_cli.engine.scenes import (
    LOOK_AHEAD,
    change_between,
    find_scene_starts,
    mark_scene_starts,
    thumbnail,
)
from dscvsr_cli.frames import Frame


def picture(seed: int, *, height: int = 72, width: int = 96, detail: int = 6) -> Tensor:
    """A coloured texture: blobs of random colours, with some fine structure."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((1, 3, detail, detail * width // height), generator=generator)
    fine = torch.rand((1, 3, height // 3, width // 3), generator=generator)
    size = (height, width)
    blobs = functional.interpolate(coarse, size, mode="bicubic", align_corners=False)
    grain = functional.interpolate(fine, size, mode="bilinear", align_corners=False)
    return (0.85 * blobs + 0.15 * grain)[0].clamp(0, 1)


def noisy(picture: Tensor, seed: int, sigma: float = 0.02) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (picture + sigma * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


def pan(seed: int, count: int, speed: int) -> list[Tensor]:
    """A camera that turns by ``speed`` of 96 columns a frame."""
    wide = picture(seed, width=96 + 24 * ((speed * count) // 24 + 1))
    return [wide[:, :, speed * i : speed * i + 96] for i in range(count)]


def starts(pictures: list[Tensor]) -> list[int]:
    marks = find_scene_starts(thumbnail(picture) for picture in pictures)
    return [i for i, starts_scene in enumerate(marks) if starts_scene]


@pytest.mark.parametrize("seed", range(8))
def test_a_hard_cut_between_shots_is_found(seed: int) -> None:
    shots = [picture(100 + seed)] * 9 + [picture(200 + seed)] * 9
    assert starts([noisy(shot, i) for i, shot in enumerate(shots)]) == [0, 9]


@pytest.mark.parametrize("seed", range(4))
def test_a_hard_cut_between_moving_shots_is_found(seed: int) -> None:
    assert starts(pan(seed, 10, 4) + pan(50 + seed, 10, 6)) == [0, 10]


def test_a_cut_between_dark_shots_is_found() -> None:
    shots = [0.12 * picture(1)] * 8 + [0.12 * picture(2)] * 8
    assert starts([noisy(shot, i, 0.005) for i, shot in enumerate(shots)]) == [0, 8]


@pytest.mark.parametrize("first", [1, 2, 5])
def test_cuts_at_the_edges_of_a_clip_are_found(first: int) -> None:
    assert starts([picture(1)] * first + [picture(2)] * 8 + [picture(3)]) == [0, first, first + 8]


def test_cuts_that_follow_each_other_quickly_are_found() -> None:
    shots = [picture(seed) for seed in (1, 2, 3, 4) for _ in range(5)]
    assert starts(shots) == [0, 5, 10, 15]


def test_a_cut_with_a_blended_frame_between_is_found_once() -> None:
    first, second = picture(1), picture(2)
    found = starts([first] * 8 + [0.5 * first + 0.5 * second] + [second] * 8)
    assert len(found) == 2
    assert found[1] in (8, 9)


def test_a_cut_to_black_and_back_is_found() -> None:
    black = torch.zeros(3, 72, 96)
    assert starts([picture(1)] * 8 + [black] * 8 + [picture(2)] * 8) == [0, 8, 16]


@pytest.mark.parametrize("length", range(1, LOOK_AHEAD + 1))
@pytest.mark.parametrize("level", [0.0, 0.7, 1.0])
def test_a_flash_is_not_a_cut(length: int, level: float) -> None:
    shot = picture(3)
    flash = [(1 - level) * shot + level] * length
    assert starts([shot] * 8 + flash + [shot] * 8) == [0]


def test_a_short_blackout_is_not_a_cut() -> None:
    shot = picture(4)
    assert starts([shot] * 8 + [torch.zeros_like(shot)] * 2 + [shot] * 8) == [0]


@pytest.mark.parametrize("length", [6, 12, 24])
def test_fades_and_dissolves_are_not_cuts(length: int) -> None:
    first, second = picture(5), picture(6)
    ramp = [i / length for i in range(length + 1)]
    fade_out = [first * (1 - x) for x in ramp]
    fade_in = [second * x for x in ramp]
    dissolve = [first * (1 - x) + second * x for x in ramp]
    assert starts([first] * 6 + fade_out + fade_in + [second] * 6) == [0]
    assert starts([first] * 6 + dissolve + [second] * 6) == [0]


@pytest.mark.parametrize("speed", [2, 6, 12, 18, 30])
def test_a_fast_pan_is_not_a_cut(speed: int) -> None:
    assert starts(pan(7, 16, speed)) == [0]


@pytest.mark.parametrize("speed", [6, 12])
def test_a_pan_that_starts_at_once_is_not_a_cut(speed: int) -> None:
    moving = pan(8, 12, speed)
    assert starts([moving[0]] * 8 + moving + [moving[-1]] * 8) == [0]


@pytest.mark.parametrize("repeats", [2, 3])
def test_animation_that_holds_every_drawing_is_not_cut(repeats: int) -> None:
    drawings = pan(9, 12, 12)
    assert starts([drawing for drawing in drawings for _ in range(repeats)]) == [0]


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("light", [0.0, 0.05, 1.0])
def test_noise_is_not_a_cut(sigma: float, light: float) -> None:
    assert starts([noisy(light * picture(10), i, sigma) for i in range(30)]) == [0]


def test_a_static_clip_is_one_scene() -> None:
    assert starts([picture(11)] * 20) == [0]


def test_a_plain_clip_is_one_scene() -> None:
    assert starts([torch.full((3, 4, 4), 0.5)] * 12) == [0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_clips_are_one_scene(count: int) -> None:
    assert starts([picture(12)] * count) == [0]


def test_an_empty_stream_has_no_scene() -> None:
    assert starts([]) == []


def test_frames_come_back_in_order_and_little_is_read_ahead() -> None:
    read = 0
    frames = [Frame(pixels=picture(i // 6, height=24, width=24), pts=i) for i in range(18)]

    def source() -> object:
        nonlocal read
        for frame in frames:
            read += 1
            yield frame

    for i, (frame, starts_scene) in enumerate(mark_scene_starts(source())):  # type: ignore[arg-type]
        assert frame is frames[i]
        assert starts_scene == (i % 6 == 0)
        assert read <= i + 1 + LOOK_AHEAD


@pytest.mark.parametrize(
    "change", [lambda x: x, lambda x: x.flip(2), lambda x: 1 - x, torch.zeros_like]
)
def test_change_is_symmetric_in_colour_and_zero_on_equals(
    change: Callable[[Tensor], Tensor],
) -> None:
    small = thumbnail(picture(13))
    assert change_between(small, small) == 0.0
    assert 0.0 <= change_between(small, change(small)) <= 2.0


def test_a_thumbnail_of_any_size_has_one_shape() -> None:
    for height, width in ((1, 1), (7, 5), (72, 96), (1080, 1920)):
        small = thumbnail(torch.full((3, height, width), 0.25))
        assert small.shape == (3, 32, 32)
        assert math.isclose(small.mean().item(), 0.25, abs_tol=1e-5)
