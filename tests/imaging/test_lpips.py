"""LPIPS, against its formula written in NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dscvsr_cli.imaging.lpips import SMALLEST_SIDE, Lpips, LpipsLayer
from tests.tiny_lpips import tiny_lpips_arrays

Array = NDArray[np.float64]
ARRAYS = tiny_lpips_arrays()


def tiny() -> Lpips:
    return Lpips(
        [
            LpipsLayer(
                kernel=torch.from_numpy(kernel).permute(3, 2, 0, 1),
                bias=torch.from_numpy(bias),
                importance=torch.from_numpy(importance),
            )
            for kernel, bias, importance in ARRAYS
        ]
    )


def by_hand(first: Array, second: Array) -> float:
    """The paper's formula on (H, W, 3) in [-1, 1], in numpy and float64."""
    total = 0.0
    shift, scale = np.array([-0.030, -0.088, -0.188]), np.array([0.458, 0.448, 0.450])
    one, two = ((picture - shift) / scale for picture in (first, second))
    for index, (kernel, bias, importance) in enumerate(ARRAYS):
        stride, padding = (4, 2) if index == 0 else (1, kernel.shape[0] // 2)
        unit = []
        for features in (one, two):
            if index in {1, 2}:
                features = sliding_window_view(features, (3, 3), axis=(0, 1))  # noqa: PLW2901
                features = features[::2, ::2].max((-1, -2))  # noqa: PLW2901
            padded = np.pad(features, ((padding, padding), (padding, padding), (0, 0)))
            windows = sliding_window_view(padded, kernel.shape[:2], axis=(0, 1))
            summed = np.einsum("yxcij,ijco->yxo", windows[::stride, ::stride], kernel)
            unit.append(np.maximum(summed + bias, 0))
        one, two = unit
        scaled = [part / (np.linalg.norm(part, axis=-1, keepdims=True) + 1e-10) for part in unit]
        total += float((((scaled[0] - scaled[1]) ** 2) @ importance).mean())
    return total


@pytest.mark.parametrize("size", [(31, 31), (40, 57)])
def test_the_arithmetic_is_the_papers_formula_written_in_numpy(size: tuple[int, int]) -> None:
    generator = np.random.default_rng(5)
    first, second = generator.random((2, *size, 3))
    ours = tiny()(*(torch.from_numpy(picture).permute(2, 0, 1) for picture in (first, second)))
    expected = by_hand(first * 2 - 1, second * 2 - 1)
    assert expected > 0.01
    assert ours == pytest.approx(expected, rel=1e-4)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.integers(31, 50), st.integers(31, 50))
def test_it_is_nought_on_equals_and_the_same_both_ways(seed: int, height: int, width: int) -> None:
    one, two = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    measure = tiny()
    assert measure(one, one) == 0
    assert measure(one, two) == pytest.approx(measure(two, one))
    assert measure(one, two) > 0


@pytest.mark.parametrize(
    "shapes",
    [
        ((3, 40, 40), (3, 40, 41)),
        ((1, 40, 40), (1, 40, 40)),
        ((3, SMALLEST_SIDE - 1, 40), (3, SMALLEST_SIDE - 1, 40)),
    ],
)
def test_what_cannot_be_compared_is_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    first, second = (torch.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match="sides of at least 31"):
        tiny()(first, second)
    with pytest.raises(ValueError, match="expected 5 layers"):
        Lpips([])
