"""Validation: PSNR of a network in training on a few frames that it never sees, beside bicubic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dscvsr_cli.datasets.decode import decode
from dscvsr_cli.datasets.degrade import degrade_picture
from dscvsr_cli.datasets.extent import measure
from dscvsr_cli.datasets.sources import Source
from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.models.network import RecurrentNetwork

VALIDATION_SCALES = (2, 4)
MOST_CLIPS = 4
MOST_CLIP_FRAMES = 7
MOST_SIDE = 256
"""Pixels on a side of what is cut from the middle of the true frames, a multiple of all scales."""

_LEAST_SIDE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How good pictures are at one factor: the mean over clips of the mean over their frames."""

    scale: int
    psnr_y: float
    """PSNR on luma in dB."""
    bicubic_psnr_y: float
    """The same of bicubic interpolation."""

    def __str__(self) -> str:
        """Write it as logs and people like it."""
        return f"x{self.scale} {self.psnr_y:.2f} dB (bicubic {self.bicubic_psnr_y:.2f})"


class Validator:
    """Holds a few true frames and their shrunken versions, and measures networks on them."""

    def __init__(self, clips: Sequence[Tensor], *, device: torch.device) -> None:
        """Shrink clips as the papers do.

        Args:
            clips: Each ``(T, 3, H, W)`` uint8 RGB; sides of 64 pixels at least.
            device: Where networks run.

        Raises:
            ValueError: No clips.
        """
        if not clips:
            raise ValueError("validation needs clips")
        self.frames = sum(clip.shape[0] for clip in clips)
        self._device = device
        self._pairs = {
            scale: [_shrunken(middle(clip), scale) for clip in clips] for scale in VALIDATION_SCALES
        }
        self._bicubic = {scale: self._score_bicubic(scale) for scale in VALIDATION_SCALES}

    @torch.no_grad()
    def measure(self, network: RecurrentNetwork) -> tuple[Score, ...]:
        """Enlarge every clip at every scale and compare; the network is left as it was."""
        training = network.training
        network.eval()
        # Compiled for one shape of batch, the network would be compiled again for every clip's.
        with torch.compiler.set_stance("force_eager"):
            scores = tuple(
                Score(
                    scale=scale,
                    psnr_y=_mean(
                        self._score(network, low, truth) for low, truth in self._pairs[scale]
                    ),
                    bicubic_psnr_y=self._bicubic[scale],
                )
                for scale in VALIDATION_SCALES
            )
        network.train(training)
        return scores

    def _score(self, network: RecurrentNetwork, low: Tensor, truth: Tensor) -> float:
        made = network(low[None].to(self._device), Size(truth.shape[-2], truth.shape[-1]))[0]
        return _psnr_y(made.cpu(), truth)

    def _score_bicubic(self, scale: int) -> float:
        return _mean(
            _psnr_y(resize(low, Size(truth.shape[-2], truth.shape[-1])), truth)
            for low, truth in self._pairs[scale]
        )


def choose_clips(sources: Sequence[Source], *, most: int = MOST_CLIPS) -> list[Tensor]:
    """Decode a few frames of a few sources, spread evenly over all -> clips, uint8 on the CPU.

    What cannot be read or is too small is passed over; photographs are no clips.
    """
    clips: list[Tensor] = []
    candidates = [source for source in sources if source.kind != "photo"]
    for source in _spread(candidates, most):
        try:
            size = measure(source).size
            if min(size.height, size.width) < _LEAST_SIDE:
                continue
            clip = decode(source, count=MOST_CLIP_FRAMES)
        except DscvsrError:
            continue
        if clip.shape[0] > 1:
            clips.append(clip)
        if len(clips) == most:
            break
    return clips


def is_due(before: float, after: float, *, times: int) -> bool:
    """Return whether one of ``times`` moments, evenly over a run, falls between two shares of it.

    The last moment is the end of the run. Shares are in [0, 1]; the first one is excluded.
    """
    return int(after * times) > int(before * times)


def _spread(sources: Sequence[Source], most: int) -> Iterator[Source]:
    """Yield the sources in an order in which the first few are far apart."""
    step = max(1, len(sources) // most)
    for start in range(step):
        yield from sources[start::step]


def middle(clip: Tensor) -> Tensor:
    """Cut the middle out of a clip, to sides that every scale divides."""
    height, width = (
        min(MOST_SIDE, side // max(VALIDATION_SCALES) * max(VALIDATION_SCALES))
        for side in clip.shape[-2:]
    )
    top, left = (clip.shape[-2] - height) // 2, (clip.shape[-1] - width) // 2
    return clip[..., top : top + height, left : left + width]


def _shrunken(clip: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """Return a clip's low-resolution frames and the true ones, both in [0, 1]."""
    pairs = [degrade_picture(frame.float() / 255.0, scale) for frame in clip]
    return torch.stack([pair.low for pair in pairs]), torch.stack([pair.truth for pair in pairs])


def _psnr_y(made: Tensor, truth: Tensor) -> float:
    found = psnr(luma(quantise(made.double())), luma(truth.double()))
    # Flat frames that come out exactly right would make every mean infinite.
    return float(found.clamp(max=100.0).mean())


def _mean(values: Iterator[float]) -> float:
    known = list(values)
    return sum(known) / len(known)
