r"""Print the gain from a frame's neighbours: clips enlarged whole, against frame by frame.

::

    python benchmarks/studies/temporal_gain.py --dataset vid4 --root DIR --frames 7 -s 2 -s 4 \
        -w dscvsr-lite

Frames are reduced by antialiased bicubic and rounded to 8 bits, as `dscvsr bench` does. PSNR on Y,
no crop, mean of the frames of a clip and then of clips.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.measure_clip import measure_clip
from dscvsr_cli.benchmarking.methods import Method
from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.bench.network_method import network_method


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--dataset", default="vid4", help="as for dscvsr bench (default: %(default)s)"
    )
    parser.add_argument("--root", type=Path, help="as for dscvsr bench")
    parser.add_argument(
        "--frames", type=int, default=7, help="frames of each clip (default: %(default)s)"
    )
    parser.add_argument(
        "-s", "--scale", type=float, action="append", required=True, help="factor; may be repeated"
    )
    parser.add_argument(
        "-w", "--weights", help="as for dscvsr upscale (default: the default weights)"
    )
    given = parser.parse_args()
    clips = [clip.first(given.frames) for clip in find_clips(given.dataset, root=given.root)]
    whole = network_method(given.weights, device=torch.device("cpu"))
    protocol = BenchProtocol(dataset=given.dataset, frames=given.frames, temporal=False)

    def score(method: Method, scale: float) -> float:
        return fmean(measure_clip(clip, method, scale, protocol).quality.psnr_y for clip in clips)

    print(
        f"{whole.info.name}, first {given.frames} frames of each clip (clips: {len(clips)}), "
        "PSNR on Y in dB"
    )
    for scale in given.scale:
        together, alone = score(whole, scale), score(frame_by_frame(whole), scale)
        print(f"x{scale:g}: together {together:.2f}, alone {alone:.2f}, {together - alone:+.2f}")


def frame_by_frame(method: Method) -> Method:
    """Return the same method, blind to what came before and what comes after."""

    def upscale(frames: Iterable[Frame], size: Size) -> Iterator[Tensor]:
        for frame in frames:
            yield from method.upscale((frame,), size)

    return replace(method, upscale=upscale)


if __name__ == "__main__":
    main()
