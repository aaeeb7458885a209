"""Measure the main job: speed, memory, pieces against whole clips.

Everything is measured in one run and compared inside it, since machines are noisy and absolute
times travel badly::

    python benchmarks/speed/main_job.py                # about five minutes on a laptop
    python benchmarks/speed/main_job.py --clip my.mp4  # pieces against whole on your own footage
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from whole_job import last_report

from dscvsr_cli.engine.device import choose_device, choose_dtype
from dscvsr_cli.engine.stream import one_scene, upscale_stream
from dscvsr_cli.engine.stream_plan import StreamPlan
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size, output_size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.weights.load import load_network

SCALE = 2.7
LOOK_AHEADS = (0, 2, 4, 8, 16)
CROP = 160
"""Largest side, in pixels, of the footage for pieces against whole."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--clip",
        type=Path,
        action="append",
        help="footage to compare pieces with whole clips on; may be repeated (default: rendered)",
    )
    parser.add_argument("--weights", help="as for dscvsr upscale")
    parser.add_argument(
        "--frames",
        type=int,
        default=96,
        help="frames of the clip that is timed (default: %(default)s)",
    )
    arguments = parser.parse_args()
    device = choose_device()
    dtype = choose_dtype("auto", device)
    print(f"{device} {dtype}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        render_demo_clip(clip, seconds=arguments.frames / 24)
        compare_with_network(clip, arguments.weights)
        compare_memory(Path(folder), arguments.weights)
        for footage in arguments.clip or [clip]:
            compare_pieces_with_whole(footage, arguments.weights)


def compare_with_network(clip: Path, weights: str | None) -> None:
    """Print frames/s of the network alone and of the whole job on the same clip."""
    device = choose_device()
    loaded = load_network(weights, device=device, dtype=choose_dtype("auto", device))
    frames = read(clip)
    size = output_size(Size(*frames.shape[-2:]), scale=SCALE, multiple=(2, 2))
    network = loaded.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    plan = StreamPlan(window=48)
    stream = [Frame(pixels=picture, pts=i) for i, picture in enumerate(frames)]

    def network_only() -> None:
        for _ in upscale_stream(
            stream, network, size=size, plan=plan, device=device, mark_scenes=one_scene
        ):
            pass

    with tempfile.TemporaryDirectory() as folder:
        alone = len(frames) / fastest(network_only, times=2)
        reports = [run_job(clip, Path(folder) / f"{i}.mp4", weights) for i in range(2)]
    whole = max(report["frames_per_second"] for report in reports)
    shape = f"{frames.shape[-1]}x{frames.shape[-2]} -> {size}"
    print(f"\nnetwork alone    {alone:6.2f} frames/s  ({shape})")
    print(f"whole job        {whole:6.2f} frames/s  (decode, network, encode, audio)")
    print(f"ratio            {whole / alone:6.3f}")


def compare_memory(folder: Path, weights: str | None) -> None:
    """Print the peak memory of the job for 60 and for 600 frames."""
    peaks = []
    for count in (60, 600):
        clip = folder / f"{count}.mp4"
        render_demo_clip(clip, width=128, height=96, seconds=count / 24)
        report = run_job(clip, folder / f"{count}_out.mp4", weights)
        assert report["frames_out"] == count  # noqa: S101
        peaks.append(report["peak_memory_bytes"])
    print(
        f"\npeak memory      {peaks[0] / 1e6:.0f} MB for 60 frames, {peaks[1] / 1e6:.0f} MB for 600"
    )
    print(f"ratio            {peaks[1] / peaks[0]:6.3f}")


def compare_pieces_with_whole(clip: Path, weights: str | None) -> None:
    """Print how close windows, tiles and half precision come to the whole clip in float32."""
    device = choose_device()
    frames = read(clip, count=32)[..., :CROP, :CROP]
    network = load_network(weights, device=device).network
    half = load_network(weights, device=device, dtype=torch.bfloat16).network
    size = output_size(Size(*frames.shape[-2:]), scale=2.0)

    def run(plan: StreamPlan, network: RecurrentNetwork = network) -> Tensor:
        stream = (Frame(pixels=picture, pts=i) for i, picture in enumerate(frames))
        made = upscale_stream(
            stream, network, size=size, plan=plan, device=device, mark_scenes=one_scene
        )
        return torch.stack([frame.pixels for frame in made])

    whole_plan = StreamPlan(window=len(frames))
    whole = run(whole_plan)
    print(f"\nagainst the whole of {clip.name} in float32 ({len(frames)} frames, x2)")
    for look_ahead in LOOK_AHEADS:
        made = run(StreamPlan(window=8, look_ahead=look_ahead))
        show_likeness(f"windows of 8, look-ahead {look_ahead}", made, whole)
    show_likeness("tiles of 96", run(StreamPlan(window=len(frames), tile=96)), whole)
    show_likeness("bfloat16", run(whole_plan, half), whole)


def show_likeness(name: str, made: Tensor, whole: Tensor) -> None:
    """Print PSNR over the clip and of the worst frame; equal pictures give infinity."""
    errors = (made - whole).square().mean(dim=(1, 2, 3)).double()
    overall, worst = (float(-10 * torch.log10(e)) for e in (errors.mean(), errors.max()))
    print(f"{name:28} {overall:6.1f} dB, worst frame {worst:6.1f} dB")


def read(clip: Path, count: int | None = None) -> Tensor:
    with VideoReader(clip) as reader:
        return torch.stack([frame.pixels for frame in islice(reader, count)])


def run_job(clip: Path, target: Path, weights: str | None) -> dict[str, Any]:
    """Run the real command in a process of its own and return its report."""
    command = [sys.executable, "-m", "dscvsr_cli", "upscale", str(clip), "-s", str(SCALE)]
    command += ["-o", str(target), "--json", *(["--weights", weights] if weights else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return last_report(done.stdout)


def fastest(work: Callable[[], None], times: int = 3) -> float:
    """Return the least seconds of several runs after one that is not counted."""
    work()
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


if __name__ == "__main__":
    main()
