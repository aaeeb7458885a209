"""Two workers of a local cluster against one process, in alternation, on a clip of six scenes.

    python benchmarks/stress/cluster_speed.py              # the default weights
    python benchmarks/stress/cluster_speed.py --overhead   # what a task costs by itself

Both sides are the real program; the cluster runs before the first measurement. Times are those of
the reports, from the first frame to the published file; what workers need to start is told apart.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ray
from cut_clip import render_cut_clip
from kill_soak import digest, save_tiny_network


@dataclass
class Run:
    """One run of the program."""

    seconds: float
    """From the first frame to the published file."""
    wall_seconds: float
    peak_bytes: int
    """Of one worker, or of the one process."""
    driver_bytes: int
    """Most memory of the process that was started."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        help="rounds, each of which runs both sides once (default: %(default)s)",
    )
    parser.add_argument(
        "--overhead", action="store_true", help="measure what a task costs, with one worker"
    )
    parser.add_argument(
        "--width", type=int, default=160, help="columns of a frame (default: %(default)s)"
    )
    parser.add_argument(
        "--height", type=int, default=90, help="rows of a frame (default: %(default)s)"
    )
    arguments = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.pop("OMP_NUM_THREADS", None)
    cores = 1 if arguments.overhead else 2
    ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.overhead:
            figures = overhead(Path(folder), arguments.rounds)
        else:
            figures = race(Path(folder), arguments)
    ray.shutdown()
    print(json.dumps(figures, indent=1))


def race(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Compare both, one after the other in every round."""
    clip = folder / "clip.mkv"
    render_cut_clip(clip, (24,) * 6, width=arguments.width, height=arguments.height)
    alone, spread = [], []
    # OpenVINO converts the network once for every size.
    run(clip, folder / "warm.mkv", "24")
    for _ in range(arguments.rounds):
        alone.append(run(clip, folder / "alone.mkv", "24"))
        spread.append(run(clip, folder / "spread.mkv", "24", "--ray", address()))
        equal = digest(folder / "alone.mkv") == digest(folder / "spread.mkv")
    ratios = [one.seconds / two.seconds for one, two in zip(alone, spread, strict=True)]
    return {
        "rounds": arguments.rounds,
        "one process, seconds": [round(one.seconds, 2) for one in alone],
        "two workers, seconds": [round(one.seconds, 2) for one in spread],
        "times as fast, median": round(statistics.median(ratios), 3),
        "start of a cluster run, seconds": _median(
            [one.wall_seconds - one.seconds for one in spread]
        ),
        "start of a process, seconds": _median([one.wall_seconds - one.seconds for one in alone]),
        "peak of one process, MB": max(one.peak_bytes for one in alone) // 10**6,
        "peak of each worker, MB": max(one.peak_bytes for one in spread) // 10**6,
        "peak of the driver, MB": max(one.driver_bytes for one in spread) // 10**6,
        "equal to the bit": equal,
        "load": os.getloadavg(),
    }


def overhead(folder: Path, rounds: int) -> dict[str, object]:
    """Compare one worker with one process, where a task is next to nothing."""
    clip, weights = folder / "clip.mkv", folder / "tiny.safetensors"
    tasks = 30
    render_cut_clip(clip, (8,) * tasks, width=64, height=48)
    save_tiny_network(weights)
    more = ("--weights", str(weights), "--runtime", "torch")
    each = []
    for _ in range(rounds):
        alone = run(clip, folder / "alone.mkv", "8", *more)
        spread = run(clip, folder / "spread.mkv", "8", *more, "--ray", address())
        each.append((spread.seconds - alone.seconds) / tasks)
    return {"tasks": tasks, "overhead of each, seconds": [round(one, 3) for one in each]}


def run(clip: Path, target: Path, checkpoint: str, *more: str) -> Run:
    """Run the program and return what it reports."""
    line = [sys.executable, "-m", "dscvsr_cli", "upscale", str(clip), "-o", str(target)]
    line += ["-s", "2", "--encoder", "ffv1", "--device", "cpu", "--dtype", "float32", "--json"]
    line += ["--checkpoint", checkpoint, "--overwrite", *more]
    started = time.monotonic()
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  ours
        output = process.stdout.read() if process.stdout is not None else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"{line} failed")
    report = _report(output.splitlines())
    return Run(
        seconds=float(str(report["seconds"])),
        wall_seconds=wall,
        peak_bytes=int(str(report["peak_memory_bytes"])),
        driver_bytes=usage.ru_maxrss * 1024,
    )


def _report(lines: Sequence[str]) -> dict[str, object]:
    found = [json.loads(text) for text in lines]
    return next(dict(one["report"]) for one in found if one["type"] == "report")


def _median(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds), 1)


def address() -> str:
    """Return where the cluster of this process answers."""
    return str(ray.get_runtime_context().gcs_address)


if __name__ == "__main__":
    main()
