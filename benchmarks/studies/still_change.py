"""Print how much a network changes what stands still: one frame, repeated, enlarged.

::

    python benchmarks/studies/still_change.py --dataset vid4 --root DIR -s 2 -s 4 \
        -w dscvsr-lite -w dscvsr-lite-video

The first frame of each clip, reduced by antialiased bicubic and rounded to 8 bits, is repeated; the
figures are the mean absolute changes of RGB from an enlarged frame to the next, and to the one
after that, in levels of 255, before rounding. The mean of all clips; bicubic has 0.
"""

import argparse
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.bench.network_method import network_method


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="vid4", help="a known name, or a path")
    parser.add_argument("--root", type=Path, help="the folder of the known data sets")
    parser.add_argument("--frames", type=int, default=16, help="times that the frame is repeated")
    parser.add_argument("--side", type=int, default=256, help="pixels of the middle that are used")
    parser.add_argument("-s", "--scale", type=float, action="append", required=True)
    parser.add_argument("-w", "--weights", action="append", help="default: the default weights")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    stills = [
        middle(next(iter(clip)), given.side) for clip in find_clips(given.dataset, root=given.root)
    ]
    for weights in given.weights or [None]:
        method = network_method(weights, device=torch.device(given.device))
        for scale in given.scale:
            pairs = [degrade_picture(still, scale) for still in stills]
            found = [
                changes(torch.stack(list(method.upscale([pair.low] * given.frames, size))))
                for pair in pairs
                for size in [Size(*pair.truth.shape[-2:])]
            ]
            next_frame, after = (fmean(column) for column in zip(*found, strict=True))
            print(
                f"{method.info.name} x{scale:g}: {next_frame:.3f} levels to the next frame, "
                f"{after:.3f} to the one after"
            )


def middle(picture: Tensor, side: int) -> Tensor:
    """Cut the middle out of ``(3, H, W)``, ``side`` pixels at most on each side."""
    top, left = (max(0, (length - side) // 2) for length in picture.shape[-2:])
    return picture[..., top : top + side, left : left + side]


def changes(frames: Tensor) -> tuple[float, float]:
    """Return the mean change of ``(T, 3, H, W)`` one frame and two frames apart, in levels."""
    levels = 255.0 * frames.double().clamp(0, 1)
    return (
        (levels[1:] - levels[:-1]).abs().mean().item(),
        (levels[2:] - levels[:-2]).abs().mean().item(),
    )


if __name__ == "__main__":
    main()
