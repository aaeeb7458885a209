"""Kill workers and drivers of a cluster at random moments; every finished file must be whole.

A cluster of two workers runs on this machine. ``dscvsr upscale --ray ... --resume`` works on a clip
with cuts; at random moments the process of a worker, of the scan or of the driver is killed with
SIGKILL. A driver that was killed is started again. Each file that is finished is compared with one
that was made undisturbed on one machine, frame by frame and packet by packet.

    python benchmarks/stress/cluster_soak.py --kills 20
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import ray
from cut_clip import render_cut_clip
from kill_soak import digest, save_tiny_network

SCENES = (30, 12, 45, 7, 24, 38, 16, 52, 20, 33)


@dataclass
class Figures:
    """What the soak counts."""

    kills_of_workers: int = 0
    kills_of_drivers: int = 0
    files: int = 0
    equal: int = 0
    errors: int = 0
    leftovers: int = 0
    frames_kept_at_driver_kills: int = 0
    undisturbed_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        """All kills."""
        return self.kills_of_workers + self.kills_of_drivers


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--kills", type=int, default=20, help="processes to kill (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the random moments (default: %(default)s)"
    )
    parser.add_argument(
        "--width", type=int, default=96, help="columns of a frame (default: %(default)s)"
    )
    parser.add_argument(
        "--height", type=int, default=64, help="rows of a frame (default: %(default)s)"
    )
    arguments = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["DSCVSR_RUNTIME"] = "torch"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(Path(folder), arguments)
    ray.shutdown()
    print(json.dumps(asdict(figures), indent=1))
    bad = figures.errors or figures.leftovers or figures.equal != figures.files
    sys.exit(1 if bad else 0)


def soak(folder: Path, arguments: argparse.Namespace) -> Figures:
    """Kill until there were enough kills, and finish the last file."""
    chance = random.Random(arguments.seed)  # noqa: S311  moments, not secrets
    clip, weights = folder / "clip.mkv", folder / "tiny.safetensors"
    render_cut_clip(clip, SCENES, width=arguments.width, height=arguments.height)
    save_tiny_network(weights)
    whole, target = folder / "whole.mkv", folder / "out.mkv"
    figures = Figures()
    started = time.monotonic()
    subprocess.run(command(clip, whole, weights), check=True)  # noqa: S603  ours
    figures.undisturbed_seconds = round(time.monotonic() - started, 1)
    expected = digest(whole)
    line = command(clip, target, weights, address())
    while figures.kills < arguments.kills:
        code = disturbed_run(line, target, chance, figures, kills=arguments.kills)
        if code is None:
            continue
        if code != 0:
            figures.errors += 1
            break
        figures.files += 1
        figures.equal += digest(target) == expected
        figures.leftovers += work_folder(target).exists()
        target.unlink()
    if work_folder(target).exists():
        code = subprocess.run(line, check=False).returncode  # noqa: S603  ours
        figures.errors += code != 0
        figures.files += 1
        figures.equal += code == 0 and digest(target) == expected
        figures.leftovers += work_folder(target).exists()
    figures.seconds = round(time.monotonic() - started, 1)
    return figures


def disturbed_run(
    line: list[str], target: Path, chance: random.Random, figures: Figures, *, kills: int
) -> int | None:
    """Run a driver and kill around it; return its exit code, or None where it was killed."""
    with subprocess.Popen(line) as driver:  # noqa: S603  ours
        while figures.kills < kills:
            try:
                # A driver needs some seconds before there is anything to kill.
                return driver.wait(chance.uniform(4.0, 24.0))
            except subprocess.TimeoutExpired:
                pass
            workers = worker_processes()
            if not workers:
                continue
            if chance.random() < 0.25:
                driver.kill()
                driver.wait()
                figures.kills_of_drivers += 1
                figures.frames_kept_at_driver_kills += frames_kept(target)
                if target.exists() and not work_folder(target).exists():
                    # Killed when all was done, before the exit code could tell.
                    return 0
                return None
            os.kill(chance.choice(workers), signal.SIGKILL)
            figures.kills_of_workers += 1
        return driver.wait()


def command(clip: Path, target: Path, weights: Path, address: str | None = None) -> list[str]:
    """Return the command line of a run, on one machine or on the cluster."""
    line = [sys.executable, "-m", "dscvsr_cli", "upscale", clip, "-o", target, "-s", "1.5"]
    line += ["--weights", weights, "--encoder", "ffv1", "--device", "cpu", "--dtype", "float32"]
    line += ["--memory", "40MB", "--checkpoint", "20", "--resume", "--quiet"]
    return list(map(str, line + (["--ray", address] if address else [])))


def address() -> str:
    """Return where the cluster of this process answers."""
    return str(ray.get_runtime_context().gcs_address)


def worker_processes() -> list[int]:
    """Return the processes of this cluster in which workers and scans run."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").strip()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            ours = int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if title.startswith((b"ray::Actor", b"ray::scan")) and ours == os.getpid():
            found.append(int(folder.name))
    return found


def work_folder(target: Path) -> Path:
    """Return the folder of finished segments."""
    return target.with_name(f".{target.name}.dscvsr")


def frames_kept(target: Path) -> int:
    """Return the frames in finished segments."""
    try:
        manifest = json.loads((work_folder(target) / "manifest.json").read_text())
    except OSError:
        return 0
    segments = [*manifest["segments"], *(s for p in manifest["pieces"] for s in p["segments"])]
    return sum(segment["frames"] for segment in segments)


if __name__ == "__main__":
    main()
