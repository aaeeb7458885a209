"""What a benchmark found: scores per clip, their means, and the protocol they were measured by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol, Channel
from dscvsr_cli.benchmarking.methods import MethodInfo
from dscvsr_cli.geometry import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredQuality:
    """How close pictures are to the truth; means over frames, or over clips."""

    psnr_y: float
    """dB on luma; infinite if a frame is exact."""

    ssim_y: float
    """On luma, at most 1."""

    psnr_rgb: float
    """dB over all three channels."""

    ssim_rgb: float
    """Mean of the three channels."""

    warping: float | None = None
    """Warping error, root mean square in levels; None if it was not measured."""

    true_warping: float | None = None
    """The ground truth's own."""

    flicker: float | None = None
    """What changes along the true motion but not in the ground truth, root mean square in levels; 0
    if every frame is exact, None if it was not measured."""

    lpips: float | None = None
    """Perceptual distance, 0 if a frame is exact; None if it was not measured."""

    still_change: float | None = None
    """Mean absolute change from frame to frame while the input stands still, in levels; None if
    it was not measured."""

    def psnr(self, channel: Channel) -> float:
        """Return the PSNR on a channel."""
        return self.psnr_y if channel == "y" else self.psnr_rgb

    def ssim(self, channel: Channel) -> float:
        """Return the SSIM on a channel."""
        return self.ssim_y if channel == "y" else self.ssim_rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """How one method did on one clip at one factor."""

    method: str
    """Name of the method."""

    scale: float
    """Factor of both sides."""

    clip: str
    """Name of the clip."""

    frames: int
    """Frames measured."""

    frames_made: int
    """Frames that the method made, measured or not."""

    size: Size
    """Rows and columns of the ground truth, in pixels."""

    quality: MeasuredQuality
    """Means over the frames."""

    seconds: float | None
    """Time spent in the upscaler, without reading, degrading and measuring; None if the pictures
    were made elsewhere."""

    peak_memory_bytes: int | None = None
    """Most memory held on the method's device; on a CPU, by the whole process so far."""

    @property
    def frames_per_second(self) -> float | None:
        """Frames made over the upscaler's time, if that is known."""
        return frames_per_second([self])


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanScore:
    """How one method did at one factor, averaged over clips."""

    method: str
    """Name of the method."""

    scale: float
    """Factor of both sides."""

    clips: int
    """Clips measured."""

    quality: MeasuredQuality
    """Means over the clips, however long each is."""

    gain_db: float | None
    """PSNR on the protocol's channel above bicubic's; None without bicubic."""

    frames_per_second: float | None
    """Frames of all clips over the upscaler's time for all clips, if that is known."""

    multiply_adds: float | None
    """Per input pixel and frame."""

    peak_memory_bytes: int | None
    """The most of all clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """Everything measured, and how."""

    protocol: BenchProtocol
    """How it was measured."""

    statements: tuple[str, ...]
    """The protocol in words."""

    machine: str
    """What the methods ran on."""

    methods: tuple[MethodInfo, ...]
    """What was measured."""

    scores: tuple[ClipScore, ...]
    """One per factor, method and clip, in that order."""

    means: tuple[MeanScore, ...]
    """One per factor and method."""

    complete: bool = True
    """False if the run was broken off."""


def mean_quality(qualities: Sequence[MeasuredQuality]) -> MeasuredQuality:
    """Average qualities; errors in time as squares; these and LPIPS only if all have one.

    Raises:
        ValueError: None given.
    """
    if not qualities:
        raise ValueError("there is no mean of nothing")
    return MeasuredQuality(
        psnr_y=fmean(quality.psnr_y for quality in qualities),
        ssim_y=fmean(quality.ssim_y for quality in qualities),
        psnr_rgb=fmean(quality.psnr_rgb for quality in qualities),
        ssim_rgb=fmean(quality.ssim_rgb for quality in qualities),
        warping=_root_mean_square([quality.warping for quality in qualities]),
        true_warping=_root_mean_square([quality.true_warping for quality in qualities]),
        flicker=_root_mean_square([quality.flicker for quality in qualities]),
        lpips=_mean([quality.lpips for quality in qualities]),
        still_change=_mean([quality.still_change for quality in qualities]),
    )


def mean_score(
    scores: Sequence[ClipScore],
    *,
    gain_db: float | None = None,
    multiply_adds: float | None = None,
) -> MeanScore:
    """Average the scores of one method at one factor: clip by clip, however long each clip is.

    Raises:
        ValueError: No scores, or scores of several methods or factors.
    """
    if len({(score.method, score.scale) for score in scores}) != 1:
        raise ValueError(f"expected scores of one method at one factor, got {scores = }")
    peaks = [score.peak_memory_bytes for score in scores if score.peak_memory_bytes is not None]
    return MeanScore(
        method=scores[0].method,
        scale=scores[0].scale,
        clips=len(scores),
        quality=mean_quality([score.quality for score in scores]),
        gain_db=gain_db,
        frames_per_second=frames_per_second(scores),
        multiply_adds=multiply_adds,
        peak_memory_bytes=max(peaks, default=None),
    )


def frames_per_second(scores: Sequence[ClipScore]) -> float | None:
    """Return all frames over all seconds; None if a score has no time, or all took none."""
    seconds = [score.seconds for score in scores if score.seconds is not None]
    if len(seconds) < len(scores) or sum(seconds) <= 0:
        return None
    return sum(score.frames_made for score in scores) / sum(seconds)


def _root_mean_square(values: Sequence[float | None]) -> float | None:
    square = _mean([None if value is None else value * value for value in values])
    return None if square is None else math.sqrt(square)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None
