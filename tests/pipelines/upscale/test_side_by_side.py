"""Bicubic on the left and the network on the right."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

import pytest
import torch

from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.pipelines.upscale.side_by_side import CompareView, compared, show, view_size
from dscvsr_cli.video.display_matrix import quarter_turns, swaps_sides, upright
from tests.engine.fakes import random_frames

SIZE = Size(8, 12)


def enlarge(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Make every picture black, five frames late."""
    waiting: list[Frame] = []
    for frame in frames:
        waiting.append(replace(frame, pixels=torch.zeros(3, SIZE.height, SIZE.width)))
        if len(waiting) > 5:
            yield waiting.pop(0)
    yield from waiting


def test_side_by_side_both_pictures_are_whole() -> None:
    left, right = torch.rand(3, 8, 12), torch.rand(3, 8, 12)
    shown = show(left, right, "side")
    assert torch.equal(shown[..., :12], left)
    assert torch.equal(shown[..., 12:], right)


def test_split_each_half_is_of_its_own_picture_with_a_line_between() -> None:
    left, right = torch.full((3, 8, 12), 0.2), torch.full((3, 8, 12), 0.7)
    shown = show(left, right, "split")
    assert torch.equal(shown[..., :5], left[..., :5])
    assert torch.equal(shown[..., 5:7], torch.ones(3, 8, 2))
    assert torch.equal(shown[..., 7:], right[..., 7:])


@pytest.mark.parametrize("view", ["split", "side"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_left_and_right_are_those_of_the_frame_that_players_turn(
    view: CompareView, degrees: int, mirrored: bool
) -> None:
    matrix = quarter_turns(degrees)
    if mirrored:
        matrix = (*(-entry for entry in matrix[:2]), *matrix[2:])
    left, right = torch.rand(3, 8, 12), torch.rand(3, 8, 12)
    shown = upright(show(left, right, view, matrix), matrix)
    assert torch.equal(shown, show(upright(left, matrix), upright(right, matrix), view))
    stored = view_size(Size(8, 12), view, matrix)
    assert stored.turned(by_quarter=swaps_sides(matrix)) == Size(*shown.shape[-2:])


@pytest.mark.parametrize("view", ["split", "side"])
def test_every_frame_meets_its_own_twin(view: CompareView) -> None:
    frames = random_frames(12)
    for made, source in zip(compared(frames, enlarge, size=SIZE, view=view), frames, strict=True):
        twin = resize(source.pixels, SIZE).clamp(0, 1)
        assert torch.equal(made.pixels[..., :5], twin[..., :5])
        assert float(made.pixels[..., -5:].max()) == 0
        assert made.pts == source.pts
        assert Size(*made.pixels.shape[-2:]) == view_size(SIZE, view)


def test_frames_that_are_not_made_again_are_passed_over() -> None:
    frames = random_frames(9)
    made = list(
        compared(
            frames,
            lambda frames: islice(enlarge(frames), 4, None),
            size=SIZE,
            view="side",
            skipped=(range(4),),
        )
    )
    assert [frame.pts for frame in made] == [frame.pts for frame in frames[4:]]
    twin = resize(frames[4].pixels, SIZE).clamp(0, 1)
    assert torch.equal(made[0].pixels[..., :12], twin)


@pytest.mark.parametrize("view", ["split", "side"])
def test_alpha_is_shown_in_both_halves(view: CompareView) -> None:
    alpha = torch.full((1, SIZE.height, SIZE.width), 0.25)
    frames = [replace(frame, alpha=alpha) for frame in random_frames(3)]
    for made in compared(frames, enlarge, size=SIZE, view=view):
        assert made.alpha is not None
        assert made.alpha.shape[1:] == made.pixels.shape[1:]
        assert torch.equal(made.alpha[..., :5], alpha[..., :5])
        assert torch.equal(made.alpha[..., -5:], alpha[..., -5:])
