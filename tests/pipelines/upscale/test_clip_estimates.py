"""Estimates for a clip that is shorter than a window are those of the clip."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dscvsr_cli.engine.stream_plan import peak_bytes, work_per_frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.pipelines.upscale import measure_speed
from dscvsr_cli.pipelines.upscale.dry_run import dry_run
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.prepare import prepare
from tests.clips import Clip, render


def job(count: int, folder: Path, weights: Path, *, scenes_at_once: int = 1) -> UpscaleJob:
    source = render(Clip(width=64, height=64, pts=tuple(range(0, count * 512, 512))), folder)
    return UpscaleJob(
        source=source,
        scale=2,
        weights=str(weights),
        device="cpu",
        runtime="torch",
        memory_bytes=2 * 10**9,
        scenes_at_once=scenes_at_once,
    )


@pytest.mark.parametrize(("count", "window", "ahead"), [(1, 1, 0), (4, 4, 0), (50, 48, 2)])
def test_memory_and_work_are_those_of_the_frames_there_are(
    count: int, window: int, ahead: int, tmp_path: Path, weights: Path
) -> None:
    ready = prepare(job(count, tmp_path, weights))
    ready.reader.close()
    network = ready.network
    assert (network.stream_plan.window, network.stream_plan.look_ahead) == (48, 8)

    filled = network.clip_plan(count)
    assert (filled.window, filled.look_ahead) == (window, ahead)
    assert filled.step <= window
    small, large = Size(64, 64), Size(128, 128)
    cost = network_cost(network.loaded.config, network.dtype).with_steadying()
    assert network.clip_memory_bytes == peak_bytes(filled, small, large, cost)
    assert network.clip_memory_bytes < network.memory_bytes
    assert work_per_frame(filled, small) < work_per_frame(network.stream_plan, small)


def test_a_dry_run_tells_them_and_those_of_a_long_video_stay(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "long").mkdir()
    four = job(4, tmp_path, weights)
    ready = prepare(four)
    ready.reader.close()
    assert dry_run(four).memory_bytes == ready.network.clip_memory_bytes

    long = prepare(job(60, tmp_path / "long", weights))
    long.reader.close()
    assert long.network.clip_memory_bytes == long.network.memory_bytes == ready.network.memory_bytes


def test_no_more_scenes_are_counted_than_there_are_frames(tmp_path: Path, weights: Path) -> None:
    one = job(1, tmp_path, weights)
    several = prepare(replace(one, scenes_at_once=3))
    alone = prepare(one)
    for ready in (several, alone):
        ready.reader.close()
    assert several.network.scenes.at_once == 3
    assert several.network.clip_memory_bytes == alone.network.clip_memory_bytes


def test_a_speed_is_measured_on_frames_that_differ_even_if_the_video_begins_still(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = tmp_path / "still.mkv"
    Image.new("RGB", (64, 64)).save(tmp_path / "1.png")
    for number in (2, 3):
        (tmp_path / f"{number}.png").write_bytes((tmp_path / "1.png").read_bytes())
    ready = prepare(replace(job(4, tmp_path, weights), source=tmp_path / "%d.png", target=still))
    seen: list[int] = []
    run = measure_speed._run

    def watch(*given: Any) -> tuple[float, float]:
        pictures = [frame.pixels.numpy().tobytes() for frame in given[1]]
        seen.append(len(pictures) - len(set(pictures)))
        return run(*given)

    monkeypatch.setattr(measure_speed, "_run", watch)
    with ready.reader:
        assert measure_speed.measure_seconds_per_frame(ready) > 0
    assert set(seen) == {0}
