"""What a benchmark found: scores per clip, their means, and the protocol they were measured by."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from dscvsr_cli.geometry import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """How one method did on one clip at one factor."""

    method: str
    """Name of the upscaler."""

    scale: float
    """Factor of both sides."""

    clip: str
    """Name of the clip."""

    frames: int
    """Frames measured."""

    size: Size
    """Rows and columns of the ground truth, in pixels."""

    psnr_db: float
    """Mean over the frames; infinite where a frame is exact."""

    ssim: float
    """Mean over the frames, at most 1."""

    seconds: float
    """Time spent in the upscaler, without reading, degrading and measuring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanScore:
    """How one method did at one factor, averaged over clips."""

    method: str
    """Name of the upscaler."""

    scale: float
    """Factor of both sides."""

    psnr_db: float
    """Mean over the clips of `ClipScore.psnr_db`."""

    ssim: float
    """Mean over the clips of `ClipScore.ssim`."""

    frames_per_second: float
    """Frames of all clips over the upscaler's time for all clips."""

    parameters: int | None
    """Parameters of its network, or None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """Everything measured, and how."""

    dataset: str
    """What was measured on, as the person named it."""

    device: str
    """What the upscalers ran on; bicubic and Lanczos always run on the CPU."""

    protocol: tuple[str, ...]
    """What the numbers mean, one statement each."""

    scores: tuple[ClipScore, ...]
    """One per factor, method and clip, in that order."""

    means: tuple[MeanScore, ...]
    """One per factor and method."""


def mean_score(scores: Sequence[ClipScore], *, parameters: int | None = None) -> MeanScore:
    """Average the scores of one method at one factor: clip by clip, however long each clip is.

    Raises:
        ValueError: No scores, or scores of several methods or factors.
    """
    if len({(score.method, score.scale) for score in scores}) != 1:
        raise ValueError(f"expected scores of one method at one factor, got {scores = }")
    seconds = sum(score.seconds for score in scores)
    return MeanScore(
        method=scores[0].method,
        scale=scores[0].scale,
        psnr_db=fmean(score.psnr_db for score in scores),
        ssim=fmean(score.ssim for score in scores),
        frames_per_second=sum(score.frames for score in scores) / max(seconds, 1e-9),
        parameters=parameters,
    )
