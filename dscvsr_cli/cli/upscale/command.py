"""``dscvsr upscale``: enlarge one video file."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.console import open_terminal, until_nobody_reads
from dscvsr_cli.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    MemoryOption,
    Panel,
    QuietOption,
    SizeOption,
    WeightsOption,
)
from dscvsr_cli.cli.parsers import parse_encoder_option
from dscvsr_cli.cli.upscale.options import (
    AudioBitrateOption,
    AudioEncoderOption,
    CheckpointOption,
    CompareOption,
    DeinterlaceOption,
    DropUnsupportedOption,
    DryRunOption,
    EncoderOptionsOption,
    EndOption,
    FieldOrderOption,
    FormatOption,
    NoAudioOption,
    NoSubtitlesOption,
    PreviewOption,
    RateOption,
    RestartOption,
    ResumeOption,
    SquarePixelsOption,
    StartNumberOption,
    StartOption,
    StrictOption,
)
from dscvsr_cli.cli.upscale.run import (
    is_folder_of_videos,
    run_many,
    run_single,
    show_dry_runs,
)
from dscvsr_cli.errors import UsageError


def upscale_command(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT",
            help="Videos, folders of videos or of pictures, frames/%05d.png, or - for a pipe.",
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="Where to write; .mp4, .mkv, .mov, .webm, .ts, .avi, .gif, ... says in which "
            "container, frames/%05d.png makes pictures, - a pipe, and a folder takes several.",
            show_default="beside the input: clip_x2.7.mp4",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            "-s",
            metavar="FACTOR",
            help="Any factor above 1, such as 2.7. Sides are rounded to the nearest pixel, or to "
            "the nearest even one where the pixel format (4:2:0) asks for it.",
            rich_help_panel=Panel.SIZE,
        ),
    ] = None,
    size: SizeOption = None,
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            metavar="PIXELS",
            help="Output columns; the aspect is kept.",
            rich_help_panel=Panel.SIZE,
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            "--height",
            metavar="PIXELS",
            help="Output rows; the aspect is kept.",
            rich_help_panel=Panel.SIZE,
        ),
    ] = None,
    square_pixels: SquarePixelsOption = False,
    deinterlace: DeinterlaceOption = False,
    field_order: FieldOrderOption = "auto",
    fps: RateOption = None,
    start_number: StartNumberOption = None,
    strict: StrictOption = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the output if it exists, once whole.")
    ] = False,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="FFmpeg's name of a video encoder: libx264, libx265, libsvtav1, ffv1, ...",
            show_default="libx264, or what the container and the input's depth and opacity need",
            rich_help_panel=Panel.ENCODING,
        ),
    ] = None,
    crf: Annotated[
        float | None,
        typer.Option(
            "--crf",
            help="Quality on the encoder's scale, lower is better.",
            show_default="close to the original",
            rich_help_panel=Panel.ENCODING,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="The encoder's speed: slow, medium, fast, ...",
            rich_help_panel=Panel.ENCODING,
        ),
    ] = None,
    pixel_format: Annotated[
        str | None,
        typer.Option(
            "--pix-fmt",
            metavar="NAME",
            help="Stored pixel format, such as yuv420p10le.",
            show_default="the input's depth and chroma",
            rich_help_panel=Panel.ENCODING,
        ),
    ] = None,
    lossless: Annotated[
        bool,
        typer.Option(
            "--lossless",
            help="Store the enlarged pictures without any loss.",
            rich_help_panel=Panel.ENCODING,
        ),
    ] = False,
    encoder_options: EncoderOptionsOption = None,
    output_format: FormatOption = None,
    audio_encoder: AudioEncoderOption = None,
    audio_bitrate: AudioBitrateOption = None,
    no_audio: NoAudioOption = False,
    no_subtitles: NoSubtitlesOption = False,
    drop_unsupported: DropUnsupportedOption = False,
    weights: WeightsOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    memory: MemoryOption = None,
    start: StartOption = None,
    end: EndOption = None,
    preview: PreviewOption = None,
    compare: CompareOption = None,
    resume: ResumeOption = False,
    restart: RestartOption = False,
    checkpoint: CheckpointOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Enlarge videos by any factor; every frame, timestamp and other stream is kept.

    Of several inputs a bad one does not stop the others; the exit code is then 1.
    """
    to_stdout = output == Path("-")
    if to_stdout and json:
        raise UsageError("both the video and --json want standard output", hint="leave out one")
    terminal = open_terminal(quiet=quiet or json, stdout_is_taken=to_stdout)
    if size is not None and (width or height or scale):
        raise UsageError("--size says it all", hint="leave out --scale, --width and --height")

    # SVT-AV1 writes to the terminal by itself; 1 lets only its errors through.
    os.environ.setdefault("SVT_LOG", "1")

    from dscvsr_cli.pipelines.upscale.batch import place_job, plan_batch
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob
    from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
    from dscvsr_cli.video.read.read_options import ReadOptions
    from dscvsr_cli.video.span import TimeSpan

    job = UpscaleJob(
        source=sources[0],
        reading=ReadOptions(
            rate=fps,
            start_number=start_number,
            deinterlace=deinterlace,
            field_order=field_order,
            strict=strict,
            span=TimeSpan(start or Fraction(0), end),
        ),
        square_pixels=square_pixels,
        scale=scale,
        width=size.width if size else width,
        height=size.height if size else height,
        weights=weights,
        device=device,
        dtype=dtype,
        memory_bytes=memory,
        encoder=encoder,
        crf=crf,
        preset=preset,
        pixel_format=pixel_format,
        lossless=lossless,
        output_format=output_format,
        encoder_options=tuple(map(parse_encoder_option, encoder_options or [])),
        streams=StreamChoices(
            audio=not no_audio,
            subtitles=not no_subtitles,
            audio_encoder=audio_encoder,
            audio_bitrate=audio_bitrate,
            drop_unsupported=drop_unsupported,
        ),
        compare=compare,
        preview_seconds=preview,
        overwrite=overwrite,
        resume=resume,
        restart=restart,
        checkpoint_frames=checkpoint,
    )
    several = len(sources) > 1 or is_folder_of_videos(sources[0])
    jobs = plan_batch(sources, output, job) if several else [place_job(job, output)]
    if dry_run:
        show_dry_runs(jobs, terminal, json=json)
    elif several:
        run_many(jobs, terminal, json=json)
    else:
        with until_nobody_reads():
            run_single(jobs[0], terminal, json=json)
