"""``dscvsr upscale``: options in, one or many jobs out."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from dscvsr_cli.cli.console import Terminal, open_terminal, until_pipe_closes
from dscvsr_cli.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    MemoryOption,
    QuietOption,
    RuntimeOption,
    SizeOption,
    WeightsOption,
)
from dscvsr_cli.cli.parsers import parse_encoder_option
from dscvsr_cli.cli.takes_options import takes_options
from dscvsr_cli.cli.upscale import encoding_options as encoding
from dscvsr_cli.cli.upscale import options as flags
from dscvsr_cli.cli.upscale.run_jobs import is_folder_of_videos, run_many, run_single, show_dry_runs
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob
    from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
    from dscvsr_cli.video.read.read_options import ReadOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleOptions:
    """The command line of ``dscvsr upscale``: one field per option, in the order of its help."""

    sources: flags.SourcesArgument
    output: flags.OutputOption = None
    scale: flags.ScaleOption = None
    size: SizeOption = None
    width: flags.WidthOption = None
    height: flags.HeightOption = None
    square_pixels: flags.SquarePixelsOption = False
    deinterlace: flags.DeinterlaceOption = False
    field_order: flags.FieldOrderOption = "auto"
    fps: flags.RateOption = None
    start_number: flags.StartNumberOption = None
    video_stream: flags.VideoStreamOption = None
    strict: flags.StrictOption = False
    allow_playlist: flags.AllowPlaylistOption = False
    overwrite: flags.OverwriteOption = False
    encoder: encoding.EncoderOption = None
    crf: encoding.CrfOption = None
    preset: encoding.PresetOption = None
    pixel_format: encoding.PixelFormatOption = None
    lossless: encoding.LosslessOption = False
    encoder_options: encoding.EncoderOptionsOption = None
    output_format: encoding.FormatOption = None
    audio_encoder: flags.AudioEncoderOption = None
    audio_bitrate: flags.AudioBitrateOption = None
    no_audio: flags.NoAudioOption = False
    no_subtitles: flags.NoSubtitlesOption = False
    drop_unsupported: flags.DropUnsupportedOption = False
    weights: WeightsOption = None
    device: DeviceOption = "auto"
    dtype: DtypeOption = "auto"
    runtime: RuntimeOption = "auto"
    memory: MemoryOption = None
    start: flags.StartOption = None
    end: flags.EndOption = None
    preview: flags.PreviewOption = None
    compare: flags.CompareOption = None
    resume: flags.ResumeOption = False
    restart: flags.RestartOption = False
    checkpoint: flags.CheckpointOption = None
    jobs: flags.JobsOption = 1
    dry_run: flags.DryRunOption = False
    json: JsonOption = False
    quiet: QuietOption = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        if self.to_stdout and self.json:
            raise UsageError(
                "both the video and --json want standard output", hint="leave out one of them"
            )
        if self.size is not None and (self.width or self.height or self.scale):
            raise UsageError(
                "--size already fixes both sides", hint="leave out --scale, --width and --height"
            )

    @property
    def to_stdout(self) -> bool:
        """Whether the video goes to standard output."""
        return self.output == "-"

    @property
    def output_path(self) -> Path | None:
        """Where to write."""
        return None if self.output is None else Path(self.output)

    @property
    def output_is_folder(self) -> bool:
        """Whether the name given for the output ends as a folder's does."""
        return (self.output or "").endswith(("/", os.sep))

    def terminal(self) -> Terminal:
        """Open the terminal that these options ask for."""
        return open_terminal(quiet=self.quiet, stdout_is_taken=self.to_stdout, json=self.json)

    def job(self) -> "UpscaleJob":
        """Return the job for the first source; it has no target yet."""
        from dscvsr_cli.pipelines.upscale.job import UpscaleJob

        return UpscaleJob(
            source=self.sources[0],
            reading=self._reading(),
            square_pixels=self.square_pixels,
            scale=self.scale,
            width=self.size.width if self.size else self.width,
            height=self.size.height if self.size else self.height,
            weights=self.weights,
            device=self.device,
            dtype=self.dtype,
            runtime=self.runtime,
            memory_bytes=self.memory,
            encoder=self.encoder,
            crf=self.crf,
            preset=self.preset,
            pixel_format=self.pixel_format,
            lossless=self.lossless,
            output_format=self.output_format,
            encoder_options=tuple(map(parse_encoder_option, self.encoder_options or [])),
            streams=self._streams(),
            compare=self.compare,
            preview_seconds=self.preview,
            overwrite=self.overwrite,
            resume=self.resume,
            restart=self.restart,
            checkpoint_frames=self.checkpoint,
            scenes_at_once=self.jobs,
        )

    def _reading(self) -> "ReadOptions":
        from dscvsr_cli.video.read.read_options import ReadOptions
        from dscvsr_cli.video.span import TimeSpan

        return ReadOptions(
            rate=self.fps,
            start_number=self.start_number,
            deinterlace=self.deinterlace,
            field_order=self.field_order,
            video_stream=self.video_stream,
            strict=self.strict,
            allow_playlist=self.allow_playlist,
            span=TimeSpan(self.start or Fraction(0), self.end),
        )

    def _streams(self) -> "StreamChoices":
        from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices

        return StreamChoices(
            audio=not self.no_audio,
            subtitles=not self.no_subtitles,
            audio_encoder=self.audio_encoder,
            audio_bitrate=self.audio_bitrate,
            drop_unsupported=self.drop_unsupported,
        )


@takes_options(UpscaleOptions)
def upscale_command(options: UpscaleOptions) -> None:
    """Upscale videos by any factor; every frame, timestamp and other stream is kept.

    If one of several inputs fails, the others still run, and the exit code is 1.
    """
    terminal = options.terminal()
    # SVT-AV1 writes to the terminal by itself; 1 lets only its errors through.
    os.environ.setdefault("SVT_LOG", "1")

    from dscvsr_cli.pipelines.upscale.batch import place_job, plan_batch

    job, sources = options.job(), options.sources
    several = len(sources) > 1 or is_folder_of_videos(sources[0])
    output = options.output_path
    if several:
        jobs = plan_batch(sources, output, job)
    else:
        jobs = [place_job(job, output, is_folder=options.output_is_folder)]
    if options.dry_run:
        show_dry_runs(jobs, terminal)
    elif several:
        run_many(jobs, terminal, at_once=options.jobs)
    else:
        with until_pipe_closes():
            run_single(jobs[0], terminal)
