"""Print the largest value that travels from frame to frame while weights go through a long clip.

::

    python benchmarks/studies/stability.py demo/clip.mp4 -w dscvsr-fast-video --no-limit

A recurrence that is stable keeps it about 4; one that is not lets it grow without end, and noise
covers the picture. In bfloat16 where the processor has it; `--no-limit` lifts the network's bound.
"""

import argparse
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import torch

from dscvsr_cli.engine.device import choose_dtype
from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork, interpolate
from dscvsr_cli.weights.load import load_network

FACTOR = 2
SIDE = 16
"""Pixels over which detail is averaged."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clip", type=Path, help="video to enlarge")
    parser.add_argument(
        "-w", "--weights", action="append", help="may be repeated (default: the default weights)"
    )
    parser.add_argument(
        "--frames", type=int, default=72, help="frames of the clip (default: %(default)s)"
    )
    parser.add_argument(
        "--no-limit", action="store_true", help="lift the network's bound on these values"
    )
    given = parser.parse_args()
    with av.open(str(given.clip)) as container:
        shown = [
            torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).float() / 255.0
            for frame in islice(container.decode(video=0), given.frames)
        ]
    frames = torch.stack(shown)[None]
    cpu = torch.device("cpu")
    for name in given.weights or [None]:
        loaded = load_network(name, device=cpu, dtype=torch.float32)
        network = loaded.network
        if given.no_limit:
            network = RecurrentNetwork(replace(network.config, state_limit=0.0))
            network.load_state_dict(loaded.network.state_dict())
        network = network.to(choose_dtype("auto", cpu)).eval()
        state, detail = extremes(network, frames)
        print(f"{loaded.name}: largest state {state:.3g}, loudest detail {detail:.2f}", flush=True)


@torch.inference_mode()
def extremes(network: RecurrentNetwork, frames: torch.Tensor) -> tuple[float, float]:
    """Return the largest value of either pass, and the loudest detail of every fourth frame."""
    backward = network.backward_features(frames, first_index=0)
    forward = network.forward_features(frames, first_index=0)
    size = Size(FACTOR * frames.shape[-2], FACTOR * frames.shape[-1])
    loudest = 0.0
    for place in range(0, frames.shape[1], 4):
        one = slice(place, place + 1)
        made = network.reconstruct(frames[:, one], backward[:, one], forward[:, one], size=size)
        detail = (made[0] - interpolate(frames[0, one], size)).abs()
        loudest = max(loudest, float(torch.nn.functional.avg_pool2d(detail, SIDE).max()))
    return max(float(backward.abs().max()), float(forward.abs().max())), loudest


if __name__ == "__main__":
    main()
