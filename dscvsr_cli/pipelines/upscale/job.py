"""An upscaling job: what a person asks for, what will happen, and what has happened."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Final, Self

import torch

from dscvsr_cli.engine.device import DtypeName
from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import MIRROR_IMAGES, Size
from dscvsr_cli.pipelines.upscale.side_by_side import CompareView
from dscvsr_cli.runtimes.choose import Runtime, RuntimeName
from dscvsr_cli.typed_values import take_fields
from dscvsr_cli.video.containers import names_container
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.span import WHOLE, TimeSpan
from dscvsr_cli.wording import counted

_PACKETS_LOST: Final = 8
"""Exit code if an output is complete except for packets of audio or subtitles."""

SIZE_OPTIONS: Final = ("scale", "size", "width", "height")
"""Options that give the size of the output."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C when finished frames are kept; exits as any other Ctrl-C does.

    Args:
        frames_kept: How many a later run can go on from; 0 where the output is finished.
        finished: The output, where it has taken its name already.
    """

    def __init__(self, frames_kept: int, finished: Path | None = None) -> None:
        kept = f"{counted(frames_kept, 'frame')} kept"
        super().__init__(kept if finished is None else f"{finished} is finished")
        self.frames_kept = frames_kept
        self.finished = finished


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleJob:
    """What a person asks for; every field but ``source`` has a default.

    Paths may be given as ``str`` or any ``os.PathLike``, and times as any number: the fields then
    hold a ``Path`` and an exact ``Fraction``.

    Raises:
        UsageError: Fields that contradict each other, or a container that does not exist.
        TypeError: A field of another type than it is declared with.
        ValueError: A count below 1, an ensemble of more than 4, a text that is not a number, or an
            unknown dtype, runtime or view to compare by.
    """

    source: Path
    """The video to enlarge: a file, the pattern or folder of an image sequence, or ``-``."""
    reading: ReadOptions = field(default_factory=ReadOptions)
    """How the source is read: which part, deinterlaced or not."""
    square_pixels: bool = False
    """Whether the output gets a sample aspect ratio of 1."""
    target: Path | None = None
    """Where to write; None names the file beside the source."""
    makes_folder: bool = False
    """Whether the target's folder is made where it is missing."""
    scale: float | None = None
    """Factor of both sides, above 1; either this or a size must be given."""
    width: int | None = None
    """Columns of the output as people see it; alone it keeps the aspect ratio."""
    height: int | None = None
    """Rows of the output as people see it; alone it keeps the aspect ratio."""
    weights: str | None = None
    """A published name, a file, or ``OWNER/REPO/FILE`` on the Hub; None takes the device's default.
    """
    device: str = "auto"
    """What the network runs on: "auto", "cpu", "cuda", "cuda:1", "mps" or "xpu"."""
    dtype: DtypeName = "auto"
    """What the network computes in."""
    runtime: RuntimeName = "auto"
    """What executes the network."""
    ensemble: int = 1
    """Copies of the video, mirrored in different ways, whose results are averaged: 1 to 4."""
    steady: bool | None = None
    """Whether frames are averaged along the motion, which takes out what a codec changes from frame
    to frame; None does so where the source's codec is one that does."""
    memory_bytes: int | None = None
    """Memory budget of the network; None measures what is free."""
    scenes_at_once: int = 1
    """Most scenes that are worked on at the same time, as far as memory allows."""
    encoder: str | None = None
    """FFmpeg's name of the encoder; None takes the container's usual one."""
    crf: float | None = None
    """Quality on the encoder's own scale, lower is better; None is close to the source."""
    encoder_preset: str | None = None
    """The encoder's trade of speed against size ("slow", "6"); None takes its default."""
    container: str | None = None
    """Suffix of an output that gets its name from the input ("mp4"); None keeps the input's."""
    pixel_format: str | None = None
    """FFmpeg's name of the stored pixel format; None follows the source's depth and chroma."""
    output_format: str | None = None
    """Format of a pipe: y4m, matroska, mpegts or nut; None takes y4m."""
    lossless: bool = False
    """Whether the encoder must be lossless."""
    encoder_options: tuple[tuple[str, str], ...] = ()
    """Further encoder options, by FFmpeg's names."""
    streams: StreamChoices = field(default_factory=StreamChoices)
    """What happens to audio, subtitles and other streams."""
    compare: CompareView | None = None
    """How to show bicubic and network beside each other; None for the network alone."""
    preview_seconds: Fraction | None = None
    """Length of a preview; None upscales everything."""
    preview_from_start: bool = False
    """Whether the preview begins where the span does, even at 0; else, if the span begins at 0, the
    preview is taken from its middle."""
    overwrite: bool = False
    """Whether a finished output may replace an existing file."""
    resume: bool = False
    """Whether to continue the unfinished work of an earlier run, if there is any."""
    restart: bool = False
    """Whether to throw the unfinished work of an earlier run away."""
    checkpoint_frames: int | None = None
    """Least number of frames between two points to resume from; None chooses by size and device."""
    defaults: frozenset[str] = frozenset()
    """Options, by their names in a settings file, that are not meant for this job alone: where its
    input or output cannot take one, it is left aside instead of being refused."""

    def __post_init__(self) -> None:
        """Convert paths and numbers, and refuse options that contradict each other."""
        weights: object = self.weights
        if isinstance(weights, PathLike):
            object.__setattr__(self, "weights", str(Path(weights)))
        device: object = self.device
        if isinstance(device, torch.device):
            object.__setattr__(self, "device", str(device))
        # 2 and 2.0 are one factor, also where records of jobs are compared.
        take_fields(self)
        if self.container is not None and not names_container(Path(f"out.{self.container}")):
            raise UsageError(
                f"there is no container {self.container!r}", hint="`dscvsr encoders` lists them all"
            ).about("container")
        if self.resume and self.restart:
            raise UsageError(
                "resume and restart contradict each other",
                hint="resume keeps what an earlier run has made, restart throws it away",
            ).about("resume", "restart")
        if self.preview_seconds is not None and self.preview_seconds <= 0:
            raise UsageError(
                "a preview must last longer than 0 s", hint="write --preview 5s"
            ).about("preview")
        if not 1 <= self.ensemble <= len(MIRROR_IMAGES):
            raise ValueError(f"ensemble must be 1 to {len(MIRROR_IMAGES)}, got {self.ensemble}")
        if self.scenes_at_once < 1:
            raise ValueError(f"scenes_at_once must be at least 1, got {self.scenes_at_once}")
        if self.checkpoint_frames is not None and self.checkpoint_frames < 1:
            raise ValueError(f"checkpoint_frames must be at least 1, got {self.checkpoint_frames}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWeights:
    """Weights that may suit a job better than those it has."""

    name: str
    seconds: float
    """Time that the whole job would take with them."""
    is_better: bool
    """Whether they make better frames; else they are far faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscalePlan:
    """What will happen, known before any work starts."""

    source: VideoInfo
    """The input, as probed."""
    target: Path
    """The output, as the person named it or as it is named after the input."""
    size: Size
    """Size of the stored frames."""
    encoder: str
    """FFmpeg's name."""
    pixel_format: str
    """FFmpeg's name."""
    device: str
    dtype: str
    """What the network computes in: "float32", "bfloat16", "float16" or "int8"."""
    runtime: Runtime
    """What executes the network."""
    weights: str
    """Their name, or the file."""
    window: int
    """Frames made at once."""
    look_ahead: int
    """Frames after a window that the network sees as well."""
    tile: int | None
    """Largest side of a tile in input pixels; None works on whole frames."""
    converted_first: bool = False
    """Whether the network is converted for this frame size before the first frame."""
    ensemble: int = 1
    """Copies of the video whose results are averaged."""
    steadied: bool = False
    """Whether frames are averaged along the motion."""
    scenes_at_once: int = 1
    """Scenes that are worked on at the same time."""
    span: TimeSpan = WHOLE
    """The part of the input that is enlarged."""
    frames: int | None = None
    """Frames of the output, as far as the input says; None where it does not."""
    frames_done: int = 0
    """Frames that an earlier run made."""
    is_turned: bool = False
    """Whether players turn the output by a quarter, so that its rows are shown as columns."""
    seconds: float | None = None
    """Time that the frames to come will take, where this machine's speed is known."""
    other_weights: OtherWeights | None = None
    """Weights to consider before a long job, or a very short one."""
    seconds_with_openvino: float | None = None
    """Time that a long job would take if OpenVINO were installed, where it would be far shorter."""
    weights_if_uncompressed: str | None = None
    """Weights that make more of a video in a lossless codec, unless it was decoded from another."""
    left_aside: tuple[str, ...] = ()
    """Defaults that this input or output cannot take, and why not."""
    warnings: tuple[str, ...] = ()
    """What to warn about: streams that will be lost, a factor above the trained ones."""

    def continued(self, frames_done: int, *, ended: bool) -> Self:
        """Return the plan of a run that goes on from an earlier one.

        Args:
            frames_done: Frames that are made.
            ended: Whether these are all, so that their number is no estimate any more.
        """
        frames = frames_done if ended else self.frames
        return replace(self, frames=frames, frames_done=frames_done)

    @property
    def all_made(self) -> bool:
        """Whether an earlier run made every frame, and this one has only to finish the file."""
        return self.frames_done > 0 and self.frames_done == self.frames

    @property
    def shown_source_size(self) -> Size:
        """Size of the source as people see it."""
        source = self.source
        return Size(source.height, source.width).turned(by_quarter=source.is_turned)

    @property
    def shown_size(self) -> Size:
        """Size of the output as people see it."""
        return self.size.turned(by_quarter=self.is_turned)


def rate_of(frames: int, seconds: float) -> float | None:
    """Return frames per second; None where there are no frames, and so no speed."""
    return frames / max(seconds, 1e-9) if frames else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleReport:
    """What has happened."""

    target: Path
    frames_in: int
    frames_out: int
    size: Size
    seconds: float
    """Time from the first frame to the published file."""
    frames_per_second: float | None
    """Of the frames that this run made; None if an earlier one had made them all."""
    peak_memory_bytes: int
    """Peak memory of the device, or of the process if the network ran on the CPU."""
    damaged_frames: int
    """Frames of the source that are missing, or were decoded with errors."""
    moved_timestamps: int
    """Frames whose time did not come after the previous frame's, and was moved."""
    plan: UpscalePlan
    """What was planned."""
    lost_packets: int = 0
    """Packets of audio and subtitles that are lost: undecodable, or cut off in the input."""

    @property
    def exit_code(self) -> int:
        """What the program exits with: not 0 where the output lacks what it was to hold."""
        return _PACKETS_LOST if self.lost_packets else 0
