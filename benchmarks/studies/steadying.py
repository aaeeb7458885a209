"""Print what averaging along the motion does to enlarged frames: fidelity, and flicker.

::

    python benchmarks/studies/steadying.py --root DIR -s 4 --degradation codec:23 \
        -w dscvsr-fast-video

Each frame is averaged with those before and after it, fetched along the network's own flow (found
at half of the size, bicubic). A neighbour weighs `--share` times exp(-(d / `--level`)^2), where d
is the mean difference of the small frames around a place along the flow, in levels of 255; the
frame itself weighs 1. Measured as `dscvsr bench` does.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.frame_meter import TrueMotions
from dscvsr_cli.benchmarking.measure_clip import measure_clip
from dscvsr_cli.benchmarking.methods import Method, classical_methods
from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.bench.network_method import network_method
from dscvsr_cli.warping import warp
from dscvsr_cli.weights.load import load_network

MotionFinder = Callable[[Tensor, Tensor], Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="vid4", help="a known name, or a path")
    parser.add_argument("--root", type=Path, help="where the known data sets lie")
    parser.add_argument("--frames", type=int, default=7)
    parser.add_argument("--degradation", default="codec:23")
    parser.add_argument("-s", "--scale", type=float, default=4.0)
    parser.add_argument("-w", "--weights", help="default: the default weights")
    parser.add_argument("--share", type=float, action="append", help="default: 0.5 and 0.8")
    parser.add_argument("--level", type=float, action="append", help="default: 6 and 10")
    given = parser.parse_args()
    cpu = torch.device("cpu")
    clips = [clip.first(given.frames) for clip in find_clips(given.dataset, root=given.root)]
    motions = [TrueMotions() for _ in clips]
    network = network_method(given.weights, device=cpu, dtype_name="float32")
    find = load_network(given.weights, device=cpu).network.motion
    protocol = BenchProtocol(
        dataset=given.dataset, degradation=given.degradation, frames=given.frames
    )

    def show(name: str, method: Method) -> None:
        found = [
            measure_clip(clip, method, given.scale, protocol, motions=motion).quality
            for clip, motion in zip(clips, motions, strict=True)
        ]
        psnr = fmean(quality.psnr_y for quality in found)
        flicker = fmean(quality.flicker or 0.0 for quality in found) ** 0.5
        print(f"{name:24} {psnr:.3f} dB  flicker {flicker:.2f}", flush=True)

    show("bicubic", classical_methods()[0])
    show(network.info.name, network)
    for share, level in product(given.share or (0.5, 0.8), given.level or (6.0, 10.0)):
        show(f"share {share:g}, level {level:g}", steadied(network, find, share, level))


def steadied(method: Method, find: MotionFinder, share: float, level: float) -> Method:
    """Return a method whose frames are averaged along the motion."""

    @torch.inference_mode()
    def upscale(frames: Iterable[Tensor], size: Size) -> Iterator[Tensor]:
        lows = torch.stack(list(frames))
        made = torch.stack(list(method.upscale(lows, size)))
        for place in range(len(lows)):
            total, whole = made[place], torch.ones_like(made[place, :1])
            for other in {max(0, place - 1), min(place + 1, len(lows) - 1)} - {place}:
                flow = motion(lows[place], lows[other], find)
                weight = share * sameness(lows[place], lows[other], flow, level)
                weight = enlarge(weight, size)[0]
                total = total + weight * fetch(made[other], stretch(flow, size))
                whole = whole + weight
            yield total / whole

    return replace(method, upscale=upscale)


def motion(target: Tensor, source: Tensor, find: MotionFinder) -> Tensor:
    """Find the flow of ``(3, H, W)`` frames at half of their size -> ``(1, 2, H, W)``."""
    halves = (F.avg_pool2d(x[None], 2, ceil_mode=True) for x in (target, source))
    return stretch(find(*halves), Size(*target.shape[-2:]))


def sameness(target: Tensor, source: Tensor, flow: Tensor, level: float) -> Tensor:
    """Return how much frames show the same along the flow -> ``(1, 1, H, W)``."""
    difference = (target[None] - warp(source[None], flow)).abs().mean(dim=1, keepdim=True)
    around = F.avg_pool2d(difference, 3, stride=1, padding=1, count_include_pad=False)
    return torch.exp(-(around * 255.0 / level).square())


def stretch(flow: Tensor, size: Size) -> Tensor:
    """Bring a flow to another size; its lengths change with it."""
    factors = flow.new_tensor([size.width / flow.shape[-1], size.height / flow.shape[-2]])
    return enlarge(flow, size) * factors[:, None, None]


def enlarge(planes: Tensor, size: Size) -> Tensor:
    return F.interpolate(
        planes, size=(size.height, size.width), mode="bilinear", align_corners=False
    )


def fetch(picture: Tensor, flow: Tensor) -> Tensor:
    """Fetch ``(3, H, W)`` along ``(1, 2, H, W)``, bicubic."""
    height, width = picture.shape[-2:]
    columns, rows = torch.arange(width), torch.arange(height)[:, None]
    grid = torch.stack(
        (
            (columns + flow[:, 0]) * (2.0 / max(width - 1, 1)) - 1.0,
            (rows + flow[:, 1]) * (2.0 / max(height - 1, 1)) - 1.0,
        ),
        dim=-1,
    )
    return F.grid_sample(
        picture[None], grid, mode="bicubic", padding_mode="border", align_corners=True
    )[0]


if __name__ == "__main__":
    main()
