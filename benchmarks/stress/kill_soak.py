"""Kill real runs of ``dscvsr upscale`` at random moments, resume them, and compare the outcome.

A clip with audio is rendered and enlarged by a tiny network, once undisturbed and then again and
again with SIGKILL after a random time, and resumed until it is done. Every finished file must hold
the same packets and frames, to the bit, as the undisturbed one::

    python benchmarks/stress/kill_soak.py              # 50 kills, a few minutes
    python benchmarks/stress/kill_soak.py --kills 500 --seed 7

The exit code is 1 if a file differs, a run ends in an error, or something is left behind.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import torch

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.weights.network_file import save_network

CONFIG = NetworkConfig(
    channels=8,
    growth=8,
    blocks=1,
    layers=2,
    filling_blocks=1,
    motion_levels=2,
    motion_channels=(8,),
    motion_kernel=3,
    head_hidden=8,
)
CHECKPOINT_FRAMES = 10


@dataclass
class Figures:
    """What the soak counts."""

    kills: int = 0
    files: int = 0
    equal: int = 0
    errors: int = 0
    kills_with_work_kept: int = 0
    leftovers: int = 0
    undisturbed_seconds: float = 0.0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="runs to kill (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the random moments (default: %(default)s)"
    )
    parser.add_argument(
        "--frames", type=int, default=144, help="frames of the clip (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(Path(folder), arguments.kills, arguments.frames, arguments.seed)
    if arguments.json:
        print(json.dumps(asdict(figures)))
    else:
        for name, value in asdict(figures).items():
            print(f"{name.replace('_', ' '):24} {value:g}")
    bad = figures.errors or figures.leftovers or figures.equal != figures.files
    sys.exit(1 if bad else 0)


def soak(folder: Path, kills: int, frames: int, seed: int) -> Figures:
    """Kill and resume until ``kills`` runs were killed, and finish the last file."""
    chance = random.Random(seed)  # noqa: S311  moments, not secrets
    clip, weights = folder / "clip.mp4", folder / "tiny.safetensors"
    render_demo_clip(clip, width=64, height=48, seconds=frames / 24)
    save_tiny_network(weights)
    figures = Figures()
    started = time.monotonic()
    whole = folder / "whole.mkv"
    run(clip, whole, weights, None)
    figures.undisturbed_seconds = time.monotonic() - started
    expected = digest(whole)
    target, work = folder / "out.mkv", folder / ".out.mkv.dscvsr"
    while figures.kills < kills or (work / "manifest.json").exists():
        longest = figures.undisturbed_seconds * 1.05
        delay = chance.uniform(0.3, 1.0) * longest if figures.kills < kills else None
        code = run(clip, target, weights, delay)
        if code is None:
            figures.kills += 1
            figures.kills_with_work_kept += any(work.glob("segment-*.packets"))
            if target.exists() and not (work / "manifest.json").exists():
                # Killed when all was done, before the exit code could tell.
                code = 0
        elif code != 0:
            figures.errors += 1
            break
        if code == 0:
            figures.files += 1
            figures.equal += digest(target) == expected
            figures.leftovers += work.exists()
            target.unlink()
    figures.seconds = time.monotonic() - started
    return figures


def run(clip: Path, target: Path, weights: Path, delay: float | None) -> int | None:
    """Run the real program; return its exit code, or None where it was killed after ``delay``."""
    command = [sys.executable, "-m", "dscvsr_cli", "upscale", clip, "-o", target, "-s", "1.5"]
    command += ["--weights", weights, "--encoder", "ffv1", "--device", "cpu", "--memory", "30MB"]
    command += ["--dtype", "float32", "--checkpoint", str(CHECKPOINT_FRAMES), "--resume", "--quiet"]
    with subprocess.Popen(list(map(str, command))) as process:  # noqa: S603  ours
        try:
            return process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return None


def digest(path: Path) -> str:
    """Hash every decoded frame with its time, and every audio packet."""
    total = hashlib.sha256()
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.stream.type != "video":
                total.update(f"{packet.pts} {packet.dts}".encode() + bytes(packet))
                continue
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    total.update(f"{frame.pts}".encode() + frame.to_ndarray().tobytes())
    return total.hexdigest()


def save_tiny_network(path: Path) -> None:
    """Save a small network whose recurrent state matters for every picture."""
    torch.manual_seed(0)
    network = RecurrentNetwork(CONFIG)
    for level in network.motion.levels:
        torch.nn.init.normal_(list(level.parameters())[-2], std=0.05)
    torch.nn.init.normal_(network.head.filters.weight, std=0.1)
    save_network(network.state_dict(), CONFIG, path, record={"trained": "not at all"})


if __name__ == "__main__":
    main()
