"""FrameMeter: compares the frames of one clip with the truth, one after the other."""

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

import torch
from torch import Tensor

from dscvsr_cli.benchmarking.report import MeasuredQuality, mean_quality
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.imaging.psnr import psnr
from dscvsr_cli.imaging.quantise import quantise
from dscvsr_cli.imaging.ssim import ssim
from dscvsr_cli.imaging.warping_error import (
    Motion,
    change_along,
    flicker,
    true_motion,
    warping_error,
)

PictureDistance = Callable[[Tensor, Tensor], float]
"""Measures how different two frames ``(3, H, W)`` in [0, 1] look, as `Lpips` does."""

MOTION_BYTES = 1 << 30
"""Memory for the motion of one clip, shared by all methods; what does not fit is computed again."""


class TrueMotions:
    """The motion between the frames of one clip's ground truth, found once and kept."""

    def __init__(self, *, limit_bytes: int = MOTION_BYTES) -> None:
        """Begin with nothing; ``limit_bytes`` bounds what is kept."""
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._motions: dict[int, Motion] = {}

    def between(self, place: int, frame: Tensor, following: Tensor) -> Motion:
        """Return the motion of the frame at ``place`` to the one after it, both luma planes."""
        known = self._motions.get(place)
        if known is not None:
            return known
        motion = true_motion(frame, following)
        if self._held_bytes + motion.size_bytes <= self._limit_bytes:
            self._motions[place] = motion
            self._held_bytes += motion.size_bytes
        return motion


class FrameMeter:
    """Takes frames and their ground truth in order, and returns the clip's quality at the end."""

    def __init__(
        self,
        *,
        crop: int = 0,
        motions: TrueMotions | None = None,
        lpips: PictureDistance | None = None,
    ) -> None:
        """Begin; without ``motions`` nothing is measured in time, without ``lpips`` no LPIPS."""
        self._crop = crop
        self._motions = motions
        self._lpips = lpips
        self._frames: list[MeasuredQuality] = []
        self._warpings: list[float] = []
        self._true_warpings: list[float] = []
        self._flickers: list[float] = []
        self._last: tuple[int, Tensor, Tensor] | None = None

    @property
    def frames(self) -> int:
        """Frames measured so far."""
        return len(self._frames)

    def add(self, place: int, made: Tensor, truth: Tensor) -> None:
        """Measure the frame at ``place``: both ``(3, H, W)`` in [0, 1], rounded to 8 bits first."""
        shown, wanted = (
            _without_border(quantise(picture.double()), self._crop) for picture in (made, truth)
        )
        distance = None if self._lpips is None else self._lpips(shown, wanted)
        self._frames.append(replace(frame_quality(shown, wanted), lpips=distance))
        if self._motions is not None:
            self._add_changes(self._motions, place, luma(shown), luma(wanted))

    def quality(self) -> MeasuredQuality:
        """Return the means over the frames.

        Raises:
            ValueError: No frame was measured.
        """
        if not self._frames:
            raise ValueError("no frame was measured")
        return replace(
            mean_quality(self._frames),
            warping=fmean(self._warpings) ** 0.5 if self._warpings else None,
            true_warping=fmean(self._true_warpings) ** 0.5 if self._true_warpings else None,
            flicker=fmean(self._flickers) ** 0.5 if self._flickers else None,
        )

    def _add_changes(self, motions: TrueMotions, place: int, shown: Tensor, wanted: Tensor) -> None:
        if self._last is not None and self._last[0] == place - 1:
            _, shown_before, wanted_before = self._last
            motion = motions.between(place - 1, wanted_before, wanted)
            made = change_along(shown_before, shown, motion)
            true = change_along(wanted_before, wanted, motion)
            for kept, found in (
                (self._warpings, warping_error(made)),
                (self._true_warpings, warping_error(true)),
                (self._flickers, flicker(made, true)),
            ):
                if found is not None:
                    kept.append(found)
        self._last = (place, shown, wanted)


def frame_quality(made: Tensor, truth: Tensor) -> MeasuredQuality:
    """Compare two pictures ``(3, H, W)`` float64 in [0, 1], already at 8-bit levels."""
    planes = torch.cat((luma(made)[None], made * 255))
    wanted = torch.cat((luma(truth)[None], truth * 255))
    similarities = ssim(planes, wanted)
    return MeasuredQuality(
        psnr_y=psnr(planes[0], wanted[0]).item(),
        ssim_y=similarities[0].item(),
        psnr_rgb=psnr(planes[1:].flatten(0, 1), wanted[1:].flatten(0, 1)).item(),
        ssim_rgb=similarities[1:].mean().item(),
    )


def _without_border(picture: Tensor, crop: int) -> Tensor:
    return picture[..., crop : picture.shape[-2] - crop, crop : picture.shape[-1] - crop]
