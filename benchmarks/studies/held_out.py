"""Print the PSNR of weights, and of sums of weights, on held-out clips, clean and after H.264.

::

    python benchmarks/studies/held_out.py --data FOOTAGE "0.75*new.safetensors,0.25*old.safetensors"

The clips are those that `dscvsr train --data FOOTAGE` validates on: four, 7 frames, 256 pixels in
the middle. A sum names files of one network, each with its factor; `-o` writes the last one.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.datasets.sources import find_sources
from dscvsr_cli.datasets.split import split_sources
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.rounding import Range, round_to_eight_bits
from dscvsr_cli.training.data.noise import compress_clip
from dscvsr_cli.training.training_config import TrainingConfig
from dscvsr_cli.training.validation import VALIDATION_SCALES, choose_clips, middle
from dscvsr_cli.weights.network_file import read_network, read_ranges, save_network


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A clip of the validation at one factor."""

    low: Tensor
    """(T, 3, h, w) in [0, 1]."""
    truth: Tensor
    """(T, 3, H, W) in [0, 1]."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        help="footage, as for dscvsr train; may be repeated",
    )
    parser.add_argument(
        "--crf", type=int, default=25, help="CRF of the H.264 clips (default: %(default)s)"
    )
    parser.add_argument("--int8", action="store_true", help="round as --dtype int8 does")
    parser.add_argument("-o", dest="output", type=Path, help="write the last sum to this file")
    parser.add_argument("sums", nargs="+", metavar="FACTOR*FILE,...")
    given = parser.parse_args()
    _, held_out = split_sources(find_sources(given.data).sources, TrainingConfig().validation_share)
    clips = [middle(clip).float() / 255.0 for clip in choose_clips(held_out)]
    for expression in given.sums:
        network = weighted_sum(expression)
        if given.int8:
            round_to_eight_bits(network, network.ranges)
        found = []
        for scale in VALIDATION_SCALES:
            pairs = [shrink(clip, scale) for clip in clips]
            clean = fmean(score(network, pair.low, pair.truth) for pair in pairs)
            coded = fmean(
                score(network, compress_clip(pair.low, given.crf, "h264"), pair.truth)
                for pair in pairs
            )
            found.append(f"x{scale} {clean:.2f}, CRF {given.crf} {coded:.2f}")
        print(f"{expression}: {'; '.join(found)} dB", flush=True)
    if given.output:
        save_network(network.state_dict(), network.config, given.output, record={})


def weighted_sum(expression: str) -> RecurrentNetwork:
    """Build the network whose weights are a sum, such as ``"1*a.safetensors,-1*b.safetensors"``."""
    weights: dict[str, Tensor] = {}
    ranges: dict[str, Range] = {}
    for term in expression.split(","):
        factor, _, name = term.partition("*")
        state, config, _ = read_network(Path(name))
        ranges |= read_ranges(Path(name))
        for key, weight in state.items():
            weights[key] = weights.get(key, torch.zeros(())) + float(factor) * weight.float()
    network = RecurrentNetwork(config).eval()
    network.load_state_dict(weights)
    # Of a sum they are those of its last term.
    network.ranges = ranges
    return network


def shrink(clip: Tensor, scale: int) -> Pair:
    pairs = [degrade_picture(frame, scale) for frame in clip]
    return Pair(
        torch.stack([pair.low for pair in pairs]), torch.stack([pair.truth for pair in pairs])
    )


@torch.inference_mode()
def score(network: RecurrentNetwork, low: Tensor, truth: Tensor) -> float:
    made = network(low[None], Size(*truth.shape[-2:]))[0]
    return float(psnr(luma(quantise(made.double())), luma(truth.double())).mean())


if __name__ == "__main__":
    main()
