r"""Draw the same details of real clips by bicubic, Lanczos and a network, side by side.

::

    python benchmarks/studies/details.py -s 3 --columns 2 -o details.jpg \
        "FACE=sintel.mp4:660:320,120" "GRASS=bunny.mp4:60:200,250"

A detail is NAME=CLIP:FRAME:X,Y with the place of its upper left corner in the clip's own pixels.
The clip is not reduced first but enlarged as it is, compression included, so there is no original
to compare with. The network also sees a few frames before and after.
"""

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.benchmarking.methods import Method, classical_methods
from dscvsr_cli.datasets.open_clip import open_clip
from dscvsr_cli.frames import numbered
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.bitmap_font import ROWS, lettering
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.pipelines.bench.network_method import network_method
from dscvsr_cli.video.write.still_bytes import encode_still
from dscvsr_cli.video.write.still_options import StillOptions

AROUND = 7
"""Frames before and after that the network sees."""

GAP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One row of the sheet."""

    name: str
    clip: Path
    frame: int
    left: int
    top: int


def parse_detail(text: str) -> Detail:
    name, _, rest = text.partition("=")
    clip, frame, place = rest.rsplit(":", 2)
    left, top = (int(number) for number in place.split(","))
    return Detail(name=name, clip=Path(clip), frame=int(frame), left=left, top=top)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("details", nargs="+", type=parse_detail, metavar="NAME=CLIP:FRAME:X,Y")
    parser.add_argument(
        "-s", "--scale", type=float, default=3.0, help="factor (default: %(default)s)"
    )
    parser.add_argument(
        "-w", "--weights", action="append", help="may be repeated (default: the default weights)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("details.jpg"),
        help="picture to write (default: %(default)s)",
    )
    parser.add_argument(
        "--columns", type=int, default=1, help="details in a row (default: %(default)s)"
    )
    parser.add_argument(
        "--quality",
        type=int,
        default=88,
        help="quality of the JPEG, up to 100 (default: %(default)s)",
    )
    parser.add_argument(
        "--side",
        type=int,
        default=80,
        help="rows and columns of a detail, in the clip's pixels (default: %(default)s)",
    )
    options = parser.parse_args()
    networks = [
        network_method(spec, device=torch.device("cpu")) for spec in options.weights or [None]
    ]
    methods = (*classical_methods(), *networks)
    drawn = [draw_row(detail, methods, options.scale, options.side) for detail in options.details]
    rows = [
        torch.cat(drawn[first : first + options.columns], dim=2)
        for first in range(0, len(drawn), options.columns)
    ]
    picture = torch.cat(rows, dim=1)
    still = StillOptions(format="jpeg", quality=options.quality)
    options.output.write_bytes(encode_still(picture, still))
    print(f"{options.output}: {', '.join(method.info.name for method in methods)}")


def draw_row(detail: Detail, methods: tuple[Method, ...], scale: float, side: int) -> Tensor:
    """Return one detail by all methods -> ``(3, rows, columns)`` in [0, 1]."""
    first = max(0, detail.frame - AROUND)
    lows = list(itertools.islice(open_clip(detail.clip).read(), first, detail.frame + AROUND + 1))
    height, width = (round(pixels * scale) for pixels in lows[0].shape[-2:])
    top, left, extent = (round(n * scale) for n in (detail.top, detail.left, side))
    tiles = []
    for method in methods:
        made = list(method.upscale(numbered(lows), Size(height, width)))[detail.frame - first]
        crop = quantise(made)[:, top : top + extent, left : left + extent]
        tiles.append(add_caption(crop, f"{detail.name}: {method.info.name}"))
    return torch.cat(tiles, dim=2)


def add_caption(picture: Tensor, text: str) -> Tensor:
    drawn = lettering(text, zoom=1)[:, : picture.shape[-1]]
    caption = torch.zeros(3, ROWS + 2 * GAP, picture.shape[-1])
    caption[:, GAP : GAP + ROWS, GAP : GAP + drawn.shape[1]] = drawn[:, : picture.shape[-1] - GAP]
    return F.pad(torch.cat((caption, picture.float()), dim=1), (0, GAP, 0, 0))


if __name__ == "__main__":
    main()
