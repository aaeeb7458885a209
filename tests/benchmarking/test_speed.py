"""The speed table: every size and factor is timed, or says why not."""

import time
from collections.abc import Iterable, Iterator

import pytest
import torch
from torch import Tensor

from dscvsr_cli.benchmarking import speed as module
from dscvsr_cli.benchmarking.methods import Method, MethodInfo
from dscvsr_cli.benchmarking.speed import (
    SpeedRow,
    matmul_rate,
    measure_speeds,
    synthetic_frames,
)
from dscvsr_cli.engine.scenes import mark_scene_starts
from dscvsr_cli.errors import DeviceError, UsageError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPEED_SIZES", {"small": Size(20, 30), "large": Size(40, 60)})


def sleepy(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
    for _ in frames:
        time.sleep(0.02)
        yield torch.zeros(3, size.height, size.width)


def test_every_size_and_factor_is_timed_and_set_against_the_matrix_product() -> None:
    told: list[SpeedRow] = []
    method = Method(
        info=MethodInfo(name="net"), upscale=sleepy, multiply_adds=lambda scale: 100.0 * scale
    )
    report = measure_speeds(
        [method],
        device=CPU,
        sizes=["small", "large"],
        scales=[2.0, 2.7],
        seconds=0.1,
        on_row=told.append,
    )
    assert [(row.source, row.scale) for row in report.rows] == [
        ("small", 2.0),
        ("small", 2.7),
        ("large", 2.0),
        ("large", 2.7),
    ]
    assert report.rows == tuple(told)
    rate = report.matmul_per_second["float32"]
    for row in report.rows:
        assert 25 < row.frames_per_second < 52
        assert 2 <= row.frames <= 5
        pixels = {"small": 600, "large": 2400}[row.source]
        expected = row.frames_per_second * 100 * row.scale * pixels / rate
        assert row.share_of_peak == pytest.approx(expected)
    assert report.rows[1].size == Size(54, 81)


def test_too_little_memory_is_a_row_and_not_the_end() -> None:
    def greedy(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        if size.height > 50:
            raise DeviceError("too little memory")
        return sleepy(frames, size)

    report = measure_speeds(
        [Method(info=MethodInfo(name="net"), upscale=greedy)],
        device=CPU,
        sizes=["small", "large"],
        scales=[2.0],
        seconds=0.05,
    )
    assert [row.frames > 0 for row in report.rows] == [True, False]
    assert report.rows[1].share_of_peak is None


def test_an_unknown_size_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no input size '8k'") as caught:
        measure_speeds([], device=CPU, sizes=["8k"])
    assert "small, large" in caught.value.hint


def test_a_matrix_product_takes_the_time_that_its_rate_says() -> None:
    rate = matmul_rate(CPU, torch.float32, seconds=0.1)
    left, right = torch.randn(512, 512), torch.randn(512, 512)
    start = time.perf_counter()
    for _ in range(4):
        left @ right
    seconds = time.perf_counter() - start
    # Others may use the machine, so only the order of magnitude is sure.
    assert 0.05 < 4 * 512**3 / rate / seconds < 20


def test_synthetic_frames_are_one_moving_scene() -> None:
    frames = list(synthetic_frames(Size(48, 64), 6))
    assert all(tuple(frame.shape) == (3, 48, 64) for frame in frames)
    assert torch.equal(frames[1][..., 2:], frames[0][..., :-2])
    marked = mark_scene_starts(Frame(pixels=one, pts=index) for index, one in enumerate(frames))
    assert [starts for _, starts in marked] == [True, *[False] * 5]
