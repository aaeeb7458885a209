"""``dscvsr upscale``: enlarge one video file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import format_bytes, format_duration, open_terminal
from dscvsr_cli.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    MemoryOption,
    QuietOption,
    SizeOption,
    WeightsOption,
)
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.job import UpscalePlan, UpscaleReport


def upscale_command(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The video to enlarge.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write; .mp4, .mkv, .mov, .webm or .ts says in which container.",
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
        ),
    ] = None,
    size: SizeOption = None,
    width: Annotated[
        int | None,
        typer.Option("--width", metavar="PIXELS", help="Output columns; the aspect is kept."),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option("--height", metavar="PIXELS", help="Output rows; the aspect is kept."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the output if it exists, once whole.")
    ] = False,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="FFmpeg's name of a video encoder: libx264, libx265, libsvtav1, ffv1, ...",
            show_default="libx264; libvpx-vp9 for .webm",
        ),
    ] = None,
    crf: Annotated[
        float | None,
        typer.Option(
            "--crf", help="Quality on the encoder's scale, lower is better.", show_default="archive"
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="The encoder's speed: slow, medium, fast, ...")
    ] = None,
    pixel_format: Annotated[
        str | None,
        typer.Option(
            "--pix-fmt",
            metavar="NAME",
            help="Stored pixel format, such as yuv420p10le.",
            show_default="the input's depth and chroma",
        ),
    ] = None,
    weights: WeightsOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    memory: MemoryOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Enlarge a video by any factor; every frame, timestamp and other stream is kept."""
    terminal = open_terminal(quiet=quiet or json)
    if size is not None and (width or height or scale):
        raise UsageError("--size says it all", hint="leave out --scale, --width and --height")

    # SVT-AV1 writes to the terminal by itself; 1 lets only its errors through.
    os.environ.setdefault("SVT_LOG", "1")

    from dscvsr_cli.pipelines.job import UpscaleJob
    from dscvsr_cli.pipelines.upscale import upscale

    job = UpscaleJob(
        source=source,
        target=output,
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
        overwrite=overwrite,
    )
    total: int | None = None

    def show_plan(plan: "UpscalePlan") -> None:
        nonlocal total
        total = plan.source.frame_count
        terminal.print(describe_plan(plan))
        for warning in plan.warnings:
            terminal.warn(warning)

    with terminal.frame_progress("upscaling") as progress:
        report = upscale(
            job,
            on_plan=show_plan,
            on_frame=lambda done: progress(done, total),
        )
    if json:
        terminal.print_json(report)
    else:
        terminal.print(describe_report(report))


def describe_plan(plan: "UpscalePlan") -> str:
    """Say in one line what will happen."""
    source = plan.source
    frames = "frames unknown" if source.frame_count is None else f"{source.frame_count} frames"
    rate = "" if source.frame_rate is None else f", {float(source.frame_rate):.5g} frames/s"
    tile = "" if plan.tile is None else f", tiles of {plan.tile}"
    return (
        f"{source.path.name}: {source.width}x{source.height}, {frames}{rate} -> {plan.size} "
        f"{plan.encoder} {plan.pixel_format} | {plan.device} {plan.dtype}, {plan.weights}, "
        f"window {plan.window}+{plan.look_ahead}{tile}"
    )


def describe_report(report: "UpscaleReport") -> str:
    """Say in one line what has happened."""
    damaged = f", {report.damaged_frames} damaged" if report.damaged_frames else ""
    return (
        f"{report.target}: {report.frames_in} frames in = {report.frames_out} frames out{damaged}, "
        f"{format_duration(report.seconds)}, {report.frames_per_second:.2f} frames/s, "
        f"peak memory {format_bytes(report.peak_memory_bytes)}"
    )
