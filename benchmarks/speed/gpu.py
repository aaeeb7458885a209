"""Measure a GPU in one command and under five minutes: speed, memory, and whether frames are right.

::

    python benchmarks/speed/gpu.py                       # on the first CUDA device
    python benchmarks/speed/gpu.py --json gpu.json       # and write all rows to a file
    python benchmarks/speed/gpu.py --device cpu --small  # a rehearsal in small sizes

First the pictures: 8 frames as the processor makes them in float32, against those of the device, in
PSNR. Then, for 480p, 720p and 1080p at x2 and x2.7, with each runtime and network: frames/s of the
network alone (frames from main memory and back to it), and of the whole job on a rendered clip with
audio, libx264 and all. Beside them stand the seconds until the first run was done (compiling and
capturing are in it), the share of the device's own matrix product in bfloat16, and the most memory
that tensors took, against the plan's estimate. torch comes first: when the time is up, what is left
out are compiled networks.
"""

import argparse
import gc
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.cost import multiply_adds_per_pixel
from dscvsr_cli.benchmarking.speed import SPEED_SIZES, matmul_rate, synthetic_frames
from dscvsr_cli.engine.device import choose_device, choose_dtype
from dscvsr_cli.engine.memory import memory_budget_bytes, peak_memory_bytes, release_cached_memory
from dscvsr_cli.engine.stream import one_scene, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan, peak_bytes, plan_stream
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.pipelines.machine import machine
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.runtimes.choose import (
    Runtime,
    choose_runtime,
    open_runtime,
    runtime_cost,
    weights_dtype,
)
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.weights.load import load_network

SIZES = {name: SPEED_SIZES[name] for name in ("480p", "720p", "1080p")}
SMALL_SIZES = {"48p": Size(48, 64), "64p": Size(64, 96), "72p": Size(72, 128)}
SCALES = (2.0, 2.7)
WEIGHTS = ("dscvsr-lite-video", "dscvsr-fast-video")
RUNTIMES: tuple[Runtime, ...] = ("torch", "compiled")
COMPARED = Size(180, 320)
COMPARED_FRAMES = 8
RATE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one row is about."""

    weights: str
    runtime: Runtime
    source: str
    """Name of the input size."""
    scale: float

    def __str__(self) -> str:
        return f"{self.weights} {self.runtime} {self.source} x{self.scale:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What the network alone does."""

    dtype: str
    start_seconds: float
    """Of the first run, with whatever is made only once."""
    frames_per_second: float
    share_of_peak: float
    """Of the device's matrix product in bfloat16."""
    memory_bytes: int
    """The most that tensors took on the device; of a processor, that the whole process took."""
    planned_bytes: int
    plan: StreamPlan


def main() -> None:
    given = parse_arguments()
    device = choose_device(given.device)
    deadline = time.monotonic() + 60 * given.minutes
    rate = matmul_rate(device, torch.bfloat16)
    print(
        f"{machine(device)}, {device}, torch {torch.__version__}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}, matrix product in bfloat16 {2e-12 * rate:.4g} TFLOP/s"
    )
    compare_pictures(device, given)
    sizes = SMALL_SIZES if given.small else SIZES
    print(
        f"\n{'network, runtime':32}{'input':>6}{'scale':>6}{'start s':>9}{'network/s':>11}", end=""
    )
    print(f"{'of peak':>9}{'job/s':>8}{'MB':>8}{'planned':>9}  window, tile")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(given, tuple(sizes)):
            if time.monotonic() > deadline:
                print(f"left out, for the time is up: {case}")
                continue
            source, clip = sizes[case.source], Path(folder) / f"{case.source}.mp4"
            try:
                speed = measure_network(case, source, device, given.frames, rate)
                job = measure_job(case, source, clip, device, given.frames)
            except (DscvsrError, RuntimeError) as error:
                # The others are still worth having.
                print(f"failed: {case}: {error}")
                continue
            show(case, speed, job)
            results.append(asdict(case) | asdict(speed) | {"job_frames_per_second": job})
            if given.json is not None:
                given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--device", default="cuda", help="device to measure (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="use small sizes, as a rehearsal")
    parser.add_argument(
        "--frames", type=int, default=24, help="frames of every run (default: %(default)s)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=4.0,
        help="start no row after this many minutes (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        action="append",
        help="networks to measure; may be repeated (default: the default weights)",
    )
    parser.add_argument(
        "--runtime",
        action="append",
        choices=RUNTIMES,
        help="runtimes to measure; may be repeated (default: both)",
    )
    parser.add_argument("--json", type=Path, help="also write all rows to this file")
    return parser.parse_args()


def cases(given: argparse.Namespace, sizes: Sequence[str]) -> Iterator[Case]:
    """Yield all cases: first those that start at once.

    Both factors of a size follow each other, for a network is compiled for its input size alone.
    """
    for runtime, weights, source, scale in product(
        given.runtime or RUNTIMES, given.weights or WEIGHTS, sizes, SCALES
    ):
        yield Case(weights=weights, runtime=runtime, source=source, scale=scale)


def compare_pictures(device: torch.device, given: argparse.Namespace) -> None:
    """Print how close the device's frames come to the processor's in float32."""
    source = SMALL_SIZES["64p"] if given.small else COMPARED
    size = output_size(source, scale=SCALES[0])
    weights = (given.weights or WEIGHTS)[0]
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        render_demo_clip(clip, height=source.height, width=source.width, seconds=1.0)
        with VideoReader(clip) as reader:
            frames = list(islice(reader, COMPARED_FRAMES))

    def run(runtime: Runtime, on: torch.device, dtype: torch.dtype) -> Tensor:
        network = open_runtime(
            runtime, load_network(weights, device=on, dtype=dtype).network, dtype=dtype
        )
        made = upscale_stream(
            frames,
            network,
            size=size,
            plan=StreamPlan(window=COMPARED_FRAMES),
            device=on,
            mark_scenes=one_scene,
        )
        return torch.stack([frame.pixels for frame in made])

    expected = run("torch", torch.device("cpu"), torch.float32)
    print(f"\n{weights}, {len(frames)} frames {source} -> {size}, against the CPU in float32")
    usual = choose_dtype("auto", device)
    ways: list[tuple[Runtime, torch.dtype]] = [("torch", torch.float32)]
    ways += [(runtime, usual) for runtime in given.runtime or RUNTIMES]
    for runtime, dtype in ways:
        # In levels of 255, as PSNR is meant; on what may be outside of [0, 1] as well.
        found = psnr(255 * run(runtime, device, dtype), 255 * expected).mean()
        name = str(dtype).removeprefix("torch.")
        print(f"  {runtime:10}{name:10}{float(found):8.2f} dB")


def measure_network(
    case: Case, source: Size, device: torch.device, count: int, rate: float
) -> Speed:
    """Time the network on frames that stay in main memory.

    Args:
        case: What to run.
        source: Rows and columns of the input.
        device: Where.
        count: Frames of a run.
        rate: Multiply-adds per second that the device can do.
    """
    clear(device)
    dtype = choose_dtype("auto", device)
    runtime = choose_runtime(case.runtime, device=device, dtype=dtype)
    loaded = load_network(case.weights, device=device, dtype=weights_dtype(runtime, dtype))
    size = output_size(source, scale=case.scale)
    cost = runtime_cost(network_cost(loaded.config, dtype), runtime, device)
    budget = memory_budget_bytes(device)
    plan = plan_stream(source, size, cost, budget_bytes=budget, window=min(count, 48))
    network = open_runtime(runtime, loaded.network, dtype=dtype)
    frames = [
        Frame(pixels=picture, pts=place)
        for place, picture in enumerate(synthetic_frames(source, count))
    ]

    def seconds() -> float:
        started = time.perf_counter()
        for _ in upscale_stream(
            frames, network, size=size, plan=plan, device=device, mark_scenes=one_scene
        ):
            pass
        return time.perf_counter() - started

    start = seconds()
    speed = count / seconds()
    work = multiply_adds_per_pixel(loaded.config, case.scale) * source.height * source.width
    return Speed(
        dtype=str(dtype).removeprefix("torch."),
        start_seconds=start,
        frames_per_second=speed,
        share_of_peak=speed * work / rate,
        memory_bytes=peak_memory_bytes(device),
        planned_bytes=peak_bytes(plan, source, size, cost),
        plan=plan,
    )


def measure_job(case: Case, source: Size, clip: Path, device: torch.device, count: int) -> float:
    """Return the frames per second of the whole job; ``clip`` is rendered where it is missing."""
    if not clip.exists():
        # 854 columns of 480p are even, as the clip's must be.
        render_demo_clip(clip, height=source.height, width=source.width, seconds=count / RATE)
    clear(device)
    report = upscale(
        UpscaleJob(
            source=clip,
            target=clip.with_name("out.mp4"),
            scale=case.scale,
            weights=case.weights,
            device=str(device),
            runtime=case.runtime,
            encoder="libx264",
            overwrite=True,
            restart=True,
        )
    )
    return report.frames_out / report.seconds


def clear(device: torch.device) -> None:
    """Forget the networks of earlier rows, and the most memory they took."""
    gc.collect()
    release_cached_memory(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def show(case: Case, speed: Speed, job: float) -> None:
    """Print one row."""
    tile = "whole" if speed.plan.tile is None else str(speed.plan.tile)
    print(
        f"{case.weights + ', ' + case.runtime:32}{case.source:>6}{case.scale:6g}"
        f"{speed.start_seconds:9.1f}{speed.frames_per_second:11.2f}{speed.share_of_peak:9.1%}"
        f"{job:8.2f}{speed.memory_bytes / 1e6:8.0f}{speed.planned_bytes / 1e6:9.0f}"
        f"  {speed.plan.window}+{speed.plan.look_ahead}, {tile}",
        flush=True,
    )


if __name__ == "__main__":
    main()
