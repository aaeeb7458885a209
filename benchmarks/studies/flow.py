r"""Print a network's optical flow between equal frames, and its PSNR with other flows.

::

    python benchmarks/studies/flow.py --dataset vid4 --root DIR --frames 7 -s 2 \
        -w dscvsr-lite --flow OTHER

Between a frame and itself nothing moves: a flow other than zero is an offset that features and flow
have learned together. Then, with everything but the flow unchanged, PSNR on Y (no crop, mean of the
frames, clean bicubic reduction) of every clip for

- the network's own flow; the estimate without what the whole picture has in common; the estimate
  without the coarsest levels of its pyramid;
- the motion of the whole picture for all pixels, linear in the place;
- no motion: features are not moved;
- with ``--flow``, the flow of other weights, such as BasicVSR's after `dscvsr weights convert`.
"""

import argparse
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol
from dscvsr_cli.benchmarking.measure_clip import measure_clip
from dscvsr_cli.consensus import common_flow
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.datasets.degrade import Degradation, clip_pairs
from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.engine.device import choose_dtype
from dscvsr_cli.models.motion import MotionEstimator
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.pipelines.bench.network_method import network_method, network_upscaler
from dscvsr_cli.pipelines.network_cost import network_cost
from dscvsr_cli.weights.load import load_network

CPU = torch.device("cpu")


class OtherFlow(nn.Module):
    """Stands in the place of a motion estimator."""

    def __init__(self, estimate: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.estimate = estimate

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Estimate as ``MotionEstimator`` does."""
        return self.estimate(target, source)


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
        "-s", "--scale", type=float, default=2.0, help="factor (default: %(default)s)"
    )
    parser.add_argument(
        "-w", "--weights", help="as for dscvsr upscale (default: the default weights)"
    )
    parser.add_argument(
        "--flow",
        action="append",
        default=[],
        help="weights whose flow is tried instead; may be repeated",
    )
    given = parser.parse_args()
    clips = [clip.first(given.frames) for clip in find_clips(given.dataset, root=given.root)]
    network = load_network(given.weights, device=CPU, dtype=choose_dtype("auto", CPU)).network
    own = network.motion

    print(f"{'':52}", *(f"{clip.name:>14}" for clip in clips))
    offsets = (still_flow(own, clip, given.scale) for clip in clips)
    across_and_down = (f"{across:7.2f}{down:7.2f}" for across, down in offsets)
    print(f"{'mean flow between a frame and itself, in pixels':52}", *across_and_down)

    alone = estimate_alone(own)
    flows: dict[str, nn.Module] = {"its own": own, "its estimate alone": alone}
    for count in range(1, len(own.levels)):
        name = f"its estimate without the {count} coarsest of {len(own.levels)} levels"
        flows[name] = without_coarsest(alone, count)
    flows["the motion of the whole picture"] = OtherFlow(
        lambda target, source: common_flow(alone(target, source))
    )
    flows["none"] = OtherFlow(lambda target, _: torch.zeros_like(target[:, :2]).float())
    for spec in given.flow:
        flows[f"that of {Path(spec).stem}"] = load_network(spec, device=CPU).network.motion
    method = network_method(given.weights, device=CPU)
    protocol = BenchProtocol(dataset=given.dataset, frames=given.frames, temporal=False)
    print(f"PSNR on Y in dB at x{given.scale:g}, first {given.frames} frames, with this flow:")
    for name, flow in flows.items():
        changed = network_upscaler(
            with_flow(network, flow),
            device=CPU,
            cost=network_cost(network.config, network.feature_dtype),
        )
        scores = (
            measure_clip(clip, replace(method, upscale=changed), given.scale, protocol)
            for clip in clips
        )
        print(f"{name:52}", *(f"{score.quality.psnr_y:14.2f}" for score in scores), flush=True)


@torch.inference_mode()
def still_flow(motion: MotionEstimator, clip: Clip, scale: float) -> tuple[float, float]:
    """Return the mean flow between the first frame of a clip and itself, in reduced pixels."""
    low = next(clip_pairs(clip, scale, Degradation.parse("bi"))).low[None].float()
    across, down = motion(low, low).mean(dim=(0, 2, 3)).tolist()
    return across, down


def estimate_alone(motion: MotionEstimator) -> MotionEstimator:
    """Return a copy that takes nothing from the motion of the whole picture."""
    alone = deepcopy(motion)
    alone.consensus = False
    return alone


def without_coarsest(motion: MotionEstimator, count: int) -> MotionEstimator:
    """Return a copy whose ``count`` coarsest levels add nothing."""
    silenced = deepcopy(motion)
    for level in silenced.levels[:count]:
        # Those of its last convolution.
        for weight in list(level.parameters())[-2:]:
            nn.init.zeros_(weight)
    return silenced


def with_flow(network: RecurrentNetwork, flow: nn.Module) -> RecurrentNetwork:
    """Return a copy of ``network`` that moves its features by another flow."""
    changed = deepcopy(network)
    changed.motion = flow  # type: ignore[assignment]
    return changed


if __name__ == "__main__":
    main()
