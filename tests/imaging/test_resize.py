"""Bicubic resizing as MATLAB and papers define it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.geometry import AxisPhases, Size
from dscvsr_cli.imaging.resize import Kernel, resize, resize_matrix
from tests.goldens.make import CASES

GOLDENS = Path(__file__).parent.parent / "goldens" / "resize.npz"

sides = st.integers(1, 40)
kernels: st.SearchStrategy[Kernel] = st.sampled_from(["bicubic", "lanczos3", "bilinear"])


@pytest.fixture(scope="module")
def goldens() -> Iterator[dict[str, torch.Tensor]]:
    with np.load(GOLDENS) as file:
        yield {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.mark.parametrize("case", CASES)
def test_it_agrees_with_a_plain_loop_over_pixels(
    goldens: dict[str, torch.Tensor], case: str
) -> None:
    kernel, rows, columns = CASES[case]
    made = resize(goldens["source"], Size(rows, columns), kernel=kernel)
    torch.testing.assert_close(made, goldens[case], rtol=0, atol=1e-12)


def test_halving_takes_the_eight_weights_of_the_stretched_cubic() -> None:
    # Keys' cubic with a = -0.5 at (k + 0.5) / 2 for k = 0 to 3, halved: whole 256ths.
    right = torch.tensor([111.0, 29.0, -9.0, -3.0], dtype=torch.float64) / 256
    assert torch.equal(resize_matrix(16, 8)[3, 3:11], torch.cat([right.flip(0), right]))


def test_the_edge_pixel_is_repeated_before_the_picture_is_mirrored() -> None:
    # The first of the doubled pixels lies at -0.25: weights at distance 0.25, 0.75, 1.25, 1.75.
    near, far = 111 / 128, 29 / 128
    first = resize_matrix(6, 12)[0]
    assert first[:3].tolist() == [near + far, -9 / 128 - 3 / 128, 0.0]


@settings(deadline=None)
@given(sides, sides, kernels)
def test_every_row_sums_to_one(source: int, target: int, kernel: Kernel) -> None:
    matrix = resize_matrix(source, target, kernel=kernel)
    assert matrix.shape == (target, source)
    torch.testing.assert_close(
        matrix.sum(dim=1), torch.ones(target, dtype=torch.float64), rtol=0, atol=1e-12
    )


@settings(deadline=None)
@given(sides, sides, kernels)
def test_a_mirrored_line_gives_the_mirrored_result(
    source: int, target: int, kernel: Kernel
) -> None:
    matrix = resize_matrix(source, target, kernel=kernel)
    torch.testing.assert_close(matrix.flip(0, 1), matrix, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(sides, kernels)
def test_the_same_size_is_the_identity(side: int, kernel: Kernel) -> None:
    matrix = resize_matrix(side, side, kernel=kernel)
    torch.testing.assert_close(matrix, torch.eye(side, dtype=torch.float64), rtol=0, atol=1e-15)


@settings(deadline=None)
@given(sides, sides, sides, sides, st.floats(-1, 2))
def test_a_flat_picture_stays_flat(
    height: int, width: int, rows: int, columns: int, level: float
) -> None:
    flat = torch.full((2, height, width), level, dtype=torch.float64)
    made = resize(flat, Size(rows, columns))
    torch.testing.assert_close(made, torch.full_like(made, level), rtol=0, atol=1e-12)


@settings(deadline=None)
@given(st.integers(8, 30), st.integers(31, 90))
def test_a_ramp_is_read_where_geometry_says_the_pixel_lies(source: int, target: int) -> None:
    ramp = torch.arange(source, dtype=torch.float64)
    made = resize_matrix(source, target) @ ramp
    phases = AxisPhases(source, target)
    for index in range(target):
        position = phases.nearest(index) + phases.offset(index)
        if 1 <= position <= source - 2:
            assert made[index].item() == pytest.approx(position, abs=1e-9)


def test_a_tenth_of_the_size_reads_forty_pixels_for_each() -> None:
    assert (resize_matrix(100, 10) != 0).sum(dim=1)[5] == 40


def test_batches_are_resized_picture_by_picture() -> None:
    pictures = torch.rand(2, 3, 9, 14, dtype=torch.float64, generator=torch.manual_seed(1))
    together = resize(pictures, Size(20, 5))
    assert together.shape == (2, 3, 20, 5)
    torch.testing.assert_close(together[1, 2], resize(pictures[1, 2], Size(20, 5)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_type_of_the_pictures_stays(dtype: torch.dtype) -> None:
    assert resize(torch.rand(8, 8).to(dtype), Size(3, 3)).dtype == dtype


def test_autocast_does_not_make_it_coarse() -> None:
    pictures = torch.rand(3, 16, 16, generator=torch.manual_seed(2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = resize(pictures, Size(5, 5))
    assert made.dtype == torch.float32
    assert torch.equal(made, resize(pictures, Size(5, 5)))


def test_a_matrix_first_made_in_inference_mode_serves_training_later() -> None:
    with torch.inference_mode():
        resize(torch.rand(7, 7, dtype=torch.float64), Size(41, 41))
    picture = torch.rand(7, 7, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(resize(picture, Size(41, 41)).sum(), picture)
    assert slope.sum().item() == pytest.approx(41 * 41)


def test_impossible_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="floating point"):
        resize(torch.zeros(4, 4, dtype=torch.uint8), Size(2, 2))
    with pytest.raises(ValueError, match="floating point"):
        resize(torch.zeros(4), Size(2, 2))
    with pytest.raises(ValueError, match="at least 1"):
        resize(torch.zeros(4, 4), Size(0, 2))
