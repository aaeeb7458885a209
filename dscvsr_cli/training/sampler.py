"""Sampler: batches of low- and high-resolution clips, drawn, turned and degraded on the device."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.training.camera import film, film_layers
from dscvsr_cli.training.config import TrainingConfig
from dscvsr_cli.training.footage import Footage

LAYERED_SHARE = 0.5
"""Of the synthetic clips, those with a second photograph in front."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Clips to enlarge and what they should become."""

    low: Tensor
    """(B, T, 3, h, w) float32 RGB in [0, 1], rounded to 8 bits."""

    high: Tensor
    """(B, T, 3, H, W) float32 RGB in [0, 1]."""


class Sampler:
    """Draws batches; everything drawn comes from one generator, so a run can be repeated."""

    def __init__(self, footage: Footage, config: TrainingConfig) -> None:
        """Draw from ``footage`` by ``config``; both kinds of footage are used where present."""
        self._footage = footage
        self._config = config
        self._photo_share = config.photo_share if footage.photos else 0.0
        if not footage.clips:
            self._photo_share = 1.0

    def draw(self, length: int, generator: torch.Generator) -> Batch:
        """Draw one batch of clips of ``length`` frames, all of one factor."""
        side = self.draw_target_side(generator)
        clips = [self._draw_clip(length, side, generator) for _ in range(self._config.batch)]
        high = torch.stack(clips)
        patch = Size(self._config.patch, self._config.patch)
        low = resize(high, patch).mul(255.0).round().clamp(0, 255).div(255.0)
        return Batch(low, high)

    def draw_target_side(self, generator: torch.Generator) -> int:
        """Draw the side of the high-resolution crop: patch * p / q, sometimes any whole number."""
        config = self._config
        denominators = range(1, config.max_denominator + 1)
        # Below x2 there is no whole factor to draw, and with few denominators none at all.
        fits = [q for q in denominators if config.patch % q == 0 and config.reach(q) > q]
        if _uniform(generator) < config.awkward_share or not fits:
            return _whole(config.patch + 1, config.reach(config.patch) + 1, generator)
        q = fits[_whole(0, len(fits), generator)]
        return config.patch // q * _whole(q + 1, config.reach(q) + 1, generator)

    def _draw_clip(self, length: int, side: int, generator: torch.Generator) -> Tensor:
        """Return one clip ``(T, 3, side, side)``, flipped and turned at random."""
        if _uniform(generator) < self._photo_share:
            clip = self._draw_film(length, side, generator)
        else:
            clip = self._draw_crop(length, side, generator)
        turns = _whole(0, 16, generator)
        if turns & 1:
            clip = clip.flip(-1)
        if turns & 2:
            clip = clip.flip(-2)
        if turns & 4:
            clip = clip.mT
        if turns & 8:
            clip = clip.flip(0)
        return clip

    def _draw_film(self, length: int, side: int, generator: torch.Generator) -> Tensor:
        photos = self._footage.photos
        near, far = (photos[_whole(0, len(photos), generator)] for _ in range(2))
        if _uniform(generator) < LAYERED_SHARE:
            return film_layers(near, far, length, side, generator)
        return film(near, length, side, generator)

    def _draw_crop(self, length: int, side: int, generator: torch.Generator) -> Tensor:
        clip = self._footage.clips[_whole(0, len(self._footage.clips), generator)]
        first = _whole(0, clip.shape[0] - length + 1, generator)
        top = _whole(0, clip.shape[-2] - side + 1, generator)
        left = _whole(0, clip.shape[-1] - side + 1, generator)
        crop = clip[first : first + length, :, top : top + side, left : left + side]
        return crop.float() / 255.0


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _whole(low: int, high: int, generator: torch.Generator) -> int:
    """Draw a whole number in [low, high)."""
    return int(torch.randint(low, high, (), generator=generator))
