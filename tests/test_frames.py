"""Frame and check_frames()."""

import dataclasses

import pytest
import torch

from dscvsr_cli.frames import Frame, check_frames, clamp_like


def test_a_frame_describes_itself_without_its_pixels() -> None:
    frame = Frame(pixels=torch.zeros(3, 48, 64), pts=512, duration=40)
    assert repr(frame) == "Frame(shape=(3, 48, 64), pts=512, duration=40)"


def test_a_frame_of_unknown_duration_stands_for_nothing() -> None:
    assert Frame(pixels=torch.zeros(3, 1, 1), pts=0).duration == 0


def test_a_frame_cannot_be_changed() -> None:
    frame = Frame(pixels=torch.zeros(3, 1, 1), pts=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.pts = 1  # type: ignore[misc]


def test_frames_with_equal_pixels_are_still_two_frames() -> None:
    pixels = torch.zeros(3, 2, 2)
    assert Frame(pixels=pixels, pts=0) != Frame(pixels=pixels, pts=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_clips_of_floating_point_rgb_pass(dtype: torch.dtype) -> None:
    check_frames(torch.zeros(2, 5, 3, 4, 6, dtype=dtype))


@pytest.mark.parametrize("shape", [(3, 4, 6), (5, 3, 4, 6), (2, 5, 4, 4, 6), (2, 5, 4, 6, 3)])
def test_other_shapes_are_refused_with_the_shape_that_came(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(B, T, 3, H, W\)") as caught:
        check_frames(torch.zeros(shape))
    assert str(shape) in str(caught.value)


def test_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        check_frames(torch.zeros(1, 1, 3, 4, 4, dtype=torch.uint8))


def test_overshoot_is_cut_off_but_what_a_source_has_beyond_black_and_white_is_kept() -> None:
    made = torch.linspace(-0.5, 1.5, 12).view(1, 3, 2, 2).expand(2, -1, -1, -1)
    source = torch.full((2, 3, 1, 1), 0.5)
    source[1, 0], source[1, 2] = -0.06, 1.09
    usual, beyond = clamp_like(made, source)
    assert (usual.min().item(), usual.max().item()) == (0.0, 1.0)
    assert beyond.min().item() == pytest.approx(-0.06)
    assert beyond.max().item() == pytest.approx(1.09)
    # Inside those limits nothing changes.
    torch.testing.assert_close(usual[1], made[0][1])
