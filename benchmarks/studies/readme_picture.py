"""Make the picture at the top of the README: one frame of a real clip, by bicubic and by dscvsr.

::

    python benchmarks/studies/readme_picture.py sintel_trailer-480p.mp4 -o docs/sintel.jpg

The clip is shrunk by the factor and compressed with H.264, as small videos are, and then enlarged
again; the network also sees the frames before and after. Prints the PSNR of the part that is shown.
The defaults are those of the README, for the trailer of Sintel in 854x480: (c) Blender Foundation,
durian.blender.org, CC BY 3.0. No frame of it is in the training data.
"""

import argparse
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from dscvsr_cli.benchmarking.methods import classical_methods
from dscvsr_cli.datasets.degrade import Degradation, degrade_frames
from dscvsr_cli.durable import write_durably
from dscvsr_cli.frames import numbered
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.bitmap_font import lettering
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.pipelines.bench.network_method import network_method
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.write.still_bytes import encode_still
from dscvsr_cli.video.write.still_options import StillOptions

AROUND_SECONDS = Fraction(3, 10)
"""What the network sees before and after the frame."""

GAP = 4
ZOOM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """The part of a frame that is shown, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def cut(self, picture: Tensor) -> Tensor:
        """Return the part of ``(3, H, W)``, rounded to 8 bits."""
        rows = slice(self.top, self.top + self.height)
        return quantise(picture.float())[:, rows, self.left : self.left + self.width]


ALLEY = Crop(left=240, top=70, width=440, height=340)


def parse_crop(text: str) -> Crop:
    match = re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError("write WIDTHxHEIGHT+LEFT+TOP: 440x340+240+70")
    width, height, left, top = map(int, match.groups())
    return Crop(left=left, top=top, width=width, height=height)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument(
        "--at",
        type=Fraction,
        default=Fraction("19.9"),
        help="time of the frame in seconds (default: 19.9)",
    )
    parser.add_argument(
        "--crop",
        type=parse_crop,
        default=ALLEY,
        metavar="WxH+LEFT+TOP",
        help="part of the frame to show",
    )
    parser.add_argument(
        "-s", "--scale", type=float, default=3.0, help="factor (default: %(default)s)"
    )
    parser.add_argument(
        "-w", "--weights", help="as for dscvsr upscale (default: the default weights)"
    )
    parser.add_argument(
        "--degradation", default="codec:18", help="bi, bd or codec:CRF (default: %(default)s)"
    )
    parser.add_argument(
        "--quality",
        type=int,
        default=95,
        help="quality of the JPEG, up to 100 (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("docs/sintel.jpg"),
        help="picture to write (default: %(default)s)",
    )
    options = parser.parse_args()

    frames, place = read_around(options.clip, options.at)
    degradation = Degradation.parse(options.degradation)
    pairs = list(degrade_frames(iter(frames), options.scale, degradation))
    truth = options.crop.cut(pairs[place].truth)
    lows = [pair.low for pair in pairs]
    size = Size(*pairs[place].truth.shape[-2:])
    bicubic = next(one for one in classical_methods() if one.info.name == "bicubic")
    network = network_method(options.weights, device=torch.device("cpu"))
    panels = []
    for name, method in (("BICUBIC", bicubic), ("DSCVSR", network)):
        made = options.crop.cut(list(method.upscale(numbered(lows), size))[place])
        ratio = float(psnr(luma(made.double()), luma(truth.double())))
        print(f"{method.info.name}: {ratio:.2f} dB")
        panels.append(with_caption(made, name))
    gap = torch.ones(3, panels[0].shape[1], GAP)
    picture = torch.cat((panels[0], gap, panels[1]), dim=2)
    encoded = encode_still(picture, StillOptions(format="jpeg", quality=options.quality))
    write_durably(options.output, encoded)
    print(f"{options.output}: {picture.shape[2]}x{picture.shape[1]}, {len(encoded)} bytes")


def read_around(clip: Path, seconds: Fraction) -> tuple[list[Tensor], int]:
    """Return the frames around a time, and the position of the one that is shown then."""
    begin = max(Fraction(0), seconds - AROUND_SECONDS)
    span = TimeSpan(begin, seconds + AROUND_SECONDS)
    frames: list[Tensor] = []
    place = 0
    with VideoReader(clip, ReadOptions(span=span)) as reader:
        for frame in reader:
            if frame.pts * reader.info.time_base - reader.info.start_seconds <= seconds:
                place = len(frames)
            frames.append(frame.pixels)
    return frames, place


def with_caption(picture: Tensor, text: str) -> Tensor:
    """Write a name on a dark ground into the lower left corner of ``(3, H, W)``."""
    drawn = F.pad(lettering(text, zoom=ZOOM), (2 * GAP, 2 * GAP, GAP, GAP))
    marked = picture.clone()
    top = picture.shape[1] - drawn.shape[0]
    marked[:, top:, : drawn.shape[1]] = drawn
    return marked


if __name__ == "__main__":
    main()
