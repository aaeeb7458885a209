"""JobOptions: what a command line says about a job, and the job that it makes.

The command line becomes options (``takes_options``), with what presets and defaults fill in; the
options become a job here, and ``pipelines/upscale/prepare`` makes a plan of the job. A new option
is a field of ``JobOptions``, a field of ``UpscaleJob`` (or of what it holds), and a line here that
joins them; a test fails where one of the three is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from dscvsr_cli.cli.options import (
    DeviceOption,
    DtypeOption,
    EnsembleOption,
    JsonLinesOption,
    MemoryOption,
    QuietOption,
    RuntimeOption,
    SizeOption,
    SteadyOption,
    WeightsOption,
)
from dscvsr_cli.cli.parsers import parse_encoder_option
from dscvsr_cli.cli.settings.apply import NoDefaultsOption, PresetOption, PrintConfigOption
from dscvsr_cli.cli.upscale import encoding_options as encoding
from dscvsr_cli.cli.upscale import options as flags
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob
    from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
    from dscvsr_cli.video.read.read_options import ReadOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What becomes the settings of a job: one field per option, in the order of the help."""

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
    encoder_preset: encoding.EncoderPresetOption = None
    pixel_format: encoding.PixelFormatOption = None
    lossless: encoding.LosslessOption = False
    encoder_options: encoding.EncoderOptionsOption = None
    container: encoding.ContainerOption = None
    output_format: encoding.FormatOption = None
    audio_encoder: flags.AudioEncoderOption = None
    audio_bitrate: flags.AudioBitrateOption = None
    no_audio: flags.NoAudioOption = False
    no_subtitles: flags.NoSubtitlesOption = False
    no_other_videos: flags.NoOtherVideosOption = False
    drop_unsupported: flags.DropUnsupportedOption = False
    weights: WeightsOption = None
    device: DeviceOption = "auto"
    dtype: DtypeOption = "auto"
    runtime: RuntimeOption = "auto"
    ensemble: EnsembleOption = 1
    steady: SteadyOption = None
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
    preset: PresetOption = None
    no_defaults: NoDefaultsOption = False
    print_config: PrintConfigOption = False
    json: JsonLinesOption = False
    quiet: QuietOption = False
    defaults: frozenset[str] = frozenset()
    """Options that only the user's defaults give, by their keys there."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The file of each option that a preset or the user's defaults give, by its key there."""

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        if self.size is not None and (self.width or self.height or self.scale):
            raise UsageError(
                "--size already fixes both sides", hint="leave out --scale, --width and --height"
            ).about("size", "scale", "width", "height")

    def job_for(self, source: Path) -> "UpscaleJob":
        """Return the job for a source; it has no target yet."""
        from dscvsr_cli.pipelines.upscale.job import UpscaleJob

        return UpscaleJob(
            source=source,
            reading=self._reading(),
            square_pixels=self.square_pixels,
            scale=self.scale,
            width=self.size.width if self.size else self.width,
            height=self.size.height if self.size else self.height,
            weights=self.weights,
            device=self.device,
            dtype=self.dtype,
            runtime=self.runtime,
            ensemble=self.ensemble,
            steady=self.steady,
            memory_bytes=self.memory,
            encoder=self.encoder,
            crf=self.crf,
            encoder_preset=self.encoder_preset,
            container=self.container,
            pixel_format=self.pixel_format,
            lossless=self.lossless,
            output_format=self.output_format,
            encoder_options=tuple(map(parse_encoder_option, self.encoder_options or [])),
            streams=self._streams(),
            compare=self.compare,
            preview_seconds=self.preview,
            preview_from_start=self.preview is not None and self.start is not None,
            overwrite=self.overwrite,
            resume=self.resume,
            restart=self.restart,
            checkpoint_frames=self.checkpoint,
            scenes_at_once=self.jobs,
            defaults=self.defaults,
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
            other_videos=not self.no_other_videos,
            audio_encoder=self.audio_encoder,
            audio_bitrate=self.audio_bitrate,
            drop_unsupported=self.drop_unsupported,
        )
