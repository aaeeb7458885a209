"""The options of ``dscvsr compare``."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.options import Panel
from dscvsr_cli.cli.parsers import parse_size, parse_time
from dscvsr_cli.pipelines.compare.job import DEFAULT_MAX_BYTES
from dscvsr_cli.video.write.still_options import StillFormat
from dscvsr_cli.wording import format_bytes

FirstArgument = Annotated[Path, typer.Argument(metavar="A", help="A video; shown on the left.")]

SecondArgument = Annotated[
    Path, typer.Argument(metavar="B", help="A video of the same frames, in any size.")
]

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE.html",
        help="The page to write.",
        show_default="beside B: B_compare.html",
    ),
]

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
    typer.Option(
        "--frames", metavar="N", help="Most frames on the page.", rich_help_panel=Panel.PART
    ),
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
        help="Start at this time: 90 (seconds), 1:30 or 500ms.",
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
        help="Quality of webp and jpeg; higher is better.",
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

OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace an existing page.")]
