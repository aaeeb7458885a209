"""Display matrices: degrees out of numbers and back, and the shift grown with the frame."""

import pytest
import torch

from dscvsr_cli.geometry import Size
from dscvsr_cli.video.display_matrix import (
    quarter_turns,
    rotation_degrees,
    scale_display_matrix,
    swaps_sides,
    upright,
)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_quarter_turns_are_read_back(degrees: int) -> None:
    assert rotation_degrees(quarter_turns(degrees)) == degrees


def test_no_matrix_is_no_turn() -> None:
    assert rotation_degrees(None) == 0


@pytest.mark.parametrize(("degrees", "moved"), [(180, (150, 200)), (90, (200, 150))])
def test_the_shift_grows_along_the_axis_on_which_the_turned_frame_moves(
    degrees: int, moved: tuple[int, int]
) -> None:
    matrix = (*quarter_turns(degrees)[:6], 100, 100, 1 << 30)
    scaled = scale_display_matrix(matrix, source=Size(100, 200), target=Size(200, 300))
    assert scaled == (*matrix[:6], *moved, 1 << 30)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_frame_is_turned_as_its_matrix_says(degrees: int) -> None:
    planes = torch.arange(12.0).view(1, 3, 4)
    turned = torch.rot90(planes, degrees // 90, dims=(-2, -1))
    matrix = quarter_turns(degrees)
    assert torch.equal(upright(planes, matrix), turned)
    assert swaps_sides(matrix) == (turned.shape != planes.shape)


def test_a_frame_is_mirrored_where_its_matrix_says_so_and_not_turned_by_halves() -> None:
    planes = torch.arange(12.0).view(1, 3, 4)
    one = 1 << 16
    across = (-one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    assert torch.equal(upright(planes, across), planes.flip(-1))
    transposed = (0, one, 0, one, 0, 0, 0, 0, 1 << 30)
    assert torch.equal(upright(planes, transposed), planes.transpose(-2, -1))
    slanted = (one, one, 0, -one, one, 0, 0, 0, 1 << 30)
    assert torch.equal(upright(planes, slanted), planes)
    assert upright(planes, None) is planes
