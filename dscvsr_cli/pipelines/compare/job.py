"""A comparison: what a person asks for, what will happen, and what has happened."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.write.still_options import StillFormat, StillOptions

DEFAULT_FRAMES = 24
DEFAULT_MAX_BYTES = 100_000_000

_PAGE_SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareJob:
    """What a person asks for."""

    first: Path
    second: Path
    target: Path | None = None
    """The page; None names it after the second video and puts it beside it."""
    reference: Path | None = None
    """The original that both are measured against; it may be one of the two."""
    frames: int = DEFAULT_FRAMES
    """The most frames to put on the page."""
    every: int = 1
    """Steps from one frame on the page to the next."""
    start: Fraction = Fraction(0)
    """Seconds at which to begin."""
    picture_format: StillFormat = "webp"
    quality: int = 90
    """1 to 100, of WebP and JPEG."""
    max_bytes: int = DEFAULT_MAX_BYTES
    """The largest page."""
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for name, value in (("--frames", self.frames), ("--every", self.every)):
            if value < 1:
                raise UsageError(
                    f"{name} must be at least 1, got {value}", hint=f"leave out {name}"
                )
        StillOptions(format=self.picture_format, quality=self.quality)
        if self.page.suffix.lower() not in _PAGE_SUFFIXES:
            raise UsageError(
                f"{self.page} is not the name of a page", hint="write -o page.html, or leave -o out"
            )

    @property
    def page(self) -> Path:
        """Where the page is written."""
        return self.target or self.second.with_name(f"{self.second.stem}_compare.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePlan:
    """What will be on the page, known after its first frame."""

    target: Path
    labels: tuple[str, ...]
    """What the videos are called on the page: the two, and the reference if it is another."""
    sizes: tuple[Size, ...]
    """Their sizes as people see them."""
    shown_size: Size
    """The size in which all are shown: that of the largest."""
    frames: int
    """Frames on the page; fewer if a video ends earlier than it says."""
    frames_known: int | None
    """Frames that the shortest video says it has, None if none says."""
    size_bytes: int
    """Size of the page, if all frames take as much as the first."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFrame:
    """One frame on the page."""

    number: int
    """Its number in the videos, from 0 on; from --start on if they are not read whole."""
    seconds: float
    """Its time in the first video."""
    psnr_db: tuple[float | None, ...] = ()
    """PSNR of each video but the reference, in dB, on luma; infinite if it is equal.

    None stands for the reference itself. Empty without a reference.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareReport:
    """What has happened."""

    target: Path
    size_bytes: int
    labels: tuple[str, ...]
    reference: str | None
    """Label of the reference."""
    mean_psnr_db: tuple[float | None, ...]
    """Mean of the frames' PSNR of each video, as in ``ComparedFrame``."""
    frames: tuple[ComparedFrame, ...]
    warnings: tuple[str, ...] = ()
    """Those of the plan, and what was found while reading: frames missing, or at other times."""
