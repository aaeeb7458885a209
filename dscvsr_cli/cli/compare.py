"""``dscvsr compare``: one page that shows two videos of the same frames."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import Terminal, open_terminal
from dscvsr_cli.cli.options import JsonOption, Panel, QuietOption
from dscvsr_cli.cli.parsers import parse_size, parse_time
from dscvsr_cli.cli.units import format_bytes
from dscvsr_cli.pipelines.compare.job import DEFAULT_FRAMES, DEFAULT_MAX_BYTES, CompareJob
from dscvsr_cli.video.write.still_options import StillFormat

if TYPE_CHECKING:
    from dscvsr_cli.pipelines.compare.job import ComparePlan, CompareReport

ReferenceOption = Annotated[
    Path | None,
    typer.Option(
        "--reference",
        "-r",
        metavar="FILE",
        help="The original, to measure the PSNR of every frame against; it may be A or B.",
        show_default=False,
    ),
]

FramesOption = Annotated[
    int,
    typer.Option("--frames", metavar="N", help="Frames on the page.", rich_help_panel=Panel.PART),
]

EveryOption = Annotated[
    int,
    typer.Option("--every", metavar="N", help="Take every Nth frame.", rich_help_panel=Panel.PART),
]

StartOption = Annotated[
    Fraction | None,
    typer.Option(
        "--start",
        parser=parse_time,
        metavar="TIME",
        help="Start here: 90, 1:30 or 500ms.",
        show_default="the beginning",
        rich_help_panel=Panel.PART,
    ),
]

PictureFormatOption = Annotated[
    StillFormat,
    typer.Option(
        "--picture-format",
        help="How the frames are stored; png loses nothing and takes ten times the space.",
        rich_help_panel=Panel.ENCODING,
    ),
]

QualityOption = Annotated[
    int,
    typer.Option(
        "--quality",
        metavar="1-100",
        help="Quality of webp and jpeg, higher is better.",
        rich_help_panel=Panel.ENCODING,
    ),
]

MaxSizeOption = Annotated[
    int | None,
    typer.Option(
        "--max-size",
        parser=parse_size,
        metavar="SIZE",
        help="Refuse a page that would become larger, such as 20MB.",
        show_default=format_bytes(DEFAULT_MAX_BYTES),
        rich_help_panel=Panel.ENCODING,
    ),
]


def compare_command(
    first: Annotated[Path, typer.Argument(metavar="A", help="A video; shown on the left.")],
    second: Annotated[
        Path, typer.Argument(metavar="B", help="A video of the same frames, in any size.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.html",
            help="The page.",
            show_default="beside B: B_compare.html",
        ),
    ] = None,
    reference: ReferenceOption = None,
    frames: FramesOption = DEFAULT_FRAMES,
    every: EveryOption = 1,
    start: StartOption = None,
    picture_format: PictureFormatOption = "webp",
    quality: QualityOption = 90,
    max_size: MaxSizeOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing page.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write one page that shows two videos of the same frames.

    It has a slider, the difference, zoom and frame stepping. The smaller video is enlarged to the
    size of the larger one. The page holds everything and opens in any browser, offline.
    """
    terminal = open_terminal(quiet=quiet or json)
    job = CompareJob(
        first=first,
        second=second,
        target=output,
        reference=reference,
        frames=frames,
        every=every,
        start=Fraction(0) if start is None else start,
        picture_format=picture_format,
        quality=quality,
        max_bytes=DEFAULT_MAX_BYTES if max_size is None else max_size,
        overwrite=overwrite,
    )

    from dscvsr_cli.pipelines.compare.run import compare

    told: list[str] = []

    def warn_once(warnings: Sequence[str]) -> None:
        for warning in warnings:
            if warning not in told:
                told.append(warning)
                terminal.warn(warning)

    def show_plan(plan: "ComparePlan") -> None:
        terminal.print(describe_plan(plan))
        warn_once(plan.warnings)

    with terminal.frame_progress("comparing") as progress:
        report = compare(job, on_plan=show_plan, on_progress=progress)
    warn_once(report.warnings)
    if json:
        terminal.print_json(report)
    else:
        show_report(terminal, report)


def describe_plan(plan: "ComparePlan") -> str:
    """Say in one line what will be on the page."""
    videos = ", ".join(
        f"{label} {size}" for label, size in zip(plan.labels, plan.sizes, strict=True)
    )
    known = "" if plan.frames_known is None else f" of {plan.frames_known}"
    return (
        f"{videos}: {plan.frames}{known} frames, shown in {plan.shown_size} -> {plan.target}, "
        f"about {format_bytes(plan.size_bytes)}"
    )


def show_report(terminal: Terminal, report: "CompareReport") -> None:
    """Print what has been measured, and where the page is."""
    measured = zip(report.labels, report.mean_psnr_db, strict=False)
    for label, value in measured:
        if value is not None:
            terminal.print(f"{label}: PSNR {value:.2f} dB against {report.reference}")
    terminal.print(
        f"{report.target}: {len(report.frames)} frames, {format_bytes(report.size_bytes)}"
    )
