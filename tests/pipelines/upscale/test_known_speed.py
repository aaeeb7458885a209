"""What earlier jobs took says how long a job will take, where it is one like them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.known_speed import known_seconds_per_frame, remember_speed

TINY, SD, HD = Size(48, 64), Size(480, 640), Size(1080, 1920)


def job(source: Size, *, weights: str = "lite") -> Any:
    plan = SimpleNamespace(
        source=source,
        weights=weights,
        dtype="float32",
        runtime="torch",
        ensemble=1,
        steadied=False,
        scenes_at_once=1,
    )
    target = SimpleNamespace(size=Size(2 * source.height, 2 * source.width))
    network = SimpleNamespace(device=torch.device("cpu"))
    return SimpleNamespace(plan=plan, target=target, network=network)


def meter(frames_per_second: float, seconds: float = 60.0) -> Any:
    now = SimpleNamespace(seconds=seconds)
    return SimpleNamespace(frames_per_second=frames_per_second, now=lambda: now)


@pytest.fixture
def speeds(tmp_path: Path) -> Path:
    return tmp_path / "speed.json"


def test_the_time_of_a_job_like_it_is_known(speeds: Path) -> None:
    assert known_seconds_per_frame(job(SD), path=speeds) is None
    remember_speed(job(SD), meter(4.0), path=speeds)
    assert known_seconds_per_frame(job(SD), path=speeds) == pytest.approx(0.25)
    assert known_seconds_per_frame(job(SD, weights="fast"), path=speeds) is None


def test_tiny_frames_say_nothing_of_large_ones(speeds: Path) -> None:
    remember_speed(job(TINY), meter(2.0), path=speeds)
    assert known_seconds_per_frame(job(TINY), path=speeds) == pytest.approx(0.5)
    assert known_seconds_per_frame(job(SD), path=speeds) is None
    assert known_seconds_per_frame(job(HD), path=speeds) is None


def test_the_nearest_size_counts_in_proportion(speeds: Path) -> None:
    remember_speed(job(SD), meter(1.0), path=speeds)
    near = Size(480, 1280)
    assert known_seconds_per_frame(job(near), path=speeds) == pytest.approx(2.0)
    remember_speed(job(Size(960, 1280)), meter(1.0), path=speeds)
    remember_speed(job(near), meter(0.8), path=speeds)
    assert known_seconds_per_frame(job(near), path=speeds) == pytest.approx(1.25)


def test_one_job_on_a_busy_machine_is_not_the_rule(speeds: Path) -> None:
    remember_speed(job(SD), meter(4.0), path=speeds)
    remember_speed(job(SD), meter(0.25), path=speeds)
    assert known_seconds_per_frame(job(SD), path=speeds) == pytest.approx(1.0)
    for _ in range(8):
        remember_speed(job(SD), meter(4.0), path=speeds)
    assert known_seconds_per_frame(job(SD), path=speeds) == pytest.approx(0.25, rel=0.01)


def test_a_short_job_is_not_remembered(speeds: Path) -> None:
    remember_speed(job(SD), meter(4.0, seconds=1.0), path=speeds)
    assert not speeds.exists()
