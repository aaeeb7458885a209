"""An upscaling job: what a person asks for, what will happen, and what has happened."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from dscvsr_cli.engine.device import DtypeName
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.side_by_side import CompareView
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.read_options import ReadOptions


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while there is something to go on from; leaves the program as any other would."""

    def __init__(self, frames_kept: int) -> None:
        super().__init__(f"{frames_kept} frames are kept")
        self.frames_kept = frames_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleJob:
    """What a person asks for."""

    source: Path
    reading: ReadOptions = field(default_factory=ReadOptions)
    """How the source is read: which part, deinterlaced or not."""
    square_pixels: bool = False
    """Whether pixels that are shown wide or tall are made square."""
    target: Path | None = None
    """Where to write; None names the file beside the source."""
    scale: float | None = None
    width: int | None = None
    height: int | None = None
    weights: str | None = None
    device: str = "auto"
    dtype: DtypeName = "auto"
    memory_bytes: int | None = None
    """Memory the network may plan with; None measures what is free."""
    encoder: str | None = None
    """FFmpeg's name of the encoder; None takes the one that suits the container."""
    crf: float | None = None
    preset: str | None = None
    pixel_format: str | None = None
    output_format: str | None = None
    """What a pipe gets: y4m, matroska, mpegts or nut; None takes y4m."""
    lossless: bool = False
    """Whether the stored pictures must come back exactly."""
    encoder_options: tuple[tuple[str, str], ...] = ()
    """Further options by the encoder's own names."""
    streams: StreamChoices = field(default_factory=StreamChoices)
    """What becomes of sound, subtitles and the rest."""
    compare: CompareView | None = None
    """Whether bicubic and network are shown beside each other, and how."""
    preview_seconds: Fraction | None = None
    """Length of a preview; None takes everything."""
    overwrite: bool = False
    resume: bool = False
    """Whether to go on from the unfinished work of an earlier run, where there is some."""
    restart: bool = False
    """Whether to throw the unfinished work of an earlier run away."""
    checkpoint_frames: int | None = None
    """Least number of frames between two points that can be resumed from; None suits the job."""

    def __post_init__(self) -> None:
        """Refuse wishes that contradict each other."""
        if self.resume and self.restart:
            raise UsageError(
                "--resume and --restart contradict each other",
                hint="--resume keeps what an earlier run has made, --restart throws it away",
            )
        if self.preview_seconds is not None and self.preview_seconds <= 0:
            raise UsageError("a preview must last longer than 0 s", hint="write --preview 5s")
        if self.checkpoint_frames is not None and self.checkpoint_frames < 1:
            raise UsageError(f"--checkpoint must be at least 1, got {self.checkpoint_frames}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscalePlan:
    """What will happen, known before any work starts."""

    source: VideoInfo
    """The input, as probed."""
    target: Path
    size: Size
    encoder: str
    pixel_format: str
    device: str
    dtype: str
    weights: str
    window: int
    look_ahead: int
    tile: int | None
    frames_done: int = 0
    """Frames that an earlier run has made."""
    warnings: tuple[str, ...] = field(default=())
    """What the person should know: streams that will be lost, a factor beyond training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleReport:
    """What has happened."""

    target: Path
    frames_in: int
    frames_out: int
    size: Size
    seconds: float
    """From the first frame read to the file in its place."""
    frames_per_second: float
    peak_memory_bytes: int
    """Of the device; of the process where the network ran on the processor."""
    damaged_frames: int
    moved_timestamps: int
    plan: UpscalePlan
