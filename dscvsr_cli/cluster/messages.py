"""Messages between drivers and workers."""

from dataclasses import dataclass

from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscalePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call: exceptions travel as values, since Ray would wrap them."""

    value: object = None
    error: DscvsrError | None = None
    bug: str = ""
    """The traceback of an error that is nobody's mistake but ours."""
    warnings: tuple[str, ...] = ()
    """What the library logged meanwhile."""
    peak_memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """What a worker is, and what it would choose on its own."""

    node: str
    """Ray's name of the machine."""
    host: str
    """The machine's own name."""
    release: str
    """Versions of dscvsr, torch and PyAV, and a digest of the program's code."""
    device: str
    """Type of the device: "cpu", "cuda" or "xpu"."""
    card: str
    """Name of the graphics card, or of the processor."""
    dtype: str
    runtime: str
    """What executes the network of a long film."""
    weights: str
    """SHA-256 of the weights."""
    budget_bytes: int
    """Memory that a plan may use, if this worker is alone."""

    @property
    def kind(self) -> tuple[str, str, str]:
        """What decides the numbers: workers of one kind make the same frames."""
        return self.device, self.dtype, self.runtime

    def __str__(self) -> str:
        """Name the machine, and what would compute there."""
        return f"{self.host} ({self.card}, {self.dtype}, {self.runtime})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPlan:
    """A job with every choice made, as far as it can travel."""

    job: UpscaleJob
    """With its span settled."""
    plan: UpscalePlan
    settings: SegmentSettings | None
    """What decides the segments; None for an output that is written in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTotals:
    """What a scan counted."""

    frames_read: int
    damaged_frames: int
