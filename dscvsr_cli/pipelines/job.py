"""An upscaling job: what a person asks for, what will happen, and what has happened."""

from dataclasses import dataclass, field
from pathlib import Path

from dscvsr_cli.engine.device import DtypeName
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.info import VideoInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleJob:
    """What a person asks for."""

    source: Path
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
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscalePlan:
    """What will happen, known before any work starts."""

    source: VideoInfo
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
