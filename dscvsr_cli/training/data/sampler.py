"""Sampler: draws, augments and degrades batches of clips, on the device."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import torch
from torch import Tensor

from dscvsr_cli.geometry import Size
from dscvsr_cli.imaging.resize import resize
from dscvsr_cli.training.data.clip_pool import Footage, FootageStream
from dscvsr_cli.training.data.noise import add_noise, compress_clip
from dscvsr_cli.training.data.virtual_camera import FilmedClip, film, film_layers
from dscvsr_cli.training.training_config import TrainingConfig

LAYERED_SHARE = 0.5
"""Share of the synthetic clips that have a second photograph in front."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Clips to enlarge and what they should become."""

    low: Tensor
    """(B, T, 3, h, w) float32 RGB in [0, 1], rounded to 8 bits."""

    high: Tensor
    """(B, T, 3, H, W) float32 RGB in [0, 1]."""

    flow: Tensor | None = None
    """(B, 2, T - 1, 2, h, w) float32 low-resolution pixels: the true flow to the next frame and to
    the one before (see ``FilmedClip.flow``); nan if it is unknown, as in videos. None if the recipe
    gives it no weight."""

    def to(self, device: torch.device) -> Self:
        """Return the same batch on ``device``."""
        flow = None if self.flow is None else self.flow.to(device)
        return replace(self, low=self.low.to(device), high=self.high.to(device), flow=flow)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchPlan:
    """What decides a batch, drawn before it is made, so that any process can make it."""

    length: int
    """Frames per clip."""
    side: int
    """Rows and columns of the high-resolution crops."""
    seeds: tuple[int, ...]
    """One per clip."""
    noise: float
    """Largest standard deviation of noise on the low frames, in 8-bit steps."""
    after: Tensor
    """State of the generator after this batch; a run that has used the batch continues from it."""


class Sampler:
    """Draws batches; everything drawn comes from one generator, so a run can be repeated."""

    def __init__(self, footage: FootageStream, config: TrainingConfig) -> None:
        """Draw from ``footage`` by ``config``; both kinds of footage are used if present."""
        self._footage = footage
        self._config = config

    @property
    def in_memory(self) -> bool:
        """Whether all footage is held at once, so that several processes can draw from it."""
        return isinstance(self._footage, Footage)

    def plan(self, length: int, generator: torch.Generator, *, noise: float = 0.0) -> BatchPlan:
        """Draw what decides a batch of clips of ``length`` frames, all of one factor.

        Args:
            length: Frames per clip; of a shorter source, the clip is played to and fro.
            generator: Moves on by the same draws whatever is made of the plan.
            noise: Largest standard deviation of noise on the low frames, in 8-bit steps.
        """
        side = self.draw_target_side(generator)
        # A seed per clip, so that processes that share a batch agree on it without making it all.
        seeds = torch.randint(1 << 62, (self._config.batch,), generator=generator).tolist()
        return BatchPlan(
            length=length,
            side=side,
            seeds=tuple(seeds),
            noise=noise,
            after=generator.get_state(),
        )

    def make(self, plan: BatchPlan, share: range | None = None) -> Batch:
        """Make a planned batch, on the footage's device.

        Args:
            plan: What ``plan`` returned.
            share: Which clips of the batch to make; None makes all of them.
        """
        chosen = range(len(plan.seeds)) if share is None else share
        footage = self._footage.next()
        shape = (len(chosen), plan.length, 3, plan.side, plan.side)
        high = torch.empty(shape, device=footage.device)
        grid = self._config.patch
        flow = high.new_full((len(chosen), 2, plan.length - 1, 2, grid, grid), torch.nan)
        generators = [torch.Generator().manual_seed(plan.seeds[number]) for number in chosen]
        for clip, motion, own in zip(high, flow, generators, strict=True):
            self._draw_clip(footage, clip, motion, own)
        low = resize(high, Size(grid, grid)).mul(255.0).round().clamp(0, 255).div(255.0)
        for clip, own in zip(low, generators, strict=True):
            clip.copy_(self._disturb(clip, plan.noise, own))
        return Batch(low, high, flow if self._config.camera_weight else None)

    def draw(
        self,
        length: int,
        generator: torch.Generator,
        share: range | None = None,
        *,
        noise: float = 0.0,
    ) -> Batch:
        """Plan a batch and make it; see ``plan`` and ``make``."""
        return self.make(self.plan(length, generator, noise=noise), share)

    def _disturb(self, low: Tensor, noise: float, generator: torch.Generator) -> Tensor:
        """Return ``(T, 3, h, w)`` as a codec leaves it, or noisy, or as it is."""
        config = self._config
        if _uniform(generator) < config.codec_share:
            times = 2 if config.codec_twice and _uniform(generator) < config.codec_twice else 1
            for _ in range(times):
                crf = _whole(config.codec_crf[0], config.codec_crf[1] + 1, generator)
                codec = config.codecs[_whole(0, len(config.codecs), generator)]
                low = compress_clip(low, crf, codec)
            return low
        if noise:
            return add_noise(low, noise * _uniform(generator), generator)
        return low

    def draw_target_side(self, generator: torch.Generator) -> int:
        """Draw the side of the high-resolution crop: patch * p / q, sometimes any whole number."""
        config = self._config
        if config.scale_step is not None:
            factors = 1 + round((config.max_scale - 1.0) / config.scale_step)
            factor = 1 + Fraction(str(config.scale_step)) * _whole(0, factors, generator)
            return round(config.patch * factor)
        denominators = range(1, config.max_denominator + 1)
        # Below x2 there is no whole factor to draw, and with few denominators none at all.
        fits = [q for q in denominators if config.patch % q == 0 and config.reach(q) > q]
        if _uniform(generator) < config.awkward_share or not fits:
            return _whole(config.patch + 1, config.reach(config.patch) + 1, generator)
        q = fits[_whole(0, len(fits), generator)]
        return config.patch // q * _whole(q + 1, config.reach(q) + 1, generator)

    def _draw_clip(
        self, footage: Footage, target: Tensor, flow: Tensor, generator: torch.Generator
    ) -> None:
        """Fill ``target`` ``(T, 3, side, side)`` with a clip, augmented at random.

        If its flow is known and counts, ``flow`` ``(2, T - 1, 2, h, w)`` is filled as well.
        """
        length, side = target.shape[0], target.shape[-1]
        photo_share = self._config.photo_share if footage.photos else 0.0
        film = None
        if not footage.clips or _uniform(generator) < photo_share:
            film = _draw_film(footage, length, side, generator)
            clip = film.frames
        else:
            clip = _draw_crop(footage, length, side, generator)
        augmentation = Augmentation.draw(generator)
        clip = augmentation.apply(clip)
        if self._config.still_share and _uniform(generator) < self._config.still_share:
            clip = clip[:1].expand_as(clip)
            flow.zero_()
        elif film is not None and self._config.camera_weight:
            flow.copy_(augmentation.apply_to_flow(film.flow(self._config.patch)))
        if clip.dtype == torch.uint8:
            # Bytes are mirrored, a quarter of the work, and become floats on the way.
            torch.div(clip, 255.0, out=target)
        else:
            # Bytes are what there is to learn from videos, and what travels between processes.
            torch.div(clip.mul(255.0).round(), 255.0, out=target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """One of the sixteen ways to mirror a clip in space and time."""

    columns: bool
    """Left and right change places."""
    rows: bool
    """Top and bottom do."""
    transposed: bool
    """Rows become columns, after the flips."""
    time: bool
    """It is played backwards."""

    @classmethod
    def draw(cls, generator: torch.Generator) -> Self:
        """Draw one of all ways."""
        bits = _whole(0, 16, generator)
        return cls(
            columns=bool(bits & 1),
            rows=bool(bits & 2),
            transposed=bool(bits & 4),
            time=bool(bits & 8),
        )

    def apply(self, clip: Tensor) -> Tensor:
        """Mirror ``(T, C, H, W)``; height and width change places if it is transposed."""
        flips = ((self.columns, -1), (self.rows, -2), (self.time, 0))
        axes = [axis for flipped, axis in flips if flipped]
        if axes:
            clip = clip.flip(axes)
        return clip.mT if self.transposed else clip

    def apply_to_flow(self, flow: Tensor) -> Tensor:
        """Mirror a clip's flow ``(2, T - 1, 2, H, W)`` along with it (see ``FilmedClip.flow``)."""
        if self.columns:
            flow = flow.flip(-1) * flow.new_tensor((-1.0, 1.0)).view(2, 1, 1)
        if self.rows:
            flow = flow.flip(-2) * flow.new_tensor((1.0, -1.0)).view(2, 1, 1)
        if self.time:
            # What came next came before, and the last pair is the first.
            flow = flow.flip((0, 1))
        return flow.mT.flip(2) if self.transposed else flow


def _draw_film(footage: Footage, length: int, side: int, generator: torch.Generator) -> FilmedClip:
    photos = footage.photos
    near, far = (photos[_whole(0, len(photos), generator)] for _ in range(2))
    if _uniform(generator) < LAYERED_SHARE:
        return film_layers(near, far, length, side, generator)
    return film(near, length, side, generator)


def _draw_crop(footage: Footage, length: int, side: int, generator: torch.Generator) -> Tensor:
    clip = footage.clips[_whole(0, len(footage.clips), generator)]
    top = _whole(0, clip.shape[-2] - side + 1, generator)
    left = _whole(0, clip.shape[-1] - side + 1, generator)
    window = clip[:, :, top : top + side, left : left + side]
    if clip.shape[0] >= length:
        first = _whole(0, clip.shape[0] - length + 1, generator)
        return window[first : first + length]
    return window[_to_and_fro(clip.shape[0], length, generator)]


def _to_and_fro(frames: int, length: int, generator: torch.Generator) -> list[int]:
    """Return which frames are shown when a clip is played to its end, back, and so on."""
    period = 2 * (frames - 1)
    first = _whole(0, period, generator)
    places = ((first + step) % period for step in range(length))
    return [min(place, period - place) for place in places]


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _whole(low: int, high: int, generator: torch.Generator) -> int:
    """Draw a whole number in [low, high)."""
    return int(torch.randint(low, high, (), generator=generator))
