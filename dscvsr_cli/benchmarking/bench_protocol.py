"""The protocol of a benchmark: what its figures mean, and with which others they compare."""

from dataclasses import dataclass
from typing import Literal

from dscvsr_cli.benchmarking.still_input import STILL_FRAMES, STIRRED_SHARE
from dscvsr_cli.datasets.degrade import BLUR_SIGMA, Degradation
from dscvsr_cli.errors import UsageError

Channel = Literal["y", "rgb"]

_BY_DATASET: dict[str, tuple[str, Channel]] = {
    "vid4": ("bi", "y"),
    "reds4": ("bi", "rgb"),
    "vimeo90k": ("bi", "y"),
    "udm10": ("bd", "y"),
    "spmcs": ("bd", "y"),
}

_CHANNELS: dict[Channel, str] = {
    "y": "on luma (BT.601, 16 to 235, unrounded)",
    "rgb": "on RGB (one mean squared error over all three; the mean of three SSIM)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchProtocol:
    """How a benchmark measures."""

    dataset: str
    """Name of the data set, or the paths that were given."""

    degradation: str = "bi"
    """As `Degradation.parse` reads it."""

    channel: Channel = "y"
    """What the headline figures are measured on; the others are kept beside them."""

    crop: int = 0
    """Pixels left out at every border."""

    frames: int | None = None
    """Only so many frames from the start of each clip; None takes all."""

    centre_only: bool = False
    """Whether only the middle frame of each clip counts."""

    temporal: bool = True
    """Whether warping error and flicker are measured."""

    lpips: bool = False
    """Whether LPIPS is measured, whose weights are an optional package."""

    still: bool = False
    """Whether is measured how much an enlarged frame changes while its input stands still."""

    steadied: bool = False
    """Whether the networks' frames are averaged along the motion."""

    least_step: float = 0.0
    """Quantiser step that every frame is then taken to have at least."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be.

        Raises:
            UsageError: No such degradation, or a negative crop.
        """
        Degradation.parse(self.degradation)
        if self.crop < 0:
            raise UsageError(
                f"the crop must not be negative, got {self.crop}", hint="--crop 0 crops nothing"
            )


def default_degradation(dataset: str) -> str:
    """Return the degradation by which the literature measures on a data set; "bi" for others."""
    return _BY_DATASET.get(dataset.lower(), ("bi", "y"))[0]


def default_channel(dataset: str) -> Channel:
    """Return the channel on which the literature measures on a data set; "y" for others."""
    return _BY_DATASET.get(dataset.lower(), ("bi", "y"))[1]


def statements(protocol: BenchProtocol) -> tuple[str, ...]:
    """Say in words what the numbers mean."""
    cropped = f"{protocol.crop} pixels of every border" if protocol.crop else "no border"
    lines = [
        f"low-resolution frames {_degradation_words(protocol.degradation)}",
        "ground truth cropped at the bottom and the right so that the factor fits",
        f"PSNR and SSIM {_CHANNELS[protocol.channel]} of 8-bit pictures, {cropped} cropped",
        "PSNR with peak 255; SSIM in 11x11 Gaussian windows, sigma 1.5, inside the picture",
        _averaging_words(protocol),
        "networks run as `dscvsr upscale` runs them: its windows, scene detection, memory plan, "
        "and dtype (auto unless --dtype says otherwise; the cost table shows which), "
        + _steadying_words(protocol),
        "frames/s counts the upscaler's time alone, its first frame included",
    ]
    if protocol.temporal:
        lines.append(
            "warp: warping error after Lai et al. (ECCV 2018), root mean square in levels of luma; "
            "motion is the ground truth's by pyramidal Lucas-Kanade; flicker: the same of what "
            "changes along it and does not in the truth"
        )
    if protocol.lpips:
        lines.append(
            "LPIPS: Zhang et al. (CVPR 2018), version 0.1 on AlexNet, of 8-bit RGB pictures with "
            f"{cropped} cropped; lower is better"
        )
    if protocol.still:
        lines.append(
            f"still: the first frame of each clip, {STILL_FRAMES} times, {STIRRED_SHARE:.0%} of "
            "its values one level off, others each time; mean absolute change of RGB from an "
            "enlarged frame to the next, in levels of 255 before rounding"
        )
    return tuple(lines)


def _degradation_words(text: str) -> str:
    degradation = Degradation.parse(text)
    from_disk = f"({text.upper()}): from disk if they are there, else"
    bicubic = "antialiased bicubic (a = -0.5) as in MATLAB, rounded to 8 bits"
    if degradation.kind == "bd":
        return (
            f"{from_disk} Gaussian blur of sigma {BLUR_SIGMA:g} and "
            "subsampling at pixel centres (12 taps at x4), rounded to 8 bits"
        )
    if degradation.crf is not None:
        return (
            f"made: {bicubic}, then H.264 4:2:0 by libx264 at CRF {degradation.crf} "
            "(preset medium, mbtree off, one thread)"
        )
    return f"{from_disk} {bicubic}"


def _steadying_words(protocol: BenchProtocol) -> str:
    if not protocol.steadied:
        return "not steadied"
    least = f", from a quantiser step of {protocol.least_step:g}" if protocol.least_step else ""
    return f"steadied along the motion{least}"


def _averaging_words(protocol: BenchProtocol) -> str:
    if protocol.centre_only:
        return "only the middle frame of each clip counts; averaged over clips"
    if protocol.frames is None:
        return "all frames of every clip; averaged over the frames of a clip, then over clips"
    return (
        f"only the first {protocol.frames} frames of a clip, unlike published numbers; "
        "averaged over the frames of a clip, then over clips"
    )
