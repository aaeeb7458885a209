r"""Cut a smaller network out of a trained one, as a start that is much better than fresh weights.

::

    python benchmarks/studies/prune.py dscvsr-lite --data FOOTAGE -o start.safetensors \
        --channels 48 --blocks 3 --layers 3 --motion-levels 4 --motion-finest 1

Blocks and layers go from the end, growth stays. Channels that others predict best go first, one at
a time; every convolution that read a removed channel reads a linear prediction of it instead, which
is fitted on the network's own features (least squares, a small ridge) and folded into its weights.
Nothing is trained here; `dscvsr train --init` continues from the file.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from dscvsr_cli.datasets.find_clips import find_clips
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.propagation import FeatureExtraction, RecurrentPass
from dscvsr_cli.weights.load import load_network
from dscvsr_cli.weights.network_file import save_network

FRAMES = 6
SIDE = 128
"""Pixels of the true frames on a side; half and a quarter of it is what the network sees."""

RIDGE = 1e-4
"""Relative to the mean variance of a channel."""

Modules = dict[str, nn.Module]


@dataclass(frozen=True, slots=True)
class Moments:
    """First and second moments of what a module reads: ``(C + 1, C + 1)``, a one appended."""

    product: Tensor

    def covariance(self, channels: Tensor) -> Tensor:
        """Return the covariance of some channels."""
        mean = self.product[-1, channels] / self.product[-1, -1]
        return self.product[channels][:, channels] / self.product[-1, -1] - torch.outer(mean, mean)

    def prediction(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Predict every channel from the kept ones -> slopes ``(C, kept)``, intercepts ``(C,)``."""
        everything = torch.arange(self.product.shape[0] - 1)
        covariance = self.covariance(everything)
        ridge = RIDGE * covariance.diagonal().mean() * torch.eye(len(kept), dtype=torch.float64)
        slopes = torch.linalg.solve(covariance[kept][:, kept] + ridge, covariance[kept]).T
        # What is kept predicts itself exactly, whatever the ridge.
        slopes[kept] = torch.eye(len(kept), dtype=torch.float64)
        mean = self.product[-1, :-1] / self.product[-1, -1]
        return slopes, mean - slopes @ mean[kept]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("weights", help="a name from dscvsr weights list, or a file")
    parser.add_argument("--data", type=Path, required=True, help="folder of clips")
    parser.add_argument(
        "--clips", type=int, default=24, help="clips to fit on (default: %(default)s)"
    )
    parser.add_argument("--channels", type=int, required=True, help="channels to keep")
    parser.add_argument(
        "--blocks", type=int, required=True, help="blocks to keep in each direction"
    )
    parser.add_argument("--layers", type=int, required=True, help="layers to keep in each block")
    parser.add_argument(
        "--motion-levels", type=int, required=True, help="levels of the motion network"
    )
    parser.add_argument(
        "--motion-finest",
        type=int,
        required=True,
        help="finest level of the flow: 0 is full size, 1 half size",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    given = parser.parse_args()
    loaded = load_network(given.weights, device=torch.device("cpu"))
    config = replace(
        loaded.config,
        channels=given.channels,
        blocks=given.blocks,
        layers=given.layers,
        motion_levels=given.motion_levels,
        motion_finest=given.motion_finest,
    )
    moments = collect(loaded.network, clips_of(given.data, given.clips))
    smaller = RecurrentNetwork(config)
    prune(loaded.network, smaller, moments)
    record = {"recipe": f"cut out of {given.weights}, not trained since"}
    save_network(smaller.state_dict(), config, given.output, record=record)
    print(f"{given.output}: {sum(weight.numel() for weight in smaller.parameters()):,} parameters")


def clips_of(folder: Path, count: int) -> Iterable[Tensor]:
    """Yield ``(1, T, 3, h, w)`` low-resolution clips, spread evenly over those of a folder."""
    clips = find_clips(str(folder))
    for place, clip in enumerate(clips[:: max(1, len(clips) // count)]):
        frames = torch.stack(list(clip.first(FRAMES)))
        top, left = ((side - SIDE) // 2 for side in frames.shape[-2:])
        middle = frames[..., top : top + SIDE, left : left + SIDE]
        side = SIDE // (2, 3, 4)[place % 3]
        yield resize(middle, Size(side, side)).clamp(0, 1)[None]


def collect(network: RecurrentNetwork, clips: Iterable[Tensor]) -> dict[str, Moments]:
    """Run clips through a network and return the moments of what its convolutions read."""
    sums: dict[str, Tensor] = {}

    def listen(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            rows = inputs[0].transpose(0, 1).flatten(1)
            rows = torch.cat((rows, torch.ones_like(rows[:1])))
            sums[name] = sums.get(name, torch.zeros(())) + (rows @ rows.T).double()

        return hook

    hooks = [
        module.register_forward_pre_hook(listen(name))
        for name, module in network.named_modules()
        if name == "head" or (isinstance(module, nn.Conv2d) and not name.startswith("motion"))
    ]
    with torch.no_grad():
        for clip in clips:
            height, width = clip.shape[-2:]
            network(clip, Size(2 * height, 2 * width))
    for hook in hooks:
        hook.remove()
    return {name: Moments(product) for name, product in sums.items()}


def prune(large: RecurrentNetwork, small: RecurrentNetwork, moments: dict[str, Moments]) -> None:
    """Fill a small network with what is left of a large one.

    Args:
        large: Trained; its blocks are separable, pointwise first.
        small: As large, with fewer channels, blocks, layers and motion levels; overwritten.
        moments: Of ``collect(large)``.

    Raises:
        ValueError: The networks differ in what is not pruned.
    """
    if large.config.growth != small.config.growth:
        raise ValueError("growth is not pruned")
    surgeon = _Surgeon(large, small, moments)
    states = [surgeon.prune_pass(name) for name in ("backward_pass", "forward_pass")]
    width = large.config.channels
    joined = torch.cat((states[0], states[1] + width))
    fused = surgeon.choose([("refinement", 0)])
    surgeon.conv("fusion", joined, fused)
    refined = surgeon.choose([("head", 0)])
    surgeon.conv("refinement", fused, refined)
    surgeon.head(refined)
    for level, mine in zip(large.motion.levels, small.motion.levels, strict=False):
        mine.load_state_dict(level.state_dict())


class _Surgeon:
    """Copies one network's weights into a smaller one, channels removed and made up for."""

    def __init__(
        self, large: RecurrentNetwork, small: RecurrentNetwork, moments: dict[str, Moments]
    ) -> None:
        self.large, self.small = large, small
        self.from_: Modules = dict(large.named_modules())
        self.to: Modules = dict(small.named_modules())
        self.moments = moments

    def choose(self, readers: Sequence[tuple[str, int]]) -> Tensor:
        """Choose the channels to keep of a signal -> their places, ascending.

        Args:
            readers: Modules that read the signal, and the place where it begins in what they read.
        """
        width = self.large.config.channels
        kept = torch.arange(width)
        while len(kept) > self.small.config.channels:
            cost = torch.zeros(len(kept), dtype=torch.float64)
            for name, first in readers:
                covariance = self.moments[name].covariance(first + kept)
                ridge = RIDGE * covariance.diagonal().mean()
                inverse = torch.linalg.inv(covariance + ridge * torch.eye(len(kept)))
                cost += self._loudness(name)[first + kept] / inverse.diagonal()
            kept = torch.cat((kept[: cost.argmin()], kept[cost.argmin() + 1 :]))
        return kept

    def _loudness(self, name: str) -> Tensor:
        """How strongly a module reads each of its channels: the squared norm of its weights."""
        module = self.from_[name]
        if name == "head":
            filters = self.large.head.filters
            bank = torch.cat((filters.weight, filters.bias[:, None]), dim=1)
            return bank.view(3, self.large.config.channels, -1).square().sum(dim=(0, 2)).double()
        assert isinstance(module, nn.Conv2d)  # noqa: S101
        return module.weight.square().sum(dim=(0, 2, 3)).double()

    def prune_pass(self, name: str) -> Tensor:
        """Prune one recurrent pass and return which channels of its state are left."""
        part = self.from_[name]
        assert isinstance(part, RecurrentPass)  # noqa: S101
        assert isinstance(part.extraction, FeatureExtraction)  # noqa: S101
        mine, width = f"{name}.extraction", self.large.config.channels
        blocks, layers = self.small.config.blocks, self.small.config.layers
        growth = self.large.config.growth
        readers = [(f"{mine}.shallow", 0)]
        readers += [(f"{mine}.blocks.{i}.layers.0.0", 0) for i in range(blocks)]
        readers += [(f"{mine}.blocks.{i}.fusion", 0) for i in range(blocks)]
        readers += [(f"{mine}.global_fusion", i * width) for i in range(blocks)]
        state = self.choose(readers)
        self.conv(f"{mine}.shallow", torch.cat((state, torch.arange(width, width + 3))), state)
        for i in range(blocks):
            block = f"{mine}.blocks.{i}"
            seen = torch.cat((state, torch.arange(width, width + layers * growth)))
            for j in range(layers):
                self.separable(
                    f"{block}.layers.{j}", seen[: len(state) + j * growth], torch.arange(growth)
                )
            self.conv(f"{block}.fusion", seen, state)
        fused = self.choose([(f"{mine}.smoothing.0", 0)])
        outputs = torch.cat([state + i * width for i in range(blocks)])
        self.conv(f"{mine}.global_fusion", outputs, fused)
        self.separable(f"{mine}.smoothing", fused, state)
        if part.filling is not None:
            self.conv(f"{name}.filling.fusion", torch.cat((state, state + width)), state)
            for i in range(len(part.filling.blocks)):
                block = f"{name}.filling.blocks.{i}"
                inside = self.choose([(f"{block}.second", 0)])
                self.conv(f"{block}.first", state, inside)
                self.conv(f"{block}.second", inside, state)
        return state

    def conv(self, name: str, kept: Tensor, rows: Tensor) -> None:
        """Copy a convolution that reads the ``kept`` channels and makes those in ``rows``."""
        old, new = self._convs(name)
        slopes, intercepts = self.moments[name].prediction(kept)
        weight = old.weight[rows].double()
        assert old.bias is not None  # noqa: S101
        assert new.bias is not None  # noqa: S101
        with torch.no_grad():
            new.weight.copy_(torch.einsum("ocyx,ck->okyx", weight, slopes))
            new.bias.copy_(old.bias[rows] + torch.einsum("ocyx,c->o", weight, intercepts))

    def separable(self, name: str, kept: Tensor, rows: Tensor) -> None:
        """Copy a pointwise convolution and the depthwise one behind it."""
        old, new = self._convs(f"{name}.0")
        slopes, intercepts = self.moments[f"{name}.0"].prediction(kept)
        weight = old.weight[rows, :, 0, 0].double()
        old_depth, new_depth = self._convs(f"{name}.1")
        assert old_depth.bias is not None  # noqa: S101
        assert new_depth.bias is not None  # noqa: S101
        with torch.no_grad():
            new.weight.copy_((weight @ slopes)[..., None, None])
            new_depth.weight.copy_(old_depth.weight[rows])
            offset = (weight @ intercepts) * old_depth.weight[rows].double().sum(dim=(1, 2, 3))
            new_depth.bias.copy_(old_depth.bias[rows] + offset)

    def head(self, kept: Tensor) -> None:
        """Copy the filter predictor for the ``kept`` channels; it has no place for intercepts."""
        slopes, _ = self.moments["head"].prediction(kept)
        old, new, width = self.large.head, self.small.head, self.large.config.channels
        new.hidden.load_state_dict(old.hidden.state_dict())
        with torch.no_grad():
            for source, sink in (
                (old.filters.weight, new.filters.weight),
                (old.filters.bias, new.filters.bias),
            ):
                bank = source.double().view(3, width, 9, -1)
                sink.copy_(torch.einsum("octh,ck->okth", bank, slopes).reshape(sink.shape))

    def _convs(self, name: str) -> tuple[nn.Conv2d, nn.Conv2d]:
        old, new = self.from_[name], self.to[name]
        assert isinstance(old, nn.Conv2d)  # noqa: S101
        assert isinstance(new, nn.Conv2d)  # noqa: S101
        return old, new


if __name__ == "__main__":
    main()
